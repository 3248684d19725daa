//! AdamW.

use tch::{Kind, Tensor};

/// AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019) as `torch.optim.AdamW`
/// computes it with β = (0.9, 0.999) and ε = 1e-8.
///
/// Weights decay where they have two dimensions or more: scales, shifts and biases do not.
#[derive(Debug)]
pub struct AdamW {
    decay: f64,
    steps: u64,
    slots: Vec<Slot>,
}

/// What is kept for one learnt tensor.
#[derive(Debug)]
struct Slot {
    key: String,
    tensor: Tensor,
    /// Running mean of the gradient.
    first: Tensor,
    /// Running mean of its square.
    second: Tensor,
}

const BETAS: [f64; 2] = [0.9, 0.999];
const EPSILON: f64 = 1e-8;

impl AdamW {
    /// An optimizer of `tensors`, which it changes in place, each with a key of its own.
    pub fn new(tensors: impl IntoIterator<Item = (String, Tensor)>, decay: f64) -> AdamW {
        let slots = tensors
            .into_iter()
            .map(|(key, tensor)| {
                let zeros = || tensor.detach().zeros_like();
                Slot { key, first: zeros(), second: zeros(), tensor }
            })
            .collect();
        AdamW { decay, steps: 0, slots }
    }

    /// How many steps were done.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Scales all gradients down together so that their common norm is at most `limit`, as
    /// `torch.nn.utils.clip_grad_norm_` does; the norm before.
    pub fn clip_gradients(&self, limit: Option<f64>) -> f64 {
        tch::no_grad(|| {
            let gradients: Vec<Tensor> = self.gradients().map(|(_, gradient)| gradient).collect();
            if gradients.is_empty() {
                return 0.0;
            }
            let norms: Vec<Tensor> = gradients.iter().map(Tensor::norm).collect();
            let norm = Tensor::stack(&norms, 0).norm().double_value(&[]);
            let share = limit.map_or(1.0, |limit| limit / (norm + 1e-6));
            if share < 1.0 {
                for mut gradient in gradients {
                    let _ = gradient.g_mul_scalar_(share);
                }
            }
            norm
        })
    }

    /// One step along the gradients. Tensors without one stay as they are.
    pub fn step(&mut self, learning_rate: f64) {
        self.steps += 1;
        if learning_rate == 0.0 {
            return;
        }
        let [bias_first, bias_second] = BETAS.map(|beta| 1.0 - beta.powf(self.steps as f64));
        // p ← p − lr · (m / bias₁) / (√(v / bias₂) + ε), with the factors of m moved under the fraction.
        let scale = -bias_first / learning_rate;
        tch::no_grad(|| {
            for slot in &self.slots {
                let gradient = slot.tensor.grad();
                if !gradient.defined() {
                    continue;
                }
                let decays = self.decay != 0.0 && slot.tensor.dim() >= 2;
                for [mut tensor, gradient, mut first, mut second] in
                    blocks([&slot.tensor, &gradient, &slot.first, &slot.second])
                {
                    if decays {
                        let _ = tensor.g_mul_scalar_(1.0 - learning_rate * self.decay);
                    }
                    let _ = first.lerp_(&gradient, 1.0 - BETAS[0]);
                    let scaled = gradient * (1.0 - BETAS[1]).sqrt();
                    let _ = second.g_mul_scalar_(BETAS[1]).addcmul_(&scaled, &scaled);
                    let below = second.sqrt();
                    let below = below.g_mul_scalar(scale / bias_second.sqrt()).g_add_scalar_(scale * EPSILON);
                    let _ = tensor.addcdiv_(&first, &below);
                }
            }
        });
    }

    /// All that a later run needs to go on, but for the number of steps.
    pub fn moments(&self) -> impl Iterator<Item = (String, &Tensor)> {
        self.slots.iter().flat_map(|Slot { key, first, second, .. }| {
            [(format!("first/{key}"), first), (format!("second/{key}"), second)]
        })
    }

    /// Goes on where the optimizer was that had these moments after `steps` steps; else the key that does not fit.
    pub fn restore(
        &mut self,
        steps: u64,
        moments: &std::collections::BTreeMap<String, Tensor>,
    ) -> Result<(), String> {
        for (key, tensor) in self.moments() {
            match moments.get(&key) {
                Some(found) if found.size() == tensor.size() && found.kind() == Kind::Float => {
                    tch::no_grad(|| tensor.shallow_clone().copy_(found));
                }
                _ => return Err(key),
            }
        }
        self.steps = steps;
        Ok(())
    }

    fn gradients(&self) -> impl Iterator<Item = (&str, Tensor)> {
        let gradients = self.slots.iter().map(|slot| (slot.key.as_str(), slot.tensor.grad()));
        gradients.filter(|(_, gradient)| gradient.defined())
    }
}

/// Elements of a block: four of them stay in a core's cache through all the operations of a step.
const BLOCK: i64 = 1 << 15;

/// Tensors of one shape in blocks along their first dimension.
fn blocks<const N: usize>(tensors: [&Tensor; N]) -> impl Iterator<Item = [Tensor; N]> {
    let shape = tensors[0].size();
    let rows = shape.first().copied().unwrap_or(1);
    let row = shape.iter().skip(1).product::<i64>().max(1);
    let length = (BLOCK / row).max(1);
    (0..rows).step_by(length as usize).map(move |start| {
        tensors.map(|tensor| match tensor.dim() {
            0 => tensor.shallow_clone(),
            _ => tensor.narrow(0, start, length.min(rows - start)),
        })
    })
}
