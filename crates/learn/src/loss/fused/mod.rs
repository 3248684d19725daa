//! The fused loss: binary cross-entropy and soft Dice, with their gradient, from logits and packed labels.
//!
//! A walk over the pixels of each image adds up what the terms are made of, a second one writes the gradient; both take the
//! sigmoid of a logit when they come to it. Targets `[B, 29, H, W]` are never made, and where a decoder ends in an upsampling
//! ([`Coarse`]), neither are the logits of the pixels, nor their gradient: what lies between the coarse ones is worked out, and
//! its gradient given back to them, row by row. Beyond the gradient of the (coarse) logits itself, a thread has some rows of
//! them in memory.
//!
//! Equal to [`Objective::of`] and a backward pass to some 1e-6. Sums are of fixed rows, added in order, so that neither the
//! number of threads nor the processor's vectors change a bit.

#[cfg(test)]
mod laws;
mod number;
mod pixels;
mod plain;
mod raised;
mod terms;

use std::mem::MaybeUninit;
use std::ops::Range;

use bones::bone::COUNT;
use feed::Batch;
use half::bf16;
use pulp::Arch;
use rayon::prelude::*;
use tch::{Device, Kind, Tensor};
use zoo::{Coarse, memory};

use self::number::{Real, Stored};
use self::pixels::{Descend, Labels, Measure, Slopes, Sums};
use self::plain::{Plain, Rows};
use self::raised::{Grid, Lowered, Raised};
use self::terms::Terms;
use super::comparison::relative;
use super::{Objective, Term, Value};

/// Rows that one thread works on; sums depend on it.
const ROWS: usize = 16;
/// Coarse rows that one thread writes the gradient of: the pixels beside the first and the last are computed twice.
const COARSE_ROWS: usize = 8;

/// A loss and its gradient.
#[derive(Debug)]
pub struct Fused {
    /// The loss and its terms, f64 on the CPU; there is no graph to go backward through.
    pub value: Value,
    /// ∂loss/∂logits: shape, element type and order in memory are those of the logits, which [`zoo::backward`] wants.
    pub gradient: Tensor,
}

/// The loss of a batch's logits (f32, bf16 or f64; bf16 is computed with in f32), and its gradient.
///
/// Nothing where it can only be had the plain way: where `objective` has other terms than `bce` and `dice`, the logits are not
/// on the CPU or of another type, or the shapes are not those of `batch`. Logits that are not channels-last are copied.
pub fn fused(objective: &Objective, coarse: &Coarse, batch: &Batch) -> Option<Fused> {
    let known = |term: &Term| matches!(term, Term::Bce(_) | Term::Dice(_));
    let (logits, size) = (&coarse.logits, [batch.size.height(), batch.size.width()].map(i64::from));
    let &[images, classes, height, width] = logits.size().as_slice() else { return None };
    let fits = images == batch.samples.len() as i64 && classes == COUNT as i64 && coarse.size == size;
    if !(fits && logits.device() == Device::Cpu && logits.numel() > 0 && objective.terms.iter().all(known)) {
        return None;
    }
    let from = [height, width].map(|side| side as usize);
    match logits.kind() {
        Kind::Float => Some(computed::<f32>(objective, coarse, from, batch)),
        Kind::BFloat16 => Some(computed::<bf16>(objective, coarse, from, batch)),
        Kind::Double => Some(computed::<f64>(objective, coarse, from, batch)),
        _ => None,
    }
}

fn computed<S: Stored>(objective: &Objective, coarse: &Coarse, from: [usize; 2], batch: &Batch) -> Fused {
    let logits = coarse.logits.detach().permute([0, 2, 3, 1]);
    let as_it_is = logits.is_contiguous();
    let (values, gradient) = memory::elements(&logits.contiguous(), |logits: &[S]| {
        Work::new(objective, coarse.align_corners, from, batch, logits).done(objective)
    });
    let gradient = gradient.permute([0, 3, 1, 2]);
    let gradient = if as_it_is { gradient } else { gradient.contiguous() };
    let weighted = objective.terms.iter().zip(&values).map(|(term, value)| term.weight() * value);
    let total = Tensor::from(weighted.sum::<f64>());
    let terms = objective.names().into_iter().zip(values.into_iter().map(Tensor::from)).collect();
    Fused { value: Value { total, terms }, gradient }
}

/// A batch whose loss is computed.
struct Work<'a, S: Stored> {
    /// `[B, h, w, 29]`.
    logits: &'a [S],
    /// h and w.
    from: [usize; 2],
    /// Where pixels lie between logits; nothing where each has its own.
    grid: Option<Grid<S::Real>>,
    /// Height and width of the images.
    size: [usize; 2],
    labels: Vec<Labels<'a, S::Real>>,
}

