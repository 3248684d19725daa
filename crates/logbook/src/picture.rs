//! A picture of the log: a PNG file, and what its header says of it.

use std::io;

use crate::wire::Message;

/// A PNG file.
#[derive(Clone, Debug)]
pub struct Picture {
    /// [height, width].
    size: [u32; 2],
    /// Grey 1, grey with alpha 2, RGB 3, RGBA 4.
    colour_space: u32,
    png: Vec<u8>,
}

impl Picture {
    /// Takes a PNG file. Fails with [`io::ErrorKind::InvalidInput`] where it does not begin as one; what follows the
    /// header is not looked at.
    pub fn new(png: Vec<u8>) -> io::Result<Picture> {
        let refused = |found: String| {
            let text = format!("an image of the log must be a PNG file, but {found}: encode it as PNG");
            io::Error::new(io::ErrorKind::InvalidInput, text)
        };
        // Signature; length, name, width, height, bits and colour type of the first chunk.
        let Some(header) = png.first_chunk::<26>() else {
            return Err(refused(format!("it has {} bytes only", png.len())));
        };
        if &header[..8] != b"\x89PNG\r\n\x1a\n" || &header[12..16] != b"IHDR" {
            return Err(refused("it begins otherwise".to_owned()));
        }
        let number =
            |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let colour_space = match header[25] {
            0 => 1,
            4 => 2,
            // Palettes are of RGB.
            2 | 3 => 3,
            6 => 4,
            other => return Err(refused(format!("its colour type is {other}"))),
        };
        Ok(Picture { size: [number(20), number(16)], colour_space, png })
    }

    /// `Image` of TensorBoard's protocol.
    pub(crate) fn message(&self) -> Message {
        Message::new()
            .varint(1, u64::from(self.size[0]))
            .varint(2, u64::from(self.size[1]))
            .varint(3, u64::from(self.colour_space))
            .bytes(4, &self.png)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_png_is_refused_with_what_to_do() {
        for (bytes, found) in [(&b"GIF89a"[..], "has 6 bytes only"), (&[0; 100], "begins otherwise")] {
            let error = Picture::new(bytes.to_owned()).expect_err("it is no PNG");
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains(found), "{error}");
            assert!(error.to_string().ends_with("encode it as PNG"), "{error}");
        }
    }
}
