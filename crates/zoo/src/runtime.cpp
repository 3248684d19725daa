// What tch does not offer of libtorch's and the C library's run time. Declared again in runtime.rs.

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <ATen/autocast_mode.h>
#include <c10/core/CPUAllocator.h>
#include <torch/headeronly/version.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <dlfcn.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {
// Room for the first line of a reason, and its end.
constexpr size_t REASON = 1024;

at::DeviceType device_type(bool cuda) { return cuda ? at::kCUDA : at::kCPU; }

// Memory of tensors, aligned within a block of malloc's.
//
// libtorch asks for aligned memory, for which glibc (seen with 2.36) looks for a block larger by the alignment and gives
// the ends back: what a tensor of one size leaves is too small for the next of that size. With the ends kept, each step
// of a training finds the blocks of the one before.
class Padded final : public c10::Allocator {
  public:
    c10::DataPtr allocate(size_t bytes) override {
        void *const tensor = bytes == 0 ? nullptr : aligned(bytes);
        return {tensor, tensor, &release, c10::Device(c10::kCPU)};
    }

    c10::DeleterFnPtr raw_deleter() const override { return &release; }

    void copy_data(void *to, const void *from, size_t bytes) const override { default_copy_data(to, from, bytes); }

  private:
    static void *aligned(size_t bytes) {
        void *const block = bytes <= SIZE_MAX - c10::gAlignment ? std::malloc(bytes + c10::gAlignment) : nullptr;
        TORCH_CHECK_WITH(OutOfMemoryError, block != nullptr, "not enough memory: a tensor of ", bytes, " bytes");
        // malloc's own alignment leaves room for a pointer to the block.
        static_assert(alignof(std::max_align_t) >= sizeof(void *));
        const auto address = (reinterpret_cast<uintptr_t>(block) / c10::gAlignment + 1) * c10::gAlignment;
        auto *const tensor = reinterpret_cast<void **>(address);
        tensor[-1] = block;
        return tensor;
    }

    static void release(void *tensor) {
        if (tensor != nullptr) std::free(static_cast<void **>(tensor)[-1]);
    }
};
} // namespace

// What autocast was before a region of it.
struct zoo_autocast {
    bool on;
    int8_t type;
};

// Enters a region of bfloat16 autocast on this thread; returns what autocast was before.
extern "C" zoo_autocast zoo_autocast_enter(bool cuda) noexcept {
    const auto device = device_type(cuda);
    const zoo_autocast before{at::autocast::is_autocast_enabled(device),
                              static_cast<int8_t>(at::autocast::get_autocast_dtype(device))};
    at::autocast::set_autocast_dtype(device, at::kBFloat16);
    at::autocast::set_autocast_enabled(device, true);
    at::autocast::increment_nesting();
    return before;
}

// Leaves the region; the outermost one forgets the weights that were cast.
extern "C" void zoo_autocast_leave(bool cuda, zoo_autocast before) noexcept {
    const auto device = device_type(cuda);
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device, before.on);
    at::autocast::set_autocast_dtype(device, static_cast<at::ScalarType>(before.type));
}

// The compute capability of a CUDA card; returns whether it is known.
//
// libtorch's headers ask for it only through CUDA's own, which a libtorch for CPUs does not have. But CUDA's run time is
// in the process wherever libtorch computes with it, so it is asked under its name.
extern "C" bool zoo_cuda_capability(int card, int *major, int *minor) noexcept {
    // cudaDeviceAttr: cudaDevAttrComputeCapabilityMajor and Minor; cudaSuccess is 0.
    constexpr int MAJOR = 75, MINOR = 76;
    using Attribute = int (*)(int *value, int attribute, int card);
    const auto attribute = reinterpret_cast<Attribute>(dlsym(RTLD_DEFAULT, "cudaDeviceGetAttribute"));
    return attribute != nullptr && attribute(major, MAJOR, card) == 0 && attribute(minor, MINOR, card) == 0;
}

// Keeps cuDNN from computing f32 in TF32, which has 10 bits of a mantissa's 23; libtorch's other products do not.
extern "C" void zoo_forbid_tf32() noexcept { at::globalContext().setAllowTF32CuDNN(false); }

// Frees the gradient of a leaf, if it has one.
extern "C" void zoo_drop_gradient(const at::Tensor *leaf) noexcept { leaf->mutable_grad().reset(); }

// Goes backward from a tensor whose gradient is given; returns whether it could, else why, in the REASON bytes of `reason`.
extern "C" bool zoo_backward(const at::Tensor *tensor, const at::Tensor *gradient, char *reason) noexcept {
    try {
        tensor->backward(*gradient);
        return true;
    } catch (const std::exception &error) {
        std::snprintf(reason, REASON, "%s", error.what());
        return false;
    }
}

// The version of the headers that this was compiled with.
extern "C" const char *zoo_libtorch_version() noexcept { return TORCH_VERSION; }

// Makes malloc keep freed blocks of any size, and tensors use them again; returns whether the C library can.
extern "C" bool zoo_keep_freed_memory() noexcept {
#ifdef __GLIBC__
    // Never destroyed: tensors may outlive what is.
    static auto *const padded = new Padded;
    c10::SetAllocator(c10::kCPU, padded);
    return mallopt(M_MMAP_MAX, 0) == 1 && mallopt(M_TRIM_THRESHOLD, -1) == 1 && mallopt(M_TOP_PAD, 64 << 20) == 1;
#else
    return false;
#endif
}
