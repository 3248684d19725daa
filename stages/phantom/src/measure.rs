//! What one labelled radiograph measures: lengths, widths, areas, overlaps, grey values.

use bones::bone::COUNT;
use bones::polygon::{Outline, fill};
use bones::{Bone, Mask, Size};

/// A labelled radiograph.
#[derive(Clone, Debug)]
pub(crate) struct Labelled {
    pub(crate) size: Size,
    /// Row-major grey values.
    pub(crate) pixels: Vec<u8>,
    pub(crate) outlines: Vec<Outline>,
    /// The patient's height in centimetres, where known.
    pub(crate) height: Option<f64>,
}

/// The measures of one radiograph; lengths in pixels, areas in pixels squared.
#[derive(Clone, Debug)]
pub(crate) struct Measures {
    pub(crate) image_height: f64,
    pub(crate) patient_height: Option<f64>,
    pub(crate) bones: [BoneMeasures; COUNT],
    /// Pixels shared by two bones, by canonical indices.
    pub(crate) overlaps: Vec<[u32; COUNT]>,
    /// How many pixels that show soft tissue alone have each grey value; the same for air.
    pub(crate) flesh: [u32; 256],
    pub(crate) air: [u32; 256],
    /// Standard deviation of the noise in soft tissue.
    pub(crate) noise: f64,
}

/// The measures of one bone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BoneMeasures {
    pub(crate) area: f64,
    pub(crate) vertices: usize,
    /// Along and across the principal axis.
    pub(crate) length: f64,
    pub(crate) width: f64,
    /// Narrowest width between 35 % and 75 % of the length, over the widest in the outer thirds.
    pub(crate) waist: f64,
    pub(crate) centre: (f64, f64),
    pub(crate) grey: f64,
    pub(crate) grey_deviation: f64,
}

/// Below this grey value a pixel outside the bones counts as air.
const AIR: u8 = 45;

impl Labelled {
    /// Measures the radiograph.
    pub(crate) fn measure(&self) -> Measures {
        let mask = fill(&self.outlines, self.size);
        let mut overlaps = vec![[0u32; COUNT]; COUNT];
        let (mut flesh, mut air) = ([0u32; 256], [0u32; 256]);
        for (range, set) in mask.spans() {
            for a in set.iter() {
                for b in set.iter() {
                    overlaps[a.index()][b.index()] += range.end - range.start;
                }
            }
            if set.is_empty() {
                for &grey in &self.pixels[range.start as usize..range.end as usize] {
                    let counts = if grey < AIR { &mut air } else { &mut flesh };
                    counts[usize::from(grey)] += 1;
                }
            }
        }
        let bones = Bone::ALL.map(|bone| self.measure_bone(bone, &mask));
        Measures {
            image_height: f64::from(self.size.height()),
            patient_height: self.height,
            bones,
            overlaps,
            flesh,
            air,
            noise: self.noise(&mask),
        }
    }

