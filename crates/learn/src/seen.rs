//! Scores of radiographs: a network sees each as its view says, whole or window by window (sliding-window inference).
//!
//! Validation and prediction both come here, so that a model is measured as it is used.

use bones::Size;
use bones::bone::COUNT;
use half::f16;
use pixels::{Placement, View};
use planes::{Image, Scores};
use stage::Failure;
use tch::{Kind, Tensor};

use crate::{Remedy, tensors};

/// A radiograph as a network sees it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The whole of it at the network's scale ([`View::scale`]).
    pub image: &'a Image,
    /// Its own size.
    pub radiograph: Size,
}

/// The scores of each radiograph, `[29, height, width]` at the network's scale: what is beside the radiograph on the
/// network's plane is not in them.
///
/// `infer` turns as many planes as `together` says, one behind the other, into logits `[together, 29, height, width]`; the
/// last ones are filled up. `whole` turns logits `[29, height, width]` of a radiograph that was seen whole into scores
/// ([`tensors::scores`] does). The logits of windows are blended: their mean, weighted by a Gaussian around each
/// window's centre whose σ is an eighth of the side and which is nowhere below 0.001 (MONAI's
/// `sliding_window_inference`, mode `gaussian`). A single window is taken as it is.
pub fn scores(
    view: &View,
    images: &[Seen<'_>],
    together: usize,
    mut infer: impl FnMut(&[u8]) -> Result<Tensor, Failure>,
    whole: impl Fn(&Tensor, Size) -> Result<Vec<f16>, Failure>,
) -> Result<Vec<Scores>, Failure> {
    let mut planes_of = |parts: &[(Seen<'_>, Placement)],
                         each: &mut dyn FnMut(usize, Tensor) -> Result<(), Failure>| {
        for (group, parts) in parts.chunks(together).enumerate() {
            let filled = parts.iter().chain(std::iter::repeat(&parts[parts.len() - 1])).take(together);
            let planes: Vec<u8> =
                filled.flat_map(|(seen, placement)| view.lay(seen.image, placement)).collect();
            let logits = infer(&planes)?;
            for index in 0..parts.len() {
                each(group * together + index, logits.get(index as i64))?;
            }
        }
        Ok::<(), Failure>(())
    };
    let mut found = Vec::with_capacity(images.len());
    if view.windows.is_none() {
        let parts: Vec<(Seen<'_>, Placement)> =
            images.iter().map(|seen| (*seen, view.placements(seen.radiograph)[0])).collect();
        planes_of(&parts, &mut |index, logits| {
            found.push(cut(&logits, &parts[index].1, &whole)?);
            Ok(())
        })?;
        return Ok(found);
    }
    for seen in images {
        let parts: Vec<(Seen<'_>, Placement)> =
            view.placements(seen.radiograph).into_iter().map(|placement| (*seen, placement)).collect();
        if let [(_, placement)] = &parts[..]
            && holds_all(placement)
        {
            planes_of(&parts, &mut |_, logits| {
                found.push(cut(&logits, placement, &whole)?);
                Ok(())
            })?;
            continue;
        }
        let mut blend = Blend::new(view.scaled(seen.radiograph), view.size as usize);
        planes_of(&parts, &mut |index, logits| {
            blend.add(&values(&logits)?, &parts[index].1);
            Ok(())
        })?;
        found.push(blend.finish()?);
    }
    Ok(found)
}

fn holds_all(placement: &Placement) -> bool {
    let [columns, rows] = placement.inside();
    [columns.len(), rows.len()]
        == [placement.scaled().width(), placement.scaled().height()].map(|side| side as usize)
}

/// The scores of what a plane shows of its radiograph, which is all of it.
fn cut(
    logits: &Tensor,
    placement: &Placement,
    whole: impl Fn(&Tensor, Size) -> Result<Vec<f16>, Failure>,
) -> Result<Scores, Failure> {
    let [columns, rows] = placement.inside().map(|range| (range.start as i64, range.len() as i64));
    let logits = logits.narrow(1, rows.0, rows.1).narrow(2, columns.0, columns.1);
    let size = placement.scaled();
    Scores::new(size, whole(&logits, size)?).ok_or_else(unfit)
}

/// Logits of a tensor on any device.
fn values(logits: &Tensor) -> Result<Vec<f32>, Failure> {
    let logits = logits.to_kind(Kind::Float).to_device(tch::Device::Cpu).contiguous();
    let mut values = vec![0.0; logits.numel()];
    let count = values.len();
    logits.f_copy_data(&mut values, count).map_err(|error| Remedy::PREDICTION.torch(error))?;
    Ok(values)
}

fn unfit() -> Failure {
    Failure::Internal("the network gave logits of another size".to_owned())
}

/// The weighted mean of the logits of windows.
struct Blend {
    size: Size,
    /// The Gaussian along a window's side.
    bell: Vec<f32>,
    /// Σ w·logit, `[29, height, width]`.
    sums: Vec<f32>,
    /// Σ w, `[height, width]`.
    weights: Vec<f32>,
}

/// No weight is below this share of the largest.
const LEAST: f32 = 1e-3;

impl Blend {
    fn new(size: Size, side: usize) -> Blend {
        let pixels = size.pixels() as usize;
        let (centre, sigma) = ((side as f64 - 1.0) / 2.0, side as f64 / 8.0);
        let bell = (0..side).map(|at| (-((at as f64 - centre) / sigma).powi(2) / 2.0).exp() as f32);
        Blend { size, bell: bell.collect(), sums: vec![0.0; COUNT * pixels], weights: vec![0.0; pixels] }
    }

    /// Adds the logits `[29, side, side]` of a window.
    fn add(&mut self, logits: &[f32], placement: &Placement) {
        let [columns, rows] = placement.inside();
        let [left, top] = placement.origin();
        let (width, side) = (self.size.width() as usize, self.bell.len());
        let pixels = self.weights.len();
        let start_x = (columns.start as i64 - i64::from(left)) as usize;
        for y in rows {
            let start = (y as i64 - i64::from(top)) as usize * width + start_x;
            let to = start..start + columns.len();
            let weights: Vec<f32> =
                self.bell[columns.clone()].iter().map(|across| (across * self.bell[y]).max(LEAST)).collect();
            for (sum, weight) in self.weights[to.clone()].iter_mut().zip(&weights) {
                *sum += weight;
            }
            for class in 0..COUNT {
                let from = (class * side + y) * side;
                let logits = &logits[from + columns.start..from + columns.end];
                let sums = &mut self.sums[class * pixels..][to.clone()];
                for ((sum, weight), logit) in sums.iter_mut().zip(&weights).zip(logits) {
                    *sum += weight * logit;
                }
            }
        }
    }

    fn finish(self) -> Result<Scores, Failure> {
        let pixels = self.weights.len();
        let means = self.sums.chunks_exact(pixels).flat_map(|sums| sums.iter().zip(&self.weights));
        let scores = means.map(|(sum, weight)| f16::from_f32((sum / weight).clamp(-6e4, 6e4))).collect();
        Scores::new(self.size, scores).ok_or_else(unfit)
    }
}

/// The scores of a radiograph that was seen whole, with all that half precision keeps.
pub fn exactly(logits: &Tensor, _: Size) -> Result<Vec<f16>, Failure> {
    tensors::scores(logits).map_err(|error| Remedy::PREDICTION.torch(error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use pixels::{Filter, Fit, Windows};
    use tch::Device;

    use super::*;

    fn view(size: u32, windows: Option<[u32; 2]>) -> View {
        let windows = windows.map(|[side, stride]| Windows { side, stride });
        View { size, filter: Filter::Linear, fit: Fit::Pad, windows, clahe: None }
    }

    /// A network whose logits are grey values over 8: of class c the grey plus c.
    fn grey(planes: &[u8], size: i64) -> Result<Tensor, Failure> {
        let grey = Tensor::from_slice(planes).view([-1, 1, size, size]).to_kind(Kind::Float);
        let classes = Tensor::arange(COUNT as i64, (Kind::Float, Device::Cpu)).view([1, -1, 1, 1]);
        Ok((grey + classes) / 8.0)
    }

    fn seen(view: &View, image: &Image, together: usize) -> Scores {
        let seen = [Seen { image, radiograph: image.size() }];
        scores(view, &seen, together, |planes| grey(planes, i64::from(view.size)), exactly).unwrap().remove(0)
    }

    fn image(width: u32, height: u32) -> Image {
        let size = Size::new(width, height).unwrap();
        Image::new(size, (0..size.pixels()).map(|at| (at * 37 % 251) as u8).collect()).unwrap()
    }

    #[test]
    fn what_is_beside_the_radiograph_is_not_in_its_scores() {
        let image = image(16, 10);
        let whole = seen(&view(16, None), &image, 3);
        assert_eq!(whole.size(), image.size());
        let expected = image.pixels().iter().map(|&grey| f16::from_f32(f32::from(grey) / 8.0));
        assert!(whole.logits()[..160].iter().copied().eq(expected));
    }

    #[test]
    fn windows_that_agree_are_blended_to_the_whole() {
        for (width, height) in [(40, 33), (16, 40), (9, 21)] {
            let image = image(width, height);
            let blended = seen(&view(16, Some([16, 7])), &image, 4);
            assert_eq!(blended.size(), image.size());
            for (found, grey) in blended.logits().iter().zip(image.pixels()) {
                assert!((found.to_f32() - f32::from(*grey) / 8.0).abs() < 0.02, "{found} {grey}");
            }
        }
    }

    #[test]
    fn one_window_over_all_is_the_whole_bit_for_bit() {
        let image = image(24, 24);
        assert_eq!(seen(&view(24, Some([24, 12])), &image, 2), seen(&view(24, None), &image, 2));
    }
}
