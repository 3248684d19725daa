//! Ranges: what is drawn stays within them, and what is shown no larger than they say.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::tests::{SIZE, drawn, one, recipe};

/// Keys of a transform, what it notes, and from where to where it may draw that.
const RANGES: [(&str, &str, &str, [f64; 2]); 22] = [
    ("Rotate", "", "rotate", [-90.0, 90.0]),
    ("Rotate", "limit = [5, 7]", "rotate", [5.0, 7.0]),
    ("ShiftScaleRotate", "", "rotate", [-45.0, 45.0]),
    ("ShiftScaleRotate", "scale_limit = 0.3", "scale", [0.7, 1.3]),
    ("ShiftScaleRotate", "shift_limit = 0\nshift_limit_x = 0.25", "shift", [-24.0, 24.0]),
    ("Affine", "scale = [0.8, 1.1]\nkeep_ratio = true", "scale", [0.8, 1.1]),
    ("Affine", "rotate = [-3, 9]", "rotate", [-3.0, 9.0]),
    ("Affine", "shear = { x = [-8, 8], y = 0 }", "shear", [-8.0, 8.0]),
    ("Affine", "translate_percent = { x = [0, 0.5], y = 0 }", "shift", [0.0, 48.0]),
    ("Perspective", "scale = 0.2", "tilt", [0.0, 0.2]),
    ("RandomBrightnessContrast", "", "contrast", [0.8, 1.2]),
    ("RandomBrightnessContrast", "brightness_limit = [-0.5, 0]", "brightness", [-0.5, 0.0]),
    ("RandomGamma", "gamma_limit = [50, 200]", "gamma", [0.5, 2.0]),
    ("SigmoidContrast", "", "sigmoid", [3.0, 10.0]),
    ("CLAHE", "", "CLAHE", [1.0, 4.0]),
    ("Sharpen", "", "sharpen", [0.2, 0.5]),
    ("GaussianBlur", "blur_limit = 0\nsigma_limit = [0.5, 2]", "blur", [0.5, 2.0]),
    ("Downscale", "scale_range = [0.3, 0.9]", "downscale", [0.3, 0.9]),
    ("GaussNoise", "var_limit = [0, 100]", "noise", [0.0, 10.0]),
    ("ShotNoise", "scale_range = [0.001, 0.002]", "photons", [500.0, 1000.0]),
    ("SaltAndPepper", "", "salt and pepper", [0.01, 0.06]),
    ("MultiplicativeNoise", "", "multiply", [0.9, 1.1]),
];

#[test]
fn what_is_drawn_reaches_all_of_its_range_and_nothing_beyond() {
    for (name, keys, noted, [low, high]) in RANGES {
        let recipe = one(name, keys);
        let values =
            (0..3000).map(|key| drawn(&recipe.plan(SIZE, key), noted).map_or(0.0, |values| values[0]));
        let (least, greatest) =
            values.fold((f64::MAX, f64::MIN), |(l, g), value| (l.min(value), g.max(value)));
        let reach = (high - low) * 0.02;
        assert!(low <= least + 1e-9 && least < low + reach, "{name} {noted}: least {least}, not {low}");
        assert!(greatest <= high + 1e-9 && greatest > high - reach, "{name} {noted}: greatest {greatest}");
    }
}

/// Transforms that make the plane larger, and ranges for them.
fn zooms() -> impl Strategy<Value = String> {
    let share = 0.01..0.3_f64;
    prop_oneof![
        share.clone().prop_map(|scale| format!("Perspective\"\nscale = [0, {scale}]")),
        (0.1..1.0_f64, -60.0..60.0_f64).prop_map(|(scale, shear)| {
            let scale = 1.0 + scale;
            format!("Affine\"\nscale = [0.5, {scale}]\nshear = [{}, {}]", shear.min(0.0), shear.max(0.0))
        }),
        share.clone().prop_map(|scale| format!("ShiftScaleRotate\"\nscale_limit = {scale}")),
        share.clone().prop_map(|scale| format!("RandomResizedCrop\"\nscale = [{scale}, 1]")),
        share.clone().prop_map(|percent| format!("CropAndPad\"\npercent = [-{percent}, 0.1]")),
        share.prop_map(|limit| format!("GridDistortion\"\ndistort_limit = {limit}\nnormalized = true")),
    ]
}

proptest! {
    #[test]
    fn nothing_is_shown_larger_than_the_enlargement_says(zooms in prop::collection::vec(zooms(), 1..3), key: u64) {
        let text = zooms.iter().map(|zoom| format!("[[transforms]]\np = 1\nname = \"{zoom}\n")).collect::<String>();
        let recipe = recipe(&text);
        let size = [80, 80];
        let field = recipe.plan(size, key).field;
        for place in 0..81 {
            let at = [f64::from(place % 9) * 9.75 + 0.5, f64::from(place / 9) * 9.75 + 0.5];
            let from = field.apply(at);
            // Points of the result that are close together come from points closer together by the enlargement at most.
            for direction in 0..8 {
                let (sin, cos) = (f64::from(direction) * 0.785).sin_cos();
                let beside = field.apply([at[0] + 1e-4 * cos, at[1] + 1e-4 * sin]);
                let distance = (beside[0] - from[0]).hypot(beside[1] - from[1]) / 1e-4;
                prop_assert!(distance * recipe.enlargement() > 0.999, "{distance} {}", recipe.enlargement());
            }
        }
    }
}
