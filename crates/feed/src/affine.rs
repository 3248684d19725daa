//! Maps between the pixels of two images.

/// An affine map of pixel coordinates: (x, y) ↦ (a·x + b·y + c, d·x + e·y + f). Pixel (0, 0) has its centre at
/// (0, 0).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// a, b, c
    pub x: [f64; 3],
    /// d, e, f
    pub y: [f64; 3],
}

impl Affine {
    /// The map that leaves everything where it is.
    pub const IDENTITY: Affine = Affine { x: [1.0, 0.0, 0.0], y: [0.0, 1.0, 0.0] };

    /// The map from pixels of the result to pixels of the source that mirrors the source left to right where `flip`,
    /// then scales it by `scale` and turns it by `angle` radians (clockwise, as y goes down) about the centre of an
    /// image of `width` × `height`, then moves it by `shift` pixels.
    pub fn back(
        [width, height]: [u32; 2],
        flip: bool,
        scale: f64,
        angle: f64,
        [right, down]: [f64; 2],
    ) -> Affine {
        let [centre_x, centre_y] = [width, height].map(|side| (f64::from(side) - 1.0) / 2.0);
        let (sin, cos) = angle.sin_cos();
        let mirror = if flip { -1.0 } else { 1.0 };
        let x = [mirror * cos / scale, mirror * sin / scale];
        let y = [-sin / scale, cos / scale];
        let from = [centre_x + right, centre_y + down];
        let offset = |[across, along]: [f64; 2], centre: f64| centre - across * from[0] - along * from[1];
        Affine { x: [x[0], x[1], offset(x, centre_x)], y: [y[0], y[1], offset(y, centre_y)] }
    }

    /// Where the point (x, y) goes.
    pub fn apply(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.x, self.y].map(|[across, along, offset]| across * x + along * y + offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: [f64; 2], expected: [f64; 2]) {
        let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12);
        assert!(near, "{found:?}, expected {expected:?}");
    }

    #[test]
    fn goes_from_the_result_back_to_the_source() {
        assert_eq!(Affine::back([9, 7], false, 1.0, 0.0, [0.0; 2]), Affine::IDENTITY);
        let flip = Affine::back([10, 4], true, 1.0, 0.0, [0.0; 2]);
        close(flip.apply([0.0, 3.0]), [9.0, 3.0]);
        // A quarter turn clockwise takes the middle of the top to the middle of the right side.
        let quarter = Affine::back([11, 11], false, 1.0, std::f64::consts::FRAC_PI_2, [0.0; 2]);
        close(quarter.apply([10.0, 5.0]), [5.0, 0.0]);
        // Twice as large: what was 2 off the centre is 4 off.
        let twice = Affine::back([11, 11], false, 2.0, 0.0, [1.0, 0.0]);
        close(twice.apply([5.0 + 4.0 + 1.0, 5.0]), [7.0, 5.0]);
    }
}
