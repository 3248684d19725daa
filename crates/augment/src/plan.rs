//! Plans: what was drawn for one sample.

use std::fmt;

use serde::Serialize;

use crate::Field;

/// What is done to one sample: first the warp, then the tone's steps in order, then the holes. Pure data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// Where each pixel of the network's plane comes from, in pixels of that plane.
    pub field: Field,
    /// What becomes of grey values.
    pub tone: Vec<Tone>,
    /// What is covered at the end.
    pub holes: Vec<Hole>,
    /// The same in words, in the order of the recipe.
    pub drawn: Vec<Drawn>,
}

/// One thing that was drawn, for people to read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Drawn {
    /// What, as `rotate`.
    pub name: &'static str,
    /// How much; nothing where it only happens.
    pub values: Vec<f64>,
    /// Written after each value, as `°`.
    pub unit: &'static str,
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        for value in &self.values {
            // Three digits or so are enough to read.
            let digits = [0.1, 10.0, 100.0].iter().filter(|&&bound| value.abs() < bound).count();
            let text = format!("{value:.digits$}");
            let text = if digits > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
            write!(f, " {}{}", if text == "-0" { "0" } else { text }, self.unit)?;
        }
        Ok(())
    }
}

impl fmt::Display for Plan {
    /// One line, as `flip · rotate 12.4° · gamma 0.8`; `as it is` where nothing was drawn.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.drawn.is_empty() {
            return f.write_str("as it is");
        }
        for (index, drawn) in self.drawn.iter().enumerate() {
            write!(f, "{}{drawn}", if index == 0 { "" } else { " · " })?;
        }
        Ok(())
    }
}

impl Plan {
    /// Leaves a sample as it is.
    pub const IDENTITY: Plan =
        Plan { field: Field::IDENTITY, tone: Vec::new(), holes: Vec::new(), drawn: Vec::new() };
}

/// A step of tone: what it makes of the grey values of a plane.
///
/// Random numbers of noise are functions of `key` and the pixel's number alone (counter-based).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Tone {
    /// A point operation, as `cv2.LUT`.
    Curve(Curve),
    /// Contrast-limited adaptive histogram equalisation, as `cv2.createCLAHE(clipLimit, tileGridSize)`.
    Clahe(pixels::Clahe),
    /// `cv2.GaussianBlur(ksize=(size, size), sigmaX=sigma)`, with BORDER_REFLECT_101; `size` is odd.
    GaussianBlur {
        /// Side of the kernel.
        size: u32,
        /// Standard deviation in pixels; 0: 0.3·((size − 1)·0.5 − 1) + 0.8.
        sigma: f64,
    },
    /// `cv2.medianBlur(ksize=size)`, with BORDER_REPLICATE; `size` is odd, at most 7.
    MedianBlur {
        /// Side of the kernel.
        size: u32,
    },
    /// A small kernel (sharpening, motion blur), as `cv2.filter2D`, with BORDER_REFLECT_101.
    Convolve(Kernel),
    /// Adds normal noise.
    GaussNoise {
        /// Of the random numbers.
        key: u64,
        /// Mean, in grey values.
        mean: f64,
        /// Standard deviation, in grey values.
        deviation: f64,
    },
    /// Photon noise: v becomes a Poisson number of mean v·`photons`/255, over `photons`/255.
    PoissonNoise {
        /// Of the random numbers.
        key: u64,
        /// Photons that make white.
        photons: f64,
    },
    /// Turns a share of the pixels white or black.
    SaltAndPepper {
        /// Of the random numbers.
        key: u64,
        /// The share of pixels.
        amount: f64,
        /// The share of those that becomes white.
        salt: f64,
    },
    /// Multiplies each pixel by a number of its own, uniform between `low` and `high`.
    MultiplicativeNoise {
        /// Of the random numbers.
        key: u64,
        /// The least factor.
        low: f64,
        /// The greatest factor.
        high: f64,
    },
    /// Multiplies by a smooth field.
    Illumination(Illumination),
    /// Scales down and back up: `cv2.resize` to `scale` of both sides by INTER_AREA, then back by INTER_LINEAR.
    Downscale {
        /// The share of the sides that is left.
        scale: f64,
    },
}

/// What each grey value becomes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    values: Vec<u8>,
}

impl Curve {
    /// The curve of a function of grey values (0 … 255), rounded and clamped.
    pub fn of(function: impl Fn(f64) -> f64) -> Curve {
        let value = |grey: u8| function(f64::from(grey)).round().clamp(0.0, 255.0) as u8;
        Curve { values: (0..=255u8).map(value).collect() }
    }

    /// The 256 values.
    pub fn values(&self) -> &[u8] {
        &self.values
    }
}

/// A square kernel of an odd side, centred, row-major.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Kernel {
    side: u32,
    weights: Vec<f32>,
}

impl Kernel {
    /// A kernel of side × side weights; `None` where the side is even or the number of weights another one.
    pub fn new(side: u32, weights: Vec<f32>) -> Option<Kernel> {
        (side % 2 == 1 && weights.len() == (side * side) as usize).then_some(Kernel { side, weights })
    }

    /// Its side.
    pub fn side(&self) -> u32 {
        self.side
    }

    /// Its weights, row-major.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }
}

/// A smooth field of factors: values on a grid whose corners are the image's, bilinear in between.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Illumination {
    /// Nodes in a row, at least 2.
    pub columns: u32,
    /// The factor at each node, row-major, at least two rows.
    pub factors: Vec<f64>,
}

/// A covered rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Hole {
    /// The first column.
    pub x: u32,
    /// The first row.
    pub y: u32,
    /// Columns; what leaves the image is left out.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The grey value inside.
    pub fill: u8,
}
