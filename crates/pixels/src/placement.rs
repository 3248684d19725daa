//! Where a radiograph lies on a network's plane, and the way between their pixels.

use bones::Size;
use clap::ValueEnum;
use planes::Image;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a radiograph that is no square comes onto a square plane.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Its proportions kept, centred, black around it
    #[default]
    Pad,
    /// Each side stretched to the plane's
    Stretch,
}

impl Fit {
    /// `pad` or `stretch`: the header's attribute.
    pub fn name(self) -> &'static str {
        match self {
            Fit::Pad => "pad",
            Fit::Stretch => "stretch",
        }
    }

    /// The longest side of a square that is a [`Size`].
    pub const MOST: u32 = 65_535;

    /// The size of a radiograph, of at least a pixel, that is to fill a square of `side`, 1 … [`Fit::MOST`] (what is beyond
    /// counts as the nearer end): rounded, at least one pixel.
    pub fn scaled(self, radiograph: Size, side: u32) -> Size {
        let side = side.clamp(1, Fit::MOST);
        let longest = radiograph.width().max(radiograph.height()).max(1);
        let fitted = |length: u32| match self {
            Fit::Stretch => side,
            Fit::Pad => {
                let rounded =
                    (2 * u64::from(length) * u64::from(side) + u64::from(longest)) / (2 * u64::from(longest));
                (rounded as u32).max(1)
            }
        };
        Size::new(fitted(radiograph.width()), fitted(radiograph.height())).expect("no larger than the square")
    }
}

/// Where a radiograph lies on a network's plane. The radiograph, resized to `scaled`, has its top left pixel at `origin`
/// of the plane; around it is black, and what leaves the plane is not seen.
///
/// ```text
/// whole                               window
/// ┌───────────────┐ network           ┌───────────────┐ scaled
/// │ · · · · · · · │                   │   ┌───────┐   │
/// │┌─────────────┐│ ← origin (0, 2)   │   │network│   │ ← origin (−4, −1)
/// ││   scaled    ││                   │   └───────┘   │
/// │└─────────────┘│                   └───────────────┘
/// └───────────────┘
/// ```
///
/// Pixels have their centres at half pixels: network pixel i shows the point (i − origin + ½)·radiograph/scaled − ½.
/// This type is the only one that computes coordinates between the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placement {
    radiograph: Size,
    scaled: Size,
    origin: [i32; 2],
    network: Size,
}

impl Placement {
    /// The whole of a radiograph on a plane of `network`, a square; centred (half a pixel more is right and below).
    ///
    /// # Panics
    /// Where the plane is no square.
    pub fn whole(fit: Fit, radiograph: Size, network: Size) -> Placement {
        assert_eq!(network.width(), network.height(), "a network sees a square");
        let scaled = fit.scaled(radiograph, network.width());
        let centred = |side: fn(Size) -> u32| (side(network).saturating_sub(side(scaled)) / 2) as i32;
        Placement { radiograph, scaled, origin: [centred(Size::width), centred(Size::height)], network }
    }

    /// A part of a radiograph, which is resized to `scaled` as a whole: the top left pixel of the plane is that at
    /// `corner` of the resized radiograph. A corner may be negative where the radiograph is smaller than the plane.
    pub fn window(radiograph: Size, scaled: Size, corner: [i32; 2], network: Size) -> Placement {
        Placement { radiograph, scaled, origin: corner.map(i32::saturating_neg), network }
    }

    /// The radiograph's size.
    pub fn radiograph(&self) -> Size {
        self.radiograph
    }

    /// The size that the whole radiograph has at the network's scale.
    pub fn scaled(&self) -> Size {
        self.scaled
    }

    /// Where the resized radiograph's top left pixel lies on the plane, (x, y).
    pub fn origin(&self) -> [i32; 2] {
        self.origin
    }

    /// The plane's size.
    pub fn network(&self) -> Size {
        self.network
    }

    /// The point of the radiograph that the point (x, y) of the plane shows.
    pub fn to_radiograph(&self, point: [f64; 2]) -> [f64; 2] {
        self.along(|axis, [radiograph, scaled]| {
            (point[axis] - f64::from(self.origin[axis]) + 0.5) * radiograph / scaled - 0.5
        })
    }

    /// Where the point (x, y) of the radiograph lies on the plane.
    pub fn to_network(&self, point: [f64; 2]) -> [f64; 2] {
        self.along(|axis, [radiograph, scaled]| {
            (point[axis] + 0.5) * scaled / radiograph - 0.5 + f64::from(self.origin[axis])
        })
    }

    fn along(&self, map: impl Fn(usize, [f64; 2]) -> f64) -> [f64; 2] {
        let sides = |size: Size| [size.width(), size.height()].map(f64::from);
        let (radiograph, scaled) = (sides(self.radiograph), sides(self.scaled));
        [0, 1].map(|axis| map(axis, [radiograph[axis], scaled[axis]]))
    }

