// Segments of a model whose inner values training throws away and computes again. Declared again in segment.rs.

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstdio>

namespace {
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Room for the first line of a reason, and its end.
constexpr size_t REASON = 1024;

// Runs the segment on `count` tensors; the caller owns the result, which is null where it panicked for the `reason`.
using Run = at::Tensor *(*)(void *segment, const at::Tensor *const *inputs, size_t count, bool again, char *reason);
using Free = void (*)(void *segment);

// What a thread draws random numbers from and how it casts.
struct Setting {
    Setting(at::Generator generator, at::DeviceType device)
        : generator(std::move(generator)), device(device), random(this->generator.get_state()),
          autocast(at::autocast::is_autocast_enabled(device)), type(at::autocast::get_autocast_dtype(device)) {}

    void set() const {
        at::Generator shared = generator;
        shared.set_state(random);
        at::autocast::set_autocast_enabled(device, autocast);
        at::autocast::set_autocast_dtype(device, type);
    }

    at::Generator generator;
    at::DeviceType device;
    at::Tensor random;
    bool autocast;
    at::ScalarType type;
};

// Another setting until it is left, by an exception too.
class Within {
  public:
    explicit Within(const Setting &setting) : before(setting.generator, setting.device) {
        setting.set();
        at::autocast::increment_nesting();
    }
    ~Within() {
        if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
        before.set();
    }
    Within(const Within &) = delete;
    Within &operator=(const Within &) = delete;

  private:
    const Setting before;
};

// What it takes to compute a segment again as it was computed first.
struct Segment : torch::CustomClassHolder {
    Segment(void *segment, Run run, Free free, at::Device device)
        : segment(segment), run(run), free(free),
          setting(at::globalContext().defaultGenerator(device), device.type()) {}
    ~Segment() override { free(segment); }

    at::Tensor operator()(const variable_list &inputs, bool again) const {
        std::vector<const at::Tensor *> pointers;
        for (const auto &input : inputs) pointers.push_back(&input);
        char reason[REASON] = "";
        std::unique_ptr<at::Tensor> output(run(segment, pointers.data(), pointers.size(), again, reason));
        TORCH_CHECK(output, static_cast<const char *>(reason));
        return *output;
    }

    at::Tensor again(const variable_list &inputs) const {
        const Within as_before(setting);
        return (*this)(inputs, true);
    }

    void *segment;
    Run run;
    Free free;
    Setting setting;
};

struct Recomputed : torch::autograd::Function<Recomputed> {
    // `anchor` asks for a gradient where no input does, as images do not: the segment's own weights do.
    static at::Tensor forward(AutogradContext *context, const c10::intrusive_ptr<Segment> &segment,
                              const at::Tensor &anchor, at::TensorList inputs) {
        context->save_for_backward(inputs.vec());
        context->saved_data["segment"] = c10::IValue::make_capsule(segment);
        return (*segment)(inputs.vec(), false);
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        const auto segment = c10::static_intrusive_pointer_cast<Segment>(context->saved_data["segment"].toCapsule());
        variable_list inputs;
        for (const auto &input : context->get_saved_variables())
            inputs.push_back(input.detach().requires_grad_(input.requires_grad()));
        at::Tensor output;
        {
            at::AutoGradMode on(true);
            output = segment->again(inputs);
        }
        torch::autograd::backward({output}, {gradients[0]});
        variable_list results{at::Tensor(), at::Tensor()};
        for (const auto &input : inputs) results.push_back(input.requires_grad() ? input.grad() : at::Tensor());
        return results;
    }
};
} // namespace

// Runs a segment on `count` tensors so that the backward pass runs it again; frees it when it is not needed any more.
// The caller owns the result, which is null where it failed for the `reason`, which has room for REASON bytes.
extern "C" at::Tensor *zoo_recomputed(void *segment, Run run, Free free, const at::Tensor *const *inputs, size_t count,
                                      char *reason) noexcept {
    try {
        variable_list tensors;
        for (size_t index = 0; index < count; ++index) tensors.push_back(*inputs[index]);
        const auto device = tensors.at(0).device();
        auto holder = c10::make_intrusive<Segment>(segment, run, free, device);
        auto anchor = at::zeros({}, tensors[0].options().dtype(at::kFloat)).requires_grad_(true);
        return new at::Tensor(Recomputed::apply(holder, anchor, at::TensorList(tensors)));
    } catch (const std::exception &error) {
        std::snprintf(reason, REASON, "%s", error.what());
        return nullptr;
    }
}
