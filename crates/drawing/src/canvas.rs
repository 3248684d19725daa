//! A canvas: red, green and blue pixels that can be filled, written on, and saved as PNG.

use std::io::{self, Write};

use font8x8::{BASIC_FONTS, LATIN_FONTS, UnicodeFonts};

use crate::palette::Rgb;

/// Pixels of a character's side at scale 1.
pub(crate) const GLYPH: usize = 8;

/// Red, green and blue pixels, row-major.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Rgb>,
}

impl Canvas {
    /// A canvas of one colour.
    pub fn new(width: usize, height: usize, colour: Rgb) -> Canvas {
        Canvas { width, height, pixels: vec![colour; width * height] }
    }

    /// From rows of `width` pixels, one after the other.
    ///
    /// # Panics
    /// Where the last row is not whole.
    pub fn from_rows(width: usize, pixels: Vec<Rgb>) -> Canvas {
        let height = pixels.len() / width.max(1);
        assert_eq!(pixels.len(), width * height);
        Canvas { width, height, pixels }
    }

    /// Pixels of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many rows there are.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Adds rows of one colour below.
    pub fn extend(&mut self, rows: usize, colour: Rgb) {
        self.height += rows;
        self.pixels.resize(self.width * self.height, colour);
    }

    /// The pixels, row-major.
    pub fn pixels(&self) -> &[Rgb] {
        &self.pixels
    }

    /// Fills a rectangle, as far as it lies on the canvas.
    pub fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, colour: Rgb) {
        let columns = x.min(self.width)..(x + width).min(self.width);
        for row in self.pixels.chunks_exact_mut(self.width.max(1)).skip(y).take(height) {
            row[columns.clone()].fill(colour);
        }
    }

    /// Puts another canvas onto this one, as far as it lies on it.
    pub fn paste(&mut self, x: usize, y: usize, other: &Canvas) {
        let width = other.width.min(self.width.saturating_sub(x));
        let rows = self.pixels.chunks_exact_mut(self.width.max(1)).skip(y);
        for (row, other) in rows.zip(other.pixels.chunks_exact(other.width.max(1))) {
            row[x..x + width].copy_from_slice(&other[..width]);
        }
    }

    /// Writes a line of text, 8 × `scale` pixels a character. The font has Latin-1 (ISO 8859-1), such as ° and ×, and
    /// the minus sign; other characters become `?`.
    pub fn write(&mut self, x: usize, y: usize, scale: usize, colour: Rgb, text: &str) {
        for (index, character) in text.chars().enumerate() {
            let character = if character == '\u{2212}' { '-' } else { character };
            let glyph = BASIC_FONTS.get(character).or_else(|| LATIN_FONTS.get(character));
            let glyph = glyph.or_else(|| BASIC_FONTS.get('?')).expect("the font has all of ASCII");
            for (row, bits) in glyph.into_iter().enumerate() {
                for column in (0..GLYPH).filter(|column| bits >> column & 1 == 1) {
                    let left = x + (index * GLYPH + column) * scale;
                    self.fill(left, y + row * scale, scale, scale, colour);
                }
            }
        }
    }

    /// Writes the canvas as a PNG file.
    pub fn write_png(&self, output: impl Write) -> io::Result<()> {
        png(output, self.width, self.height, |push| {
            self.pixels.chunks_exact(self.width.max(1)).try_for_each(push)
        })
    }
}

/// Writes a PNG file row by row: `rows` pushes each of them.
pub(crate) fn png(
    output: impl Write,
    width: usize,
    height: usize,
    rows: impl FnOnce(&mut dyn FnMut(&[Rgb]) -> io::Result<()>) -> io::Result<()>,
) -> io::Result<()> {
    let side = |side: usize| u32::try_from(side).map_err(io::Error::other);
    let mut encoder = png::Encoder::new(output, side(width)?, side(height)?);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut file = encoder.write_header()?;
    let mut stream = file.stream_writer()?;
    rows(&mut |row| stream.write_all(row.as_flattened()))?;
    stream.finish()?;
    Ok(file.finish()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn text_stays_on_the_canvas_and_marks_pixels() {
        let mut canvas = Canvas::new(20, 9, [0; 3]);
        canvas.write(1, 1, 1, [9; 3], "I\u{d55c}I");
        let marked = canvas.pixels().iter().filter(|&&pixel| pixel == [9; 3]).count();
        assert!(marked > 20, "{marked}");
        let written = |text| {
            let mut canvas = Canvas::new(8, 8, [0; 3]);
            canvas.write(0, 0, 1, [9; 3], text);
            canvas
        };
        assert_ne!(written("\u{b0}"), written("?"));
        assert_eq!((written("\u{2212}"), written("\u{d55c}")), (written("-"), written("?")));
    }

    #[test]
    fn what_lies_off_the_canvas_is_cut() {
        let mut canvas = Canvas::new(4, 3, [0; 3]);
        canvas.paste(2, 2, &Canvas::new(5, 5, [7; 3]));
        canvas.fill(9, 9, 3, 3, [1; 3]);
        assert_eq!(canvas.pixels().iter().filter(|&&pixel| pixel == [7; 3]).count(), 2);
    }

    #[test]
    fn a_png_holds_the_pixels() {
        let canvas = Canvas::from_rows(2, vec![[1, 2, 3], [4, 5, 6]]);
        let mut bytes = Vec::new();
        canvas.write_png(&mut bytes).unwrap();
        let mut reader = png::Decoder::new(io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; 6];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, [1, 2, 3, 4, 5, 6]);
    }
}
