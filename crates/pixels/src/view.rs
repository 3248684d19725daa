//! Views: what a network sees of radiographs.

use std::ops::RangeInclusive;

use bones::Size;
use planes::Image;
use shard::Header;

use crate::windows::{Windows, count, starts};
use crate::{Clahe, Filter, Fit, Placement, Resized, resize};

/// What a network sees of radiographs: the whole of one, or windows of it, on a square plane.
///
/// Checkpoints and records say sizes that nobody has, too. [`View::check`] refuses them; whoever does not ask it first gets
/// some answer, never a panic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Height and width of the plane in pixels.
    pub size: u32,
    /// The filter that radiographs are resized with.
    pub filter: Filter,
    /// How a radiograph that is no square comes onto the plane as a whole; windows keep proportions anyhow.
    pub fit: Fit,
    /// The windows, where it does not see the whole.
    pub windows: Option<Windows>,
    /// What the plane goes through last.
    pub clahe: Option<Clahe>,
}

/// Pixels of a radiograph at the network's scale at most: less than `decode --max-pixels` can allow, so that a grid with four
/// cells a pixel is a [`Size`] too.
const MOST_PIXELS: u32 = (1 << 30) - 1;

/// Windows of a radiograph at most: at a millisecond each they take a quarter of an hour.
const MOST_WINDOWS: u64 = 1 << 20;

impl View {
    /// Legal heights and widths of the plane.
    pub const SIZES: RangeInclusive<u32> = 1..=16_384;

    /// The size of the whole radiograph at the network's scale; at least one pixel. Where [`View::check`] refuses windows of
    /// the radiograph for their size, its own.
    pub fn scaled(&self, radiograph: Size) -> Size {
        match self.windows {
            None => self.fit.scaled(radiograph, self.size),
            Some(windows) => self.at_scale_of(windows, radiograph).unwrap_or(radiograph),
        }
    }

    /// The radiograph's size where a window is as large as the plane; `None` where that is too large.
    fn at_scale_of(&self, windows: Windows, radiograph: Size) -> Option<Size> {
        let side = u128::from(windows.side.max(1));
        let scaled = |length: u32| {
            let doubled = 2 * u128::from(length) * u128::from(self.size) + side;
            u32::try_from(doubled / (2 * side)).map(|length| length.max(1)).ok()
        };
        let size = Size::new(scaled(radiograph.width())?, scaled(radiograph.height())?)?;
        (size.pixels() <= MOST_PIXELS).then_some(size)
    }

    /// The image at the network's scale: resized where it has the radiograph's size, as it is where it was resized so
    /// before.
    ///
    /// # Errors
    /// Where it has another size: what it is and what was expected.
    pub fn scale(&self, image: Image, radiograph: Size) -> Result<Image, String> {
        let scaled = self.scaled(radiograph);
        self.check(image.size(), radiograph)?;
        Ok(resize(image, scaled, self.filter))
    }

    /// Refuses images under a shard's header that were resized by another filter or, where whole radiographs are seen, to
    /// another size.
    pub fn check_header(&self, header: &Header) -> Result<(), String> {
        self.check_self()?;
        match (self.windows, Resized::of(header)?) {
            (None, Some(_)) => self.resized().check(header),
            (Some(_), Some(done)) if done.filter != self.filter => Err(format!(
                "its images were resized by the filter {}, but {} is needed: `decode` without `--size`",
                done.filter.name(),
                self.filter.name()
            )),
            _ => Ok(()),
        }
    }

    /// Refuses an image that has neither the radiograph's size nor that at the network's scale; and sizes for which there is
    /// no such scale, or more windows than anybody waits for.
    ///
    /// # Errors
    /// What is wrong, what was expected, what to do.
    pub fn check(&self, image: Size, radiograph: Size) -> Result<(), String> {
        self.check_self()?;
        self.check_windows(radiograph)?;
        let scaled = self.scaled(radiograph);
        match self.windows {
            None => self.resized().check_size(image, radiograph),
            Some(_) if image == radiograph || image == scaled => Ok(()),
            Some(_) => Err(format!(
                "its image is {image}, its radiograph {radiograph}; that size, or {scaled}, was expected: `decode` without \
                 `--size`"
            )),
        }
    }

    fn check_self(&self) -> Result<(), String> {
        if !View::SIZES.contains(&self.size) {
            let (size, least, most) = (self.size, View::SIZES.start(), View::SIZES.end());
            return Err(format!("the network sees {size} pixels a side; {least} to {most} were expected"));
        }
        self.windows.map_or(Ok(()), Windows::check)
    }

