//! The learning rate of each step.

/// The share of the peak learning rate at `step` (counted from 0) of `total` steps: from 1/`warmup` it rises by as
/// much each step to 1, then falls along half a cosine towards 0 (Loshchilov and Hutter, "SGDR", ICLR 2017, without
/// restarts). Never 0 before `total`.
pub fn cosine(step: u64, warmup: u64, total: u64) -> f64 {
    if step < warmup {
        return (step + 1) as f64 / warmup as f64;
    }
    if step >= total {
        return 0.0;
    }
    let done = (step - warmup) as f64 / (total - warmup) as f64;
    0.5 * (1.0 + (std::f64::consts::PI * done).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_evenly_then_falls_along_a_cosine() {
        let shares: Vec<f64> = (0..=12).map(|step| cosine(step, 4, 12)).collect();
        assert_eq!(shares[..5], [0.25, 0.5, 0.75, 1.0, 1.0]);
        assert!((shares[8] - 0.5).abs() < 1e-15);
        // torch.optim.lr_scheduler.CosineAnnealingLR(T_max=8) after 2 and 6 steps.
        assert!((shares[6] - 0.853_553_390_593_273_7).abs() < 1e-15);
        assert!((shares[10] - 0.146_446_609_406_726_27).abs() < 1e-15);
        assert!(shares[4..].windows(2).all(|pair| pair[1] < pair[0]));
        assert!(shares[11] > 0.0);
        assert_eq!(shares[12], 0.0);
    }

    #[test]
    fn needs_no_warm_up() {
        assert_eq!(cosine(0, 0, 1), 1.0);
        assert_eq!(cosine(5, 9, 3), 6.0 / 9.0);
    }
}
