//! Law: the fill of a ring inside the image is that of a slow dense fill; of any ring it does not depend on where the
//! ring starts; and the runs are in order and end at the last pixel.
//!
//! The first three bytes are width, height and how the rest gives coordinates: in bytes, or in four bytes each.
#![no_main]

use bones::polygon::{Outline, fill};
use bones::{Bone, Mask, Size};
use libfuzzer_sys::fuzz_target;

/// The interior by even–odd pairs of crossings in 16.16 fixed point, and each side by rounding its ideal line.
fn painted(ring: &[[i32; 2]], width: usize, height: usize) -> Vec<bool> {
    let mut canvas = vec![false; width * height];
    let mut crossings = vec![Vec::new(); height];
    for (index, &to) in ring.iter().enumerate() {
        let from = ring[(index + ring.len() - 1) % ring.len()];
        let ([x, y], [right, end]) = if to[0] < from[0] { (to, from) } else { (from, to) };
        let (across, down) = (right - x, end - y);
        let long = across.max(down.abs());
        for step in 0..=long {
            // Half a pixel goes to the left end's side, whose pixel the division keeps.
            let minor = |all: i32| (2 * step * all.abs() + long - 1) / (2 * long).max(1) * all.signum();
            let [x, y] = if across >= down.abs() {
                [x + step, y + minor(down)]
            } else {
                [x + minor(across), y + step * down.signum()]
            };
            canvas[y as usize * width + x as usize] = true;
        }
        let (top, bottom) = if from[1] < to[1] { (from, to) } else { (to, from) };
        for row in top[1]..bottom[1] {
            let slope = (i64::from(bottom[0] - top[0]) << 16) / i64::from(bottom[1] - top[1]);
            crossings[row as usize]
                .push((i64::from(top[0]) << 16) + (1 << 15) + i64::from(row - top[1]) * slope);
        }
    }
    for (row, crossings) in crossings.iter_mut().enumerate() {
        crossings.sort_unstable();
        for pair in crossings.chunks_exact(2) {
            canvas[row * width..][(pair[0] >> 16) as usize..=(pair[1] >> 16) as usize].fill(true);
        }
    }
    canvas
}

fuzz_target!(|input: (u8, u8, u8, &[u8])| {
    let (width, height, wide, bytes) = input;
    let size = Size::new(width.into(), height.into()).unwrap();
    let ring: Vec<[i32; 2]> = match wide % 2 {
        0 => bytes.as_chunks().0.iter().map(|corner: &[u8; 2]| corner.map(i32::from)).collect(),
        _ => bytes
            .as_chunks::<4>()
            .0
            .as_chunks()
            .0
            .iter()
            .map(|corner: &[_; 2]| corner.map(i32::from_le_bytes))
            .collect(),
    };
    let bone = Bone::ALL[3];
    let filled = |ring: &[[i32; 2]]| fill(&[Outline { bone, ring: ring.to_vec() }], size);
    let mask = filled(&ring);
    assert_eq!(Mask::from_runs(size, mask.runs().iter().copied()).as_ref(), Ok(&mask));
    let mut rotated = ring.clone();
    rotated.rotate_left(ring.len() / 2);
    assert_eq!(filled(&rotated), mask);
    let inside =
        |&[x, y]: &[i32; 2]| (0..i32::from(width)).contains(&x) && (0..i32::from(height)).contains(&y);
    if ring.iter().all(inside) {
        let covered: Vec<bool> = mask.to_dense().iter().map(|set| set.contains(bone)).collect();
        assert_eq!(covered, painted(&ring, width.into(), height.into()));
    }
});
