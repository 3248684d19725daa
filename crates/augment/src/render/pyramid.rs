//! Image pyramids: a radiograph at the scales at which it may be shown.

use bones::Size;
use pixels::{Filter, resize};
use planes::Image;

/// A radiograph at the scales at which it may be shown.
///
/// Under the area filter the base is the radiograph as the network sees it, so that what is hardly varied has the very
/// pixels that prediction sees; above it are levels of twice the size each, for what is shown enlarged, as far as the
/// radiograph has the pixels, below it levels of half the size. The linear filter does not antialias: it looks at the
/// radiograph itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pyramid {
    /// The largest first.
    levels: Vec<Image>,
    scaled: Size,
    filter: Filter,
}

/// Levels smaller than the base.
const SMALLER: u32 = 2;

impl Pyramid {
    /// Of an image of a radiograph that the network sees at the size `scaled`, for an `enlargement` up to this.
    pub fn new(image: Image, scaled: Size, filter: Filter, enlargement: f64) -> Pyramid {
        if filter == Filter::Linear {
            return Pyramid { levels: vec![image], scaled, filter };
        }
        let native = image.size();
        let at =
            |size: Size| if size == native { image.clone() } else { resize(image.clone(), size, filter) };
        let mut levels = vec![at(scaled)];
        let mut largest = scaled;
        // A level serves up to √2 times its scale.
        let mut served = std::f64::consts::SQRT_2;
        while enlargement > served && (native.width() > largest.width() || native.height() > largest.height())
        {
            let twice = Size::new(largest.width() * 2, largest.height() * 2);
            let twice =
                twice.filter(|size| size.width() <= native.width() && size.height() <= native.height());
            largest = twice.unwrap_or(native);
            levels.insert(0, at(largest));
            served *= 2.0;
        }
        for _ in 0..SMALLER {
            let last = levels.last().expect("it has a base").clone();
            let halved = |side: u32| side.div_ceil(2).max(1);
            let size = Size::new(halved(last.size().width()), halved(last.size().height()));
            levels.push(resize(last, size.expect("smaller than one that is"), filter));
        }
        Pyramid { levels, scaled, filter }
    }

    /// The radiograph as the network sees it where nothing is varied: the bytes of [`pixels::resize`].
    pub fn base(&self) -> Image {
        let found = self.levels.iter().find(|level| level.size() == self.scaled);
        found.cloned().unwrap_or_else(|| resize(self.levels[0].clone(), self.scaled, self.filter))
    }

    /// The size of [`Pyramid::base`].
    pub fn scaled(&self) -> Size {
        self.scaled
    }

    /// The level to show the radiograph from where a pixel of the result covers `step` × `step` pixels of the base: the
    /// largest of which a pixel covers √2 × √2 at most.
    pub(super) fn level(&self, step: f64) -> &Image {
        let fits = |level: &&Image| {
            let ratio = f64::from(level.size().width()) / f64::from(self.scaled.width());
            self.filter == Filter::Linear || step * ratio <= std::f64::consts::SQRT_2
        };
        self.levels.iter().find(fits).unwrap_or(&self.levels[self.levels.len() - 1])
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        self.levels.iter().map(|level| level.pixels().len()).sum()
    }
}
