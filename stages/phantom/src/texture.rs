//! Noise with a grain: the streaks and meshes of spongy bone, the mottle of soft tissue.

use crate::random::scatter;

/// A value in −1 … 1 at a lattice point.
fn lattice(seed: u64, x: i64, y: i64) -> f32 {
    // One multiply-and-shift round is scatter enough for texture, and several times faster than the full mix.
    let mut h = seed
        ^ (x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (y as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    h = (h ^ (h >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (h >> 40) as f32 * (2.0 / 16_777_216.0) - 1.0
}

/// Smooth noise, about −1 … 1, that changes over distances of 1.
pub(crate) fn noise(seed: u64, x: f32, y: f32) -> f32 {
    let (fx, fy) = (x.floor(), y.floor());
    let (ix, iy) = (fx as i64, fy as i64);
    let (u, v) = (x - fx, y - fy);
    let (u, v) = (u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v));
    let top = lattice(seed, ix, iy) * (1.0 - u) + lattice(seed, ix + 1, iy) * u;
    let bottom = lattice(seed, ix, iy + 1) * (1.0 - u) + lattice(seed, ix + 1, iy + 1) * u;
    top * (1.0 - v) + bottom * v
}

/// The grain of one bone's spongiosa.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spongiosa {
    pub(crate) seed: u64,
    /// Width of a trabecula and its gap in millimetres.
    pub(crate) pitch: f32,
}

impl Spongiosa {
    /// Relative density, about −1 … 1, at `across` and `along` the bone in millimetres. `streak` (0 … 1) goes from
    /// an even mesh to streaks along the bone.
    pub(crate) fn at(&self, across: f32, along: f32, streak: f32) -> f32 {
        let pitch = self.pitch;
        let seed = |n: u64| scatter(self.seed ^ n);
        // Streaks waver a little, or they would look ruled.
        let waver = 0.5 * noise(seed(0), across / 3.0, along / 4.0);
        let lines = noise(seed(1), across / pitch + waver, along / (pitch * 7.0))
            + 0.6 * noise(seed(2), (across + 0.22 * along) / (pitch * 1.3), along / (pitch * 5.0))
            + 0.6 * noise(seed(3), (across - 0.22 * along) / (pitch * 1.3), along / (pitch * 5.0));
        let mesh = noise(seed(4), across / (pitch * 1.15), along / (pitch * 1.3))
            + 0.7 * noise(seed(5), (across + along) / (pitch * 2.4), (along - across) / (pitch * 2.4));
        let clouds = noise(seed(6), across / 2.6, along / 3.6);
        (0.55 * (lines * streak + mesh * (1.0 - streak)) + 0.35 * clouds).clamp(-1.2, 1.2)
    }
}

/// Soft tissue's relative thickness noise at (x, y) in millimetres: fat lobules and muscle, within about ±1.
pub(crate) fn mottle(seed: u64, x: f32, y: f32) -> f32 {
    0.6 * noise(seed, x / 9.0, y / 12.0)
        + 0.3 * noise(seed ^ 0x51, x / 3.1, y / 4.3)
        + 0.2 * noise(seed ^ 0x52, x / 1.3, y / 2.4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streaks_run_along_the_bone() {
        let grain = Spongiosa { seed: 3, pitch: 0.5 };
        let (mut across, mut along) = (0.0, 0.0);
        for i in 0..4000 {
            let (x, y) = ((i % 60) as f32 * 0.31, (i / 60) as f32 * 0.37);
            let here = grain.at(x, y, 1.0);
            across += (grain.at(x + 0.25, y, 1.0) - here).abs();
            along += (grain.at(x, y + 0.25, 1.0) - here).abs();
        }
        assert!(across > 2.0 * along, "changes {across} across and {along} along");
    }
}