    /// The columns and rows of the plane that show the radiograph.
    pub fn inside(&self) -> [std::ops::Range<usize>; 2] {
        let range = |axis: usize, network: u32, scaled: u32| {
            let within = |place: i64| place.clamp(0, i64::from(network)) as usize;
            let origin = i64::from(self.origin[axis]);
            within(origin)..within(origin + i64::from(scaled))
        };
        [
            range(0, self.network.width(), self.scaled.width()),
            range(1, self.network.height(), self.scaled.height()),
        ]
    }

    /// Whether the plane shows the resized radiograph and nothing else, pixel by pixel.
    pub fn is_identity(&self) -> bool {
        self.origin == [0, 0] && self.scaled == self.network
    }

    /// Lays the resized radiograph onto the plane, black around it.
    ///
    /// # Panics
    /// Where the image is not of the size [`Placement::scaled`], or `plane` not of the plane's.
    pub fn lay(&self, image: &Image, plane: &mut [u8]) {
        assert_eq!(image.size(), self.scaled, "the radiograph at the network's scale");
        assert_eq!(plane.len(), self.network.pixels() as usize, "the network's plane");
        self.rows(plane, image.pixels(), |to, from| to.copy_from_slice(from));
    }

    /// Takes what shows the radiograph out of a map on the plane.
    ///
    /// # Panics
    /// Where `map` is not of the plane's size, or not all of the radiograph is on the plane.
    pub fn cut<T: Copy>(&self, map: &[T]) -> Vec<T> {
        assert_eq!(map.len(), self.network.pixels() as usize, "the network's plane");
        let [columns, rows] = self.inside();
        assert_eq!(
            [columns.len(), rows.len()],
            [self.scaled.width(), self.scaled.height()].map(|side| side as usize)
        );
        let width = self.network.width() as usize;
        rows.flat_map(|y| &map[y * width..][columns.clone()]).copied().collect()
    }

    /// Hands out each row of the plane as far as it shows the radiograph, with that part of the resized radiograph; what
    /// is around it is set to nothing.
    fn rows<T: Copy + Default>(&self, plane: &mut [T], image: &[T], take: impl Fn(&mut [T], &[T])) {
        let [columns, rows] = self.inside();
        let (width, image_width) = (self.network.width() as usize, self.scaled.width() as usize);
        for (y, row) in plane.chunks_exact_mut(width.max(1)).enumerate() {
            if columns.is_empty() || !rows.contains(&y) {
                row.fill(T::default());
                continue;
            }
            row[..columns.start].fill(T::default());
            row[columns.end..].fill(T::default());
            let start = (y as i64 - i64::from(self.origin[1])) as usize * image_width
                + (columns.start as i64 - i64::from(self.origin[0])) as usize;
            take(&mut row[columns.clone()], &image[start..start + columns.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn size(width: u32, height: u32) -> Size {
        Size::new(width, height).unwrap()
    }

    #[test]
    fn a_square_fills_the_plane_either_way() {
        for fit in [Fit::Pad, Fit::Stretch] {
            let placement = Placement::whole(fit, size(2048, 2048), size(512, 512));
            assert!(placement.is_identity());
            assert_eq!(placement.to_radiograph([0.0, 511.0]), [1.5, 2045.5]);
            assert_eq!(placement.to_network([1.5, 2045.5]), [0.0, 511.0]);
        }
    }

    #[test]
    fn proportions_are_kept_and_centred() {
        let placement = Placement::whole(Fit::Pad, size(1500, 2000), size(100, 100));
        assert_eq!((placement.scaled(), placement.origin()), (size(75, 100), [12, 0]));
        assert_eq!(placement.inside(), [12..87, 0..100]);
        assert_eq!(placement.to_network([-0.5, -0.5]), [11.5, -0.5]);
        assert_eq!(Placement::whole(Fit::Stretch, size(1500, 2000), size(100, 100)).scaled(), size(100, 100));
        // A sliver keeps a pixel.
        assert_eq!(Fit::Pad.scaled(size(1, 4000), 64), size(1, 64));
    }

    #[test]
    fn what_is_laid_is_cut_out_again() {
        for (radiograph, side) in [(size(3, 5), 10), (size(7, 2), 9), (size(4, 4), 4)] {
            let placement = Placement::whole(Fit::Pad, radiograph, size(side, side));
            let scaled = placement.scaled();
            let image = Image::new(scaled, (1..=scaled.pixels() as u8).collect()).unwrap();
            let mut plane = vec![255; (side * side) as usize];
            placement.lay(&image, &mut plane);
            assert_eq!(placement.cut(&plane), image.pixels());
            assert_eq!(plane.iter().filter(|&&grey| grey != 0).count(), scaled.pixels() as usize);
        }
    }

    #[test]
    fn a_window_sees_its_part() {
        let image = Image::new(size(4, 3), (1..=12).collect()).unwrap();
        let mut plane = vec![0; 4];
        Placement::window(size(4, 3), size(4, 3), [1, 1], size(2, 2)).lay(&image, &mut plane);
        assert_eq!(plane, [6, 7, 10, 11]);
        // Beyond the radiograph there is black.
        Placement::window(size(4, 3), size(4, 3), [3, -1], size(2, 2)).lay(&image, &mut plane);
        assert_eq!(plane, [0, 0, 4, 0]);
    }
}
