//! An axis: which two source pixels an output pixel is interpolated between, and with which weights.

/// Where one output pixel lies between the source pixels `first` and `first + 1`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Tap {
    /// The source pixel before it, which also is the number of its cell.
    pub(super) first: usize,
    /// The source pixel after it, or the same one at the end of the axis.
    pub(super) second: usize,
    /// The weight of the first source pixel.
    pub(super) first_weight: f32,
    /// The weight of the second source pixel.
    pub(super) second_weight: f32,
}

/// All output pixels along one axis. Cell `i` is what lies between the source pixels `i` and `i + 1`; the last
/// one, and the outer half of the first, lie between a pixel and itself.
#[derive(Debug)]
pub(super) struct Axis {
    /// One tap for each output pixel.
    pub(super) taps: Vec<Tap>,
    /// The first output pixel of each cell, or of a later one; one entry more for the end.
    pub(super) starts: Vec<usize>,
}

impl Axis {
    /// An axis of `source` ≥ 1 pixels sampled at `target` pixels.
    ///
    /// As PyTorch's `compute_source_index_and_lambda` (`ATen/native/UpSample.h`), whose `scale * (i + 0.5) - 0.5`
    /// compilers fuse into one rounding: that shifts weights by up to 1e-4 on axes of some hundred pixels.
    pub(super) fn new(source: usize, target: usize) -> Axis {
        let scale = source as f32 / target as f32;
        let taps: Vec<Tap> = (0..target)
            .map(|i| {
                if source == target {
                    return Tap { first: i, second: i, first_weight: 1.0, second_weight: 0.0 };
                }
                let position = scale.mul_add(i as f32 + 0.5, -0.5).max(0.0);
                let first = (position as usize).min(source - 1);
                let second_weight = (position - first as f32).clamp(0.0, 1.0);
                let second = (first + 1).min(source - 1);
                Tap { first, second, first_weight: 1.0 - second_weight, second_weight }
            })
            .collect();
        let mut starts = Vec::with_capacity(source + 1);
        for (i, tap) in taps.iter().enumerate() {
            starts.resize(starts.len().max(tap.first + 1), i);
        }
        starts.resize(source + 1, target);
        Axis { taps, starts }
    }
}

/// The value at `tap` between `first` and `second`: `first · w₀ + second · w₁`, the second product rounded and
/// the first fused with the sum, as PyTorch's vectorised kernels compute it.
#[inline]
pub(super) fn interpolate(tap: &Tap, first: f32, second: f32) -> f32 {
    // A product of two singles is exact in double precision, so that this rounds like a fused multiply-add, on
    // processors without that instruction too.
    (f64::from(first) * f64::from(tap.first_weight) + f64::from(second * tap.second_weight)) as f32
}