    fn measure_bone(&self, bone: Bone, mask: &Mask) -> BoneMeasures {
        let width = self.size.width();
        let (mut area, mut sx, mut sy, mut sxx, mut sxy, mut syy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        let (mut grey, mut grey2) = (0.0, 0.0);
        let pixels = || mask.ranges(bone).flatten().map(|p| (p, f64::from(p % width), f64::from(p / width)));
        for (pixel, x, y) in pixels() {
            let value = f64::from(self.pixels[pixel as usize]);
            area += 1.0;
            sx += x;
            sy += y;
            sxx += x * x;
            sxy += x * y;
            syy += y * y;
            grey += value;
            grey2 += value * value;
        }
        let vertices = self.outlines.iter().find(|o| o.bone == bone).map_or(0, |outline| outline.ring.len());
        if area == 0.0 {
            return BoneMeasures { vertices, ..BoneMeasures::default() };
        }
        let centre = (sx / area, sy / area);
        let (cxx, cxy, cyy) = (
            sxx / area - centre.0 * centre.0,
            sxy / area - centre.0 * centre.1,
            syy / area - centre.1 * centre.1,
        );
        let angle = 0.5 * (2.0 * cxy).atan2(cxx - cyy);
        let (sine, cosine) = angle.sin_cos();
        let (mut low, mut high) = ([f64::MAX; 2], [f64::MIN; 2]);
        let turned = |x: f64, y: f64| {
            [(x - centre.0) * cosine + (y - centre.1) * sine, (y - centre.1) * cosine - (x - centre.0) * sine]
        };
        for (_, x, y) in pixels() {
            for (axis, value) in turned(x, y).into_iter().enumerate() {
                low[axis] = low[axis].min(value);
                high[axis] = high[axis].max(value);
            }
        }
        let length = high[0] - low[0] + 1.0;
        const BINS: usize = 40;
        let mut profile = [0.0f64; BINS];
        for (_, x, y) in pixels() {
            let bin = (turned(x, y)[0] - low[0]) / length * BINS as f64;
            profile[(bin as usize).min(BINS - 1)] += BINS as f64 / length;
        }
        let narrowest = profile[14..30].iter().copied().fold(f64::MAX, f64::min);
        let ends = [&profile[2..14], &profile[27..38]].map(|end| end.iter().copied().fold(0.0, f64::max));
        BoneMeasures {
            area,
            vertices,
            length,
            width: high[1] - low[1] + 1.0,
            waist: narrowest / ends[0].max(ends[1]),
            centre,
            grey: grey / area,
            grey_deviation: (grey2 / area - grey * grey / area / area).max(0.0).sqrt(),
        }
    }

    /// Noise of single pixels against those eight away on both sides, where all is soft tissue.
    fn noise(&self, mask: &Mask) -> f64 {
        const AWAY: u32 = 4;
        let (mut sum, mut count) = (0.0, 0.0);
        for (range, set) in mask.spans() {
            if !set.is_empty() || range.end - range.start <= 2 * AWAY {
                continue;
            }
            for pixel in range.start + AWAY..range.end - AWAY {
                let at = |p: u32| f64::from(self.pixels[p as usize]);
                let (here, left, right) = (at(pixel), at(pixel - AWAY), at(pixel + AWAY));
                let step = here - 0.5 * (left + right);
                if here > 100.0 && (left - right).abs() < 12.0 && step.abs() < 12.0 {
                    sum += step * step / 1.5;
                    count += 1.0;
                }
            }
        }
        if count == 0.0 { 0.0 } else { f64::sqrt(sum / count) }
    }
}

impl Measures {
    /// Overlap of two bones as a share of the smaller one; `None` where one is missing.
    pub(crate) fn overlap(&self, a: Bone, b: Bone) -> Option<f64> {
        let smaller = self.bones[a.index()].area.min(self.bones[b.index()].area);
        (smaller > 0.0).then(|| f64::from(self.overlaps[a.index()][b.index()]) / smaller)
    }

    /// Angle of the line from the ulna's centre to the little finger's tip against the vertical, in degrees.
    pub(crate) fn wrist_angle(&self) -> f64 {
        let (tip, ulna) = (&self.bones[15], &self.bones[28]);
        (tip.centre.0 - ulna.centre.0).abs().atan2(ulna.centre.1 - tip.centre.1).to_degrees()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_slanting_bar_measures_its_sides() {
        let size = Size::new(200, 200).unwrap();
        let ring = vec![[20, 30], [30, 20], [130, 120], [120, 130]];
        let bone = Bone::ALL[9];
        let labelled = Labelled {
            size,
            pixels: vec![90; 200 * 200],
            outlines: vec![Outline { bone, ring }],
            height: None,
        };
        let measures = labelled.measure();
        let bar = measures.bones[9];
        assert!((bar.length - 142.0).abs() < 3.0 && (bar.width - 15.0).abs() < 2.0, "{bar:?}");
        assert_eq!(bar.grey, 90.0);
        assert_eq!(measures.overlap(bone, Bone::ALL[8]), None);
    }
}
