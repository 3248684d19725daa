//! A walk over pixels: rows of logits against labels, once for the sums of each bone, once for the gradient.

use std::mem::MaybeUninit;
use std::ops::Range;

use bones::bone::COUNT;
use pulp::NullaryFnOnce;

use super::number::{Real, Stored};

/// The bones of a pixel and three numbers that are nobody's: so many fill vectors of any length.
pub(super) const LANES: usize = 32;
pub(super) type Lanes<R> = [R; LANES];

/// Pixels that are worked on together.
pub(super) const TOGETHER: usize = 16;

/// Where the logits of an image's pixels come from.
pub(super) trait Source<R: Real> {
    /// Row `y` is next.
    fn enter(&mut self, y: usize);

    /// The logits of the pixels of this row from `x` on.
    fn read(&self, x: usize, logits: &mut [Lanes<R>]);
}

/// Where the gradient of an image's pixels goes.
pub(super) trait Sink<R: Real> {
    /// The gradient of the pixels of this row from `x` on.
    fn take(&mut self, x: usize, gradient: &[Lanes<R>]);

    /// Row `y` is done.
    fn leave(&mut self, y: usize);
}

/// The labels of an image: words `[1 or 3, pixels]`, the binary digits of how many quarters (halves of a pixel's sides: four)
/// each bone has of a pixel.
#[derive(Clone, Copy)]
pub(super) struct Labels<'a, R> {
    pub(super) words: &'a [i32],
    pub(super) pixels: usize,
    /// What one of them counts.
    pub(super) unit: R,
    /// What none counts, above 0 where labels are smoothed.
    pub(super) none: R,
}

impl<R: Real> Labels<'_, R> {
    /// Targets of the pixels from `at` on, if any is above 0, and which bones are labelled.
    #[inline(always)]
    fn unpack(&self, at: usize, targets: &mut [Lanes<R>]) -> (bool, u32) {
        let plane = |place: usize| self.words.get(place * self.pixels + at..).unwrap_or(&[]);
        let planes = [plane(0), plane(1), plane(2)].map(|plane| &plane[..plane.len().min(targets.len())]);
        let mut all = 0;
        for plane in planes {
            for word in plane {
                all |= word;
            }
        }
        if all == 0 {
            let smoothed = self.none > R::default();
            if smoothed {
                targets.fill([self.none; LANES]);
            }
            return (smoothed, 0);
        }
        for (index, targets) in targets.iter_mut().enumerate() {
            let [low, middle, high] = planes.map(|plane| plane.get(index).map_or(0, |&word| word as u32));
            for (bone, target) in targets.iter_mut().enumerate() {
                let digit = |word: u32| word >> bone & 1;
                let number = digit(low) | digit(middle) << 1 | digit(high) << 2;
                *target = R::count(number) * self.unit + self.none;
            }
        }
        (true, all as u32)
    }
}

/// Sums over pixels, of each bone.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    /// Of binary cross-entropy.
    pub(super) bce: [f64; LANES],
    /// Of min(p, t).
    pub(super) both: [f64; LANES],
    /// Of p.
    pub(super) predicted: [f64; LANES],
    /// Of t.
    pub(super) labelled: [f64; LANES],
    /// Which bones are labelled anywhere, as bits.
    pub(super) seen: u32,
}

impl Sums {
    /// Adds those of other pixels.
    pub(super) fn add(&mut self, other: &Sums) {
        add(&mut self.bce, &other.bce);
        add(&mut self.both, &other.both);
        add(&mut self.predicted, &other.predicted);
        add(&mut self.labelled, &other.labelled);
        self.seen |= other.seen;
    }
}

#[inline(always)]
fn add<R: Real>(sums: &mut [f64; LANES], numbers: &Lanes<R>) {
    for (sum, number) in sums.iter_mut().zip(numbers) {
        *sum += number.f64();
    }
}

/// What the gradient is made of, for each bone: with p = σ(x), it is `bce`·(p - t) + p(1 - p)·(`whole` + `both`·∂min(p, t)/∂p).
#[derive(Clone, Debug)]
pub(super) struct Slopes<R> {
    pub(super) bce: Lanes<R>,
    pub(super) both: Lanes<R>,
    pub(super) whole: Lanes<R>,
}

/// σ(x) and exp(-|x|), 1/(1 + exp(-|x|)), of which it is made without overflow.
#[inline(always)]
fn sigmoid<R: Real>(x: R) -> (R, R, R) {
    let exp = (-x.magnitude()).exp();
    let share = R::of(1.0) / (R::of(1.0) + exp);
    (if x < R::default() { exp * share } else { share }, exp, share)
}

