//! Gradient clipping: one norm of all gradients, and a limit to it.

use tch::Tensor;

/// Scales `gradients` down together so that their common norm is at most `limit`; the norm before.
///
/// As `torch.nn.utils.clip_grad_norm_`: by limit / (norm + 1e-6) where that is below 1. Twice the gradients' number of
/// operations, or as many where nothing is scaled, and two more.
pub(super) fn clip<'a>(gradients: impl Iterator<Item = &'a mut Tensor>, limit: Option<f64>) -> f64 {
    tch::no_grad(|| {
        let gradients: Vec<&mut Tensor> = gradients.collect();
        if gradients.is_empty() {
            return 0.0;
        }
        // On one device, whatever groups lie on others.
        let device = gradients[0].device();
        let norms: Vec<Tensor> = gradients.iter().map(|gradient| gradient.norm().to_device(device)).collect();
        let norm = Tensor::stack(&norms, 0).norm().double_value(&[]);
        let share = limit.map_or(1.0, |limit| limit / (norm + 1e-6));
        if share < 1.0 {
            for gradient in gradients {
                let _ = gradient.g_mul_scalar_(share);
            }
        }
        norm
    })
}
