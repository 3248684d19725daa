// A forward pass on shapes alone, with its multiply-adds counted. Declared again in cost.rs.
//
// While counting is on for a thread, every operator comes here first. Where a tensor on the meta device is among its
// inputs, the operator works on meta tensors only, which have shapes but no memory. libtorch's C++ half has no meta
// kernels for some operators (Python's half has); their shapes are worked out below.

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/library.h>

#include <algorithm>
#include <string_view>

namespace {
using c10::DispatchKey;
using c10::IValue;
using torch::jit::Stack;

// libtorch's own modes are written in Python and use other keys; this one has no other user.
constexpr auto MODE = DispatchKey::TESTING_ONLY_GenericMode;

thread_local int64_t multiply_adds = 0;

// What to do about an argument: `see` is called with every tensor in it, and its answer takes the tensor's place.
template <typename F> void each_tensor(IValue &value, F see) {
    if (value.isTensor() && value.toTensor().defined()) {
        value = see(value.toTensor());
    } else if (value.isTensorList()) {
        auto tensors = value.toTensorVector();
        for (auto &tensor : tensors) tensor = see(tensor);
        value = tensors;
    } else if (value.isOptionalTensorList()) {
        c10::List<std::optional<at::Tensor>> tensors;
        for (std::optional<at::Tensor> tensor : value.toOptionalTensorList())
            tensors.push_back(tensor && tensor->defined() ? std::optional(see(*tensor)) : tensor);
        value = tensors;
    }
}

at::Tensor to_meta(const at::Tensor &tensor) {
    if (tensor.is_meta()) return tensor;
    return at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().device(at::kMeta));
}

at::Tensor like(const at::Tensor &input, at::IntArrayRef sizes) {
    return at::empty(sizes, input.options(), sizes.size() == 4 ? input.suggest_memory_format() : at::MemoryFormat::Contiguous);
}

int64_t at_axis(const c10::List<int64_t> &values, int64_t axis) { return values[values.size() == 1 ? 0 : axis]; }

// convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups)
at::Tensor convolution(const Stack &arguments) {
    const auto input = arguments[0].toTensor(), weight = arguments[1].toTensor();
    const auto stride = arguments[3].toIntList(), padding = arguments[4].toIntList();
    const auto dilation = arguments[5].toIntList(), output_padding = arguments[7].toIntList();
    const bool transposed = arguments[6].toBool();
    std::vector<int64_t> sizes{input.size(0), transposed ? weight.size(1) * arguments[8].toInt() : weight.size(0)};
    for (int64_t axis = 0; axis + 2 < input.dim(); ++axis) {
        const int64_t in = input.size(axis + 2), reach = at_axis(dilation, axis) * (weight.size(axis + 2) - 1);
        const int64_t step = at_axis(stride, axis), around = 2 * at_axis(padding, axis);
        sizes.push_back(transposed ? (in - 1) * step - around + reach + at_axis(output_padding, axis) + 1
                                   : (in + around - reach - 1) / step + 1);
    }
    auto output = like(input, sizes);
    // Each element of the output, or of the input where it is transposed, meets a window of the weights.
    multiply_adds += (transposed ? input.numel() : output.numel()) * (weight.numel() / weight.size(0));
    return output;
}

// scaled_dot_product_attention(query, key, value, …): [.., N, E], [.., M, E], [.., M, V] -> [.., N, V]
at::Tensor attention(const Stack &arguments) {
    const auto query = arguments[0].toTensor(), value = arguments[2].toTensor();
    auto sizes = query.sizes().vec();
    sizes.back() = value.size(-1);
    auto output = at::empty(sizes, query.options());
    multiply_adds += (query.numel() + output.numel()) * value.size(-2);
    return output;
}

// adaptive_avg_pool2d(input, output_size)
at::Tensor pooled(const Stack &arguments) {
    const auto input = arguments[0].toTensor();
    auto sizes = input.sizes().vec();
    sizes[sizes.size() - 2] = arguments[1].toIntVector()[0];
    sizes[sizes.size() - 1] = arguments[1].toIntVector()[1];
    return like(input, sizes);
}

at::Tensor like_first(const Stack &arguments) { return at::empty_like(arguments[0].toTensor()); }

// Operators whose shapes are worked out here.
constexpr struct { std::string_view name; at::Tensor (*shape)(const Stack &); } SHAPES[] = {
    {"aten::convolution", convolution},
    {"aten::scaled_dot_product_attention", attention},
    {"aten::adaptive_avg_pool2d", pooled},
    {"aten::batch_norm", like_first},
    {"aten::layer_norm", like_first},
    {"aten::group_norm", like_first},
    {"aten::relu", like_first},
    {"aten::relu_", like_first},
    {"aten::roll", like_first},
};

// Operators whose inner axis is that of `input`: `output.numel() × input.size(-1)` multiply-adds.
constexpr struct { std::string_view name; size_t input; } PRODUCTS[] = {
    {"aten::mm", 0}, {"aten::bmm", 0}, {"aten::addmm", 1}, {"aten::baddbmm", 1},
};

void on_shapes(const c10::OperatorHandle &op, Stack *stack) {
    const auto count = op.schema().arguments().size();
    bool meta = false;
    Stack arguments(stack->end() - count, stack->end());
    for (auto &argument : arguments) {
        // tch takes the meta device for MPS.
        if (argument.isDevice() && argument.toDevice().is_mps()) argument = at::Device(at::kMeta);
        each_tensor(argument, [&](const at::Tensor &tensor) { meta |= tensor.is_meta(); return tensor; });
    }
    if (meta)
        for (auto &argument : arguments) each_tensor(argument, to_meta);
    stack->erase(stack->end() - count, stack->end());
    const std::string_view name = op.schema().name();
    const bool known = meta && std::any_of(std::begin(SHAPES), std::end(SHAPES), [&](auto &row) { return row.name == name; });
    if (!known && op.hasKernelForDispatchKey(DispatchKey::CompositeImplicitAutograd)) {
        // Made of other operators, which come here in turn.
        stack->insert(stack->end(), arguments.begin(), arguments.end());
        return op.callBoxedForDispatchKey(DispatchKey::CompositeImplicitAutograd, *stack);
    }
    c10::impl::ExcludeDispatchKeyGuard alone(MODE);
    if (known) {
        for (const auto &row : SHAPES)
            if (row.name == name) stack->push_back(row.shape(arguments));
        return;
    }
    stack->insert(stack->end(), arguments.begin(), arguments.end());
    op.callBoxed(stack);
    for (const auto &row : PRODUCTS)
        if (row.name == name) multiply_adds += stack->back().toTensor().numel() * arguments[row.input].toTensor().size(-1);
}

TORCH_LIBRARY_IMPL(_, TESTING_ONLY_GenericMode, library) {
    library.fallback(torch::CppFunction::makeFromBoxedFunction<&on_shapes>());
}
} // namespace

// Starts counting on this thread.
extern "C" void zoo_count_begin() noexcept {
    multiply_adds = 0;
    c10::impl::tls_set_dispatch_key_included(MODE, true);
}

// Ends counting on this thread; the multiply-adds since it began.
extern "C" int64_t zoo_count_end() noexcept {
    c10::impl::tls_set_dispatch_key_included(MODE, false);
    return multiply_adds;
}

// Single-precision images of this shape without memory; the caller owns them.
extern "C" at::Tensor *zoo_meta_images(int64_t batch, int64_t channels, int64_t height, int64_t width) {
    return new at::Tensor(at::empty({batch, channels, height, width}, at::device(at::kMeta).dtype(at::kFloat)));
}
