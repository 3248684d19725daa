//! The pass over the output: band by band, bone by bone, from cells to runs.

use super::axis::{Axis, interpolate};
use super::cells::{self, NotFinite, Row};
use super::sigmoid::{Limits, sigmoid};
use super::{Logits, ScoresError, Thresholds, Values};
use crate::bone::{Bone, COUNT};
use crate::bone_set::BoneSet;
use crate::mask::{Mask, MaskBuilder, Size};
use crate::toggles::Toggles;

/// How many output rows are worked on together at most; bounds memory where one cell is many rows high.
const BAND: usize = 16;

/// One model: its logits, where the output's pixels lie in them, and the rows at hand.
struct Model<'a> {
    /// Its place in the list of models, from 1.
    number: usize,
    logits: Logits<'a>,
    weight: f32,
    columns: Axis,
    rows: Axis,
    above: Row,
    below: Row,
    /// The logits of the current bone in the two rows, each interpolated at the output's columns; valid where the
    /// current band is computed.
    across: [Vec<f32>; 2],
}

impl Model<'_> {
    /// Sorts the two source rows of output row `y`, unless they are at hand.
    fn load(&mut self, y: usize, limits: &[Limits; COUNT]) -> Result<(), ScoresError> {
        let tap = self.rows.taps[y];
        if self.below.is(tap.first) {
            std::mem::swap(&mut self.above, &mut self.below);
        }
        for (row, y) in [(&mut self.above, tap.first), (&mut self.below, tap.second)] {
            if !row.is(y) {
                let model = self.number;
                row.load(&self.logits, y, limits).map_err(|NotFinite(bone, x, y)| {
                    ScoresError::NotFinite { model, bone, x: x as u32, y: y as u32 }
                })?;
            }
        }
        Ok(())
    }

    /// Fills `across` at some output columns, for the source rows of output row `y`.
    fn interpolate_across(&mut self, bone: Bone, y: usize, columns: std::ops::Range<usize>) {
        let tap = self.rows.taps[y];
        for (across, y) in self.across.iter_mut().zip([tap.first, tap.second]) {
            let row = self.logits.row(bone, y);
            let (across, taps) = (&mut across[columns.clone()], &self.columns.taps[columns.clone()]);
            match self.logits.values {
                Values::F16(values) => {
                    let values = &values[row];
                    for (across, tap) in across.iter_mut().zip(taps) {
                        *across = interpolate(tap, values[tap.first].to_f32(), values[tap.second].to_f32());
                    }
                }
                Values::F32(values) => {
                    let values = &values[row];
                    for (across, tap) in across.iter_mut().zip(taps) {
                        *across = interpolate(tap, values[tap.first], values[tap.second]);
                    }
                }
            }
        }
    }
}

/// The state of a pass.
pub(super) struct Pass<'a> {
    size: Size,
    thresholds: Thresholds,
    limits: [Limits; COUNT],
    models: Vec<Model<'a>>,
    total_weight: f32,
    /// Bits of the output's columns in the current band: all models are clearly inside.
    inside: Vec<u64>,
    /// Bits of the output's columns in the current band: some model is not clearly outside.
    over: Vec<u64>,
    /// The same for a single model, before it joins the others.
    joining: Vec<u64>,
    /// The bits of one output row.
    bits: Vec<u64>,
    /// The sums of one output row.
    sums: Vec<f32>,
    /// The changes in each row of the band.
    toggles: Vec<Toggles>,
}