    /// Refuses radiographs that would be too large at the scale of windows, or have too many of them.
    fn check_windows(&self, radiograph: Size) -> Result<(), String> {
        let Some(windows @ Windows { side, stride }) = self.windows else { return Ok(()) };
        let Some(scaled) = self.at_scale_of(windows, radiograph) else {
            return Err(format!(
                "windows of {side} pixels shown at {} make more than {MOST_PIXELS} pixels of its radiograph of {radiograph}; \
                 fewer were expected: larger windows, or a smaller size of the network",
                self.size
            ));
        };
        let along = |whole: u32| count(whole, self.size, self.steps());
        let windows = along(scaled.width()) * along(scaled.height());
        if windows > MOST_WINDOWS {
            return Err(format!(
                "its radiograph of {radiograph} has {windows} windows of {side} pixels with a stride of {stride}; \
                 {MOST_WINDOWS} at most were expected: a longer stride"
            ));
        }
        Ok(())
    }

    /// How a shard's images of whole radiographs are resized for it.
    fn resized(&self) -> Resized {
        Resized { size: self.size, filter: self.filter, fit: self.fit }
    }

    /// The plane's size.
    pub fn plane(&self) -> Size {
        let side = self.size.min(Fit::MOST);
        Size::new(side, side).expect("MOST is the largest that is a size")
    }

    /// Where a radiograph lies on each plane that the network sees of it: one for the whole, else one a window, row by
    /// row. The last window of a row or column is moved inwards, so that none leaves the radiograph, unless that is smaller;
    /// it is centred then. Where [`View::check`] refuses the radiograph for its windows there are none.
    pub fn placements(&self, radiograph: Size) -> Vec<Placement> {
        let plane = self.plane();
        if self.windows.is_none() {
            return vec![Placement::whole(self.fit, radiograph, plane)];
        }
        if self.check_windows(radiograph).is_err() {
            return Vec::new();
        }
        let scaled = self.scaled(radiograph);
        let [columns, rows] =
            [scaled.width(), scaled.height()].map(|whole| starts(whole, self.size, self.steps()));
        let corners = rows.flat_map(|y| columns.clone().map(move |x| [x, y]));
        corners.map(|corner| Placement::window(radiograph, scaled, corner, plane)).collect()
    }

    /// Pixels at the network's scale from one window to the next.
    fn steps(&self) -> u32 {
        let Some(Windows { side, stride }) = self.windows else { return self.size };
        ((f64::from(stride) * f64::from(self.size) / f64::from(side.max(1))).round() as u32).max(1)
    }

    /// The plane that shows `image`, at the network's scale, so placed.
    ///
    /// # Panics
    /// Where the image is not of the placement's scaled size.
    pub fn lay(&self, image: &Image, placement: &Placement) -> Vec<u8> {
        let mut plane = vec![0; placement.network().pixels() as usize];
        placement.lay(image, &mut plane);
        if let Some(clahe) = self.clahe {
            clahe.apply_to(placement.network(), &mut plane);
        }
        plane
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn view(size: u32, windows: Option<[u32; 2]>) -> View {
        let windows = windows.map(|[side, stride]| Windows { side, stride });
        View { size, filter: Filter::Area, fit: Fit::Pad, windows, clahe: None }
    }

    #[test]
    fn windows_cover_a_radiograph_and_stay_inside() {
        let radiograph = Size::new(2048, 1500).unwrap();
        let corners: Vec<[i32; 2]> = view(512, Some([1024, 1024]))
            .placements(radiograph)
            .iter()
            .map(|placement| placement.origin().map(|at| -at))
            .collect();
        assert_eq!(corners, [[0, 0], [512, 0], [0, 238], [512, 238]]);
    }

    #[test]
    fn windows_of_no_side_or_with_gaps_are_refused() {
        let check = |side, stride| Windows { side, stride }.check();
        assert_eq!([check(32, 1), check(96, 96)], [Ok(()), Ok(())]);
        assert!(check(0, 1).unwrap_err().contains("32 to 16384"));
        assert!(check(96, 0).unwrap_err().contains("1 to 96"));
        assert!(check(96, 97).unwrap_err().contains("a stride of 97"));
    }

    #[test]
    fn a_window_over_all_is_the_whole() {
        let radiograph = Size::new(2048, 2048).unwrap();
        assert_eq!(
            view(512, Some([2048, 1024])).placements(radiograph),
            view(512, None).placements(radiograph)
        );
    }

    #[test]
    fn an_image_of_another_size_is_refused() {
        let radiograph = Size::new(300, 200).unwrap();
        let refusal = view(64, None).check(Size::new(64, 64).unwrap(), radiograph).unwrap_err();
        assert!(refusal.contains("resized with `--placement stretch`, but 64×43"), "{refusal}");
        assert_eq!(view(64, None).check(radiograph, radiograph), Ok(()));
        assert_eq!(view(64, None).scaled(radiograph), Size::new(64, 43).unwrap());
    }
}