/// Adds the sums of some pixels, at most [`TOGETHER`]; where nothing is `LABELLED`, all targets are 0.
///
/// ln(1 + exp(-|x|)) is not taken of each pixel but of the product of all, less 1: x₁ and x₂ make x₁ + x₂ + x₁x₂, which is as
/// exact for small numbers as for large ones, and below 2 to the number of pixels.
#[inline(always)]
fn measure<R: Real, const LABELLED: bool>(logits: &[Lanes<R>], targets: &[Lanes<R>], sums: &mut Sums) {
    let zero = R::default();
    let (mut product, mut linear) = ([zero; LANES], [zero; LANES]);
    let (mut both, mut predicted, mut labelled) = ([zero; LANES], [zero; LANES], [zero; LANES]);
    for (logits, targets) in logits.iter().zip(targets) {
        for lane in 0..LANES {
            let x = logits[lane];
            let (p, exp, _) = sigmoid(x);
            product[lane] = product[lane] + exp + product[lane] * exp;
            predicted[lane] += p;
            let above = if x > zero { x } else { zero };
            if LABELLED {
                let t = targets[lane];
                linear[lane] += above - x * t;
                both[lane] += if p < t { p } else { t };
                labelled[lane] += t;
            } else {
                linear[lane] += above;
            }
        }
    }
    for (bce, product) in linear.iter_mut().zip(product) {
        *bce += product.ln_1p();
    }
    add(&mut sums.bce, &linear);
    add(&mut sums.predicted, &predicted);
    if LABELLED {
        add(&mut sums.both, &both);
        add(&mut sums.labelled, &labelled);
    }
}

/// Turns logits into their gradient; where nothing is `LABELLED`, all targets are 0.
#[inline(always)]
fn slope<R: Real, const LABELLED: bool>(logits: &mut [Lanes<R>], targets: &[Lanes<R>], slopes: &Slopes<R>) {
    let half = R::of(0.5);
    for (logits, targets) in logits.iter_mut().zip(targets) {
        for lane in 0..LANES {
            let (p, exp, share) = sigmoid(logits[lane]);
            let steep = exp * share * share;
            logits[lane] = if LABELLED {
                let (t, both) = (targets[lane], slopes.both[lane]);
                // Where both are least, each has half of the gradient.
                let least = if p < t { both } else { R::default() };
                let least = if p == t { both * half } else { least };
                slopes.bce[lane] * (p - t) + steep * (slopes.whole[lane] + least)
            } else {
                slopes.bce[lane] * p + steep * slopes.whole[lane]
            };
        }
    }
}

/// Adds up rows of pixels, a type of its own because closures of this size are not compiled for the processor at hand.
pub(super) struct Measure<'a, R, S> {
    pub(super) source: S,
    pub(super) rows: Range<usize>,
    pub(super) width: usize,
    pub(super) labels: Labels<'a, R>,
}

impl<R: Real, S: Source<R>> NullaryFnOnce for Measure<'_, R, S> {
    type Output = Sums;

    #[inline(always)]
    fn call(self) -> Sums {
        let Measure { mut source, rows, width, labels } = self;
        let (mut logits, mut targets) =
            ([[R::default(); LANES]; TOGETHER], [[R::default(); LANES]; TOGETHER]);
        let mut sums = Sums::default();
        for y in rows {
            source.enter(y);
            for x in (0..width).step_by(TOGETHER) {
                let count = TOGETHER.min(width - x);
                let (logits, targets) = (&mut logits[..count], &mut targets[..count]);
                source.read(x, logits);
                let (labelled, seen) = labels.unpack(y * width + x, targets);
                sums.seen |= seen;
                if labelled {
                    measure::<R, true>(logits, targets, &mut sums);
                } else {
                    measure::<R, false>(logits, targets, &mut sums);
                }
            }
        }
        sums
    }
}

/// Takes the gradient of rows of pixels, and gives back where it went.
pub(super) struct Descend<'a, R, S, T> {
    pub(super) source: S,
    pub(super) sink: T,
    pub(super) rows: Range<usize>,
    pub(super) width: usize,
    pub(super) labels: Labels<'a, R>,
    pub(super) slopes: &'a Slopes<R>,
}

impl<R: Real, S: Source<R>, T: Sink<R>> NullaryFnOnce for Descend<'_, R, S, T> {
    type Output = T;

    #[inline(always)]
    fn call(self) -> T {
        let Descend { mut source, mut sink, rows, width, labels, slopes } = self;
        let (mut logits, mut targets) =
            ([[R::default(); LANES]; TOGETHER], [[R::default(); LANES]; TOGETHER]);
        for y in rows {
            source.enter(y);
            for x in (0..width).step_by(TOGETHER) {
                let count = TOGETHER.min(width - x);
                let (logits, targets) = (&mut logits[..count], &mut targets[..count]);
                source.read(x, logits);
                if labels.unpack(y * width + x, targets).0 {
                    slope::<R, true>(logits, targets, slopes);
                } else {
                    slope::<R, false>(logits, targets, slopes);
                }
                sink.take(x, logits);
            }
            sink.leave(y);
        }
        sink
    }
}

/// Writes the gradient of one pixel.
#[inline(always)]
pub(super) fn write<S: Stored>(pixel: &mut [MaybeUninit<S>; COUNT], lanes: &Lanes<S::Real>) {
    for (logit, &lane) in pixel.iter_mut().zip(lanes) {
        logit.write(S::nearest(lane));
    }
}