impl<'a> Pass<'a> {
    /// A pass over an output of at least one pixel.
    pub(super) fn new(maps: &[(Logits<'a>, f32)], size: Size, thresholds: &Thresholds) -> Pass<'a> {
        let (width, height) = (size.width() as usize, size.height() as usize);
        let models: Vec<Model<'a>> = (1..)
            .zip(maps)
            .filter(|&(_, &(_, weight))| weight > 0.0)
            .map(|(number, &(logits, weight))| Model {
                number,
                logits,
                weight,
                columns: Axis::new(logits.size.width() as usize, width),
                rows: Axis::new(logits.size.height() as usize, height),
                above: Row::new(logits.size.width() as usize),
                below: Row::new(logits.size.width() as usize),
                across: [vec![0.0; width], vec![0.0; width]],
            })
            .collect();
        let words = width.div_ceil(64);
        Pass {
            size,
            thresholds: *thresholds,
            limits: thresholds.0.map(Limits::new),
            total_weight: models.iter().map(|model| model.weight).sum(),
            models,
            inside: vec![0; words],
            over: vec![0; words],
            joining: vec![0; words],
            bits: vec![0; words],
            sums: vec![0.0; width],
            toggles: (0..BAND.min(height)).map(|_| Toggles::new(width)).collect(),
        }
    }

    /// Makes the mask.
    pub(super) fn run(mut self) -> Result<Mask, ScoresError> {
        let mut mask = MaskBuilder::new(self.size);
        let height = self.size.height() as usize;
        let mut y = 0;
        while y < height {
            let rows = self.band(y);
            for model in &mut self.models {
                model.load(y, &self.limits)?;
            }
            for bone in Bone::ALL {
                if self.models.iter().any(|model| cells::any(&model.above, &model.below, bone)) {
                    self.sort_columns(bone);
                    self.draw(bone, y, rows);
                }
            }
            for (y, toggles) in (y as u32..).zip(&mut self.toggles[..rows]) {
                let start = y * self.size.width();
                toggles.sweep(&mut mask, start, start + self.size.width(), BoneSet::EMPTY);
            }
            y += rows;
        }
        Ok(mask.finish())
    }

    /// How many output rows from `y` on lie in the same row of cells of every model, at most [`BAND`].
    fn band(&self, y: usize) -> usize {
        let end = self.models.iter().map(|model| model.rows.starts[model.rows.taps[y].first + 1]).min();
        end.map_or(1, |end| end - y).min(BAND)
    }

    /// Sets `inside` and `over` for a bone in the current band.
    fn sort_columns(&mut self, bone: Bone) {
        self.inside.fill(u64::MAX);
        self.over.fill(0);
        for model in &self.models {
            let Model { columns, above, below, logits, .. } = model;
            let (joining, over) = (&mut self.joining, &mut self.over);
            joining.fill(0);
            cells::ranges(
                above,
                below,
                bone,
                logits.size.width() as usize,
                |cells| cells::set(joining, columns.starts[cells.start]..columns.starts[cells.end]),
                |cells| cells::set(over, columns.starts[cells.start]..columns.starts[cells.end]),
            );
            for (inside, joining) in self.inside.iter_mut().zip(&*joining) {
                *inside &= joining;
            }
        }
    }

    /// Notes where `bone` begins and ends in the `rows` output rows from `y` on.
    fn draw(&mut self, bone: Bone, y: usize, rows: usize) {
        let straddling = || self.over.iter().zip(&self.inside).map(|(over, inside)| over & !inside);
        for model in &mut self.models {
            cells::each_range(straddling(), |columns| model.interpolate_across(bone, y, columns));
        }
        let (limit, threshold) = (self.limits[bone.index()].exact, self.thresholds.of(bone));
        let one = BoneSet::of(bone);
        for (y, toggles) in (y..).zip(&mut self.toggles[..rows]) {
            self.bits.copy_from_slice(&self.inside);
            if let [model] = &self.models[..] {
                let tap = &model.rows.taps[y];
                let [above, below] = &model.across;
                cells::each_range(straddling(), |columns| {
                    cells::set_where(&mut self.bits, columns, |x| {
                        interpolate(tap, above[x], below[x]) > limit
                    });
                });
            } else {
                cells::each_range(straddling(), |columns| {
                    let sums = &mut self.sums[columns.clone()];
                    sums.fill(0.0);
                    for model in &self.models {
                        let tap = &model.rows.taps[y];
                        let [above, below] =
                            [&model.across[0][columns.clone()], &model.across[1][columns.clone()]];
                        for ((sum, &above), &below) in sums.iter_mut().zip(above).zip(below) {
                            *sum += model.weight * sigmoid(interpolate(tap, above, below));
                        }
                    }
                    let total = self.total_weight;
                    cells::set_where(&mut self.bits, columns, |x| self.sums[x] / total > threshold);
                });
            }
            let mut before = 0;
            for (index, &word) in self.bits.iter().enumerate() {
                let mut changes = word ^ (word << 1 | before);
                before = word >> 63;
                while changes != 0 {
                    toggles.flip(index * 64 + changes.trailing_zeros() as usize, one);
                    changes &= changes - 1;
                }
            }
        }
    }
}