impl<'a, S: Stored> Work<'a, S> {
    fn new(
        objective: &Objective,
        align_corners: bool,
        from: [usize; 2],
        batch: &'a Batch,
        logits: &'a [S],
    ) -> Self {
        let size = [batch.size.height(), batch.size.width()].map(|side| side as usize);
        let smoothing = objective.label_smoothing;
        let largest = f64::from((1u32 << batch.labels.words()) / 2);
        let labels = |words: &'a [i32]| Labels {
            words,
            pixels: size[0] * size[1],
            unit: S::Real::of((1.0 - smoothing) / largest),
            none: S::Real::of(smoothing / 2.0),
        };
        let labels = batch.samples.iter().map(|sample| labels(&sample.labels)).collect();
        let grid = (from != size).then(|| Grid::new(from, size, align_corners));
        Work { logits, from, grid, size, labels }
    }

    /// The value of each term, and the gradient `[B, h, w, 29]`.
    fn done(&self, objective: &Objective) -> (Vec<f64>, Tensor) {
        let weights = objective.class_weights().and_then(|weights| relative(&weights));
        let mut each = [1.0; COUNT];
        each.iter_mut().zip(weights.iter().flatten()).for_each(|(each, weight)| *each = *weight);
        let terms = Terms::new(&objective.terms, &each, &self.sums(), self.size[0] * self.size[1]);
        let gradient = self.gradient(&terms.slopes());
        (terms.values, gradient)
    }

    /// The logits of an image.
    fn of(&self, image: usize) -> &[S] {
        let length = self.from[0] * self.from[1] * COUNT;
        &self.logits[image * length..][..length]
    }

    /// The sums of each image.
    fn sums(&self) -> Vec<Sums> {
        let [height, width] = self.size;
        let parts = height.div_ceil(ROWS);
        let part = |part: usize| {
            let (image, first) = (part / parts, part % parts * ROWS);
            let (rows, labels) = (first..height.min(first + ROWS), self.labels[image]);
            let arch = Arch::new();
            match &self.grid {
                None => {
                    let source = Plain::new(self.of(image), width);
                    arch.dispatch(Measure { source, rows, width, labels })
                }
                Some(grid) => {
                    let source = Raised::new(self.of(image), grid);
                    arch.dispatch(Measure { source, rows, width, labels })
                }
            }
        };
        let all: Vec<Sums> = (0..self.labels.len() * parts).into_par_iter().map(part).collect();
        let sum = |parts: &[Sums]| {
            let mut sum = Sums::default();
            parts.iter().for_each(|part| sum.add(part));
            sum
        };
        all.chunks(parts).map(sum).collect()
    }

    /// The gradient `[B, h, w, 29]`.
    fn gradient(&self, slopes: &[Slopes<S::Real>]) -> Tensor {
        let [height, width] = self.from;
        let row = width * COUNT;
        let at_once = if self.grid.is_some() { COARSE_ROWS } else { ROWS };
        let shape = [self.labels.len(), height, width, COUNT].map(|side| side as i64);
        let gradient = memory::filled(&shape, |gradient| {
            let images = gradient.par_chunks_exact_mut(height * row).enumerate();
            images.for_each(|(image, gradient)| {
                let parts = gradient.par_chunks_mut(at_once * row).enumerate();
                parts.for_each(|(part, gradient)| {
                    let first = part * at_once;
                    self.descend(image, first..first + gradient.len() / row, &slopes[image], gradient);
                });
            });
        });
        gradient.expect("enough memory for the logits' gradient")
    }

    /// Writes the gradient of some rows of an image's logits.
    fn descend(
        &self,
        image: usize,
        rows: Range<usize>,
        slopes: &Slopes<S::Real>,
        gradient: &mut [MaybeUninit<S>],
    ) {
        let (width, labels, arch) = (self.size[1], self.labels[image], Arch::new());
        match &self.grid {
            None => {
                let (source, sink) = (Plain::new(self.of(image), width), Rows::new(gradient, width));
                arch.dispatch(Descend { source, sink, rows, width, labels, slopes });
            }
            Some(grid) => {
                let (source, sink) = (Raised::new(self.of(image), grid), Lowered::new(grid, rows.clone()));
                let rows = grid.beside(&rows);
                let lowered = arch.dispatch(Descend { source, sink, rows, width, labels, slopes });
                lowered.write(gradient);
            }
        }
    }
}
