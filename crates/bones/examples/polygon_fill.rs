//! Fills the ring of each line of standard input, `{"size": [width, height], "ring": [[x, y], …]}`, and prints
//! `start length` pairs of its pixels (row-major, from 0), a line each. `tests/golden/opencv/fuzz.py` compares
//! them with OpenCV's.

use std::io::{self, BufRead, Write};

use bones::polygon::{self, Outline};
use bones::{Bone, Size};
use serde_json::Value;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bone = Bone::ALL[0];
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let case: Value = serde_json::from_str(&line?)?;
        let [width, height]: [u32; 2] = serde_json::from_value(case["size"].clone())?;
        let size = Size::new(width, height).ok_or("size: more than 2^32 pixels")?;
        let ring = serde_json::from_value(case["ring"].clone())?;
        for range in polygon::fill(&[Outline { bone, ring }], size).ranges(bone) {
            write!(out, "{} {} ", range.start, range.end - range.start)?;
        }
        writeln!(out)?;
    }
    Ok(out.flush()?)
}
