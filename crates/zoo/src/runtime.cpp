// What tch does not offer of libtorch's and the C library's run time. Declared again in runtime.rs.

#include <ATen/autocast_mode.h>
#include <torch/headeronly/version.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {
at::DeviceType device_type(bool cuda) { return cuda ? at::kCUDA : at::kCPU; }
} // namespace

// Enters a region of bfloat16 autocast on this thread; returns whether autocast was on before.
extern "C" bool zoo_autocast_enter(bool cuda) noexcept {
    const bool before = at::autocast::is_autocast_enabled(device_type(cuda));
    at::autocast::set_autocast_dtype(device_type(cuda), at::kBFloat16);
    at::autocast::set_autocast_enabled(device_type(cuda), true);
    at::autocast::increment_nesting();
    return before;
}

// Leaves the region; the outermost one forgets the weights that were cast.
extern "C" void zoo_autocast_leave(bool cuda, bool before) noexcept {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_type(cuda), before);
}

// Frees the gradient of a leaf, if it has one.
extern "C" void zoo_drop_gradient(const at::Tensor *leaf) noexcept { leaf->mutable_grad().reset(); }

// The version of the headers that this was compiled with.
extern "C" const char *zoo_libtorch_version() noexcept { return TORCH_VERSION; }

// Makes malloc keep freed blocks of any size; returns whether the C library can.
extern "C" bool zoo_keep_freed_memory() noexcept {
#ifdef __GLIBC__
    return mallopt(M_MMAP_MAX, 0) == 1 && mallopt(M_TRIM_THRESHOLD, -1) == 1 && mallopt(M_TOP_PAD, 64 << 20) == 1;
#else
    return false;
#endif
}
