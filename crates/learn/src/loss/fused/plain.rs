//! Logits of every pixel, and their gradient, as they are in memory.

use std::mem::MaybeUninit;

use bones::bone::COUNT;

use super::number::Stored;
use super::pixels::{Lanes, Sink, Source, write};

/// The logits `[height, width, 29]` of an image as they are.
pub(super) struct Plain<'a, S> {
    logits: &'a [S],
    width: usize,
    row: &'a [S],
}

impl<'a, S> Plain<'a, S> {
    pub(super) fn new(logits: &'a [S], width: usize) -> Self {
        Plain { logits, width, row: &[] }
    }
}

impl<S: Stored> Source<S::Real> for Plain<'_, S> {
    #[inline(always)]
    fn enter(&mut self, y: usize) {
        self.row = &self.logits[y * self.width * COUNT..][..self.width * COUNT];
    }

    #[inline(always)]
    fn read(&self, x: usize, logits: &mut [Lanes<S::Real>]) {
        let pixels = self.row[x * COUNT..].as_chunks::<COUNT>().0;
        for (lanes, pixel) in logits.iter_mut().zip(pixels) {
            for (lane, logit) in lanes.iter_mut().zip(pixel) {
                *lane = logit.real();
            }
        }
    }
}

/// Rows `[rows, width, 29]` that the gradient is written to as it is.
pub(super) struct Rows<'a, S> {
    gradient: &'a mut [MaybeUninit<S>],
    width: usize,
}

impl<'a, S> Rows<'a, S> {
    pub(super) fn new(gradient: &'a mut [MaybeUninit<S>], width: usize) -> Self {
        Rows { gradient, width }
    }
}

impl<S: Stored> Sink<S::Real> for Rows<'_, S> {
    #[inline(always)]
    fn take(&mut self, x: usize, gradient: &[Lanes<S::Real>]) {
        let pixels = self.gradient[x * COUNT..].as_chunks_mut::<COUNT>().0;
        for (pixel, lanes) in pixels.iter_mut().zip(gradient) {
            write(pixel, lanes);
        }
    }

    #[inline(always)]
    fn leave(&mut self, _: usize) {
        let rest = std::mem::take(&mut self.gradient);
        self.gradient = &mut rest[self.width * COUNT..];
    }
}
