//! Drawing (visualisation, overlays) of bones on their radiographs: pictures, captions, a contact sheet.
//!
//! ```text
//! image, masks        →  Picture  →  rows of colours   each bone tinted, outlined in its colour
//! pictures, captions  →  Sheet    →  Canvas            all of them at a glance, over a legend of the colours
//! ```
//!
//! A picture is made row by row, so that it never is in memory as a whole, however large it is.

mod canvas;
mod caption;
mod grey;
mod outline;
mod palette;
mod picture;
mod sheet;

pub use canvas::Canvas;
pub use palette::{COLOURS, Rgb, colour};
pub use picture::Picture;
pub use sheet::{Cell, Sheet};
