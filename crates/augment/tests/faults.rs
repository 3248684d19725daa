//! Every way in which a text is no recipe, with the words and the place that say so.
#![allow(clippy::unwrap_used)]

use augment::Recipe;

/// What is said about a text.
fn said(text: &str) -> String {
    match Recipe::parse(text) {
        Ok(recipe) => panic!("{text} is a recipe: {recipe:?}"),
        Err(error) => error.to_string(),
    }
}

/// What is said about one transform on one line, less its place.
fn said_of(transform: &str) -> String {
    said(&format!("transforms = [{{ {transform} }}]"))
}

#[test]
fn toml_that_is_none() {
    assert_eq!(
        said("[[transforms]]\nname = \"Rotate\"\nlimit = [1, \n"),
        "line 3, column 12: unclosed array, expected `]`"
    );
}

#[test]
fn names_and_keys() {
    let text = r#"transform = 3

[[transforms]]
p = 1

[[transforms]]
name = "Rotat"

[[transforms]]
name = 7

[[transforms]]
name = "OneOf"
[[transforms.transforms]]
name = "RandomGamma"
gamma_limits = [80, 120]
[[transforms.transforms]]
name = "InvertImg"
strength = 3
"#;
    let expected = "\
line 1, column 1: there is no transform; a recipe is a list of [[transforms]]
line 3, column 1: transforms[0]: name is missing; which transform it is was expected, as \"Rotate\"
line 7, column 8: transforms[1]: there is no transform Rotat; did you mean Rotate?
line 10, column 8: transforms[2]: there is no transform 7; there are HorizontalFlip, VerticalFlip, Rotate, \
ShiftScaleRotate, Affine, Perspective, RandomResizedCrop, CropAndPad, ElasticTransform, GridDistortion, \
RandomBrightnessContrast, RandomGamma, SigmoidContrast, InvertImg, CLAHE, Illumination, Sharpen, GaussianBlur, \
MedianBlur, MotionBlur, Downscale, GaussNoise, ShotNoise, SaltAndPepper, MultiplicativeNoise, CoarseDropout, OneOf, \
SomeOf and Sequential
line 16, column 1: transforms[3].transforms[0] (RandomGamma): there is no gamma_limits; did you mean gamma_limit?
line 19, column 1: transforms[3].transforms[1] (InvertImg): there is no strength; its keys are p";
    assert_eq!(said(text), expected);
    assert_eq!(
        said_of("name = \"Affine\", degrees = 3"),
        "line 1, column 34: transforms[0] (Affine): there is no degrees; its keys are p, scale, keep_ratio, \
         translate_percent, rotate and shear"
    );
}

#[test]
fn keys_of_albumentations_that_have_no_meaning_here() {
    let said_of_key = |name: &str, key: &str| {
        let said = said_of(&format!("name = \"{name}\", {key}"));
        said.strip_prefix("line 1, column ").unwrap().split_once(": ").unwrap().1.to_owned()
    };
    let expected = [
        ("Rotate", "border_mode = 4", "what comes from outside is always black: leave it out"),
        ("Affine", "cval = 3", "what comes from outside is always black: leave it out"),
        (
            "Affine",
            "interpolation = 1",
            "interpolation is always that of the checkpoint's filter: leave it out",
        ),
        (
            "RandomResizedCrop",
            "size = [8, 8]",
            "the size of the result is always the network's: leave it out",
        ),
        ("InvertImg", "always_apply = true", "write p = 1: leave it out"),
        ("CoarseDropout", "fill = 3", "did you mean fill_value?"),
    ];
    for (name, key, remedy) in expected {
        let word = key.split(' ').next().unwrap();
        assert_eq!(said_of_key(name, key), format!("transforms[0] ({name}): there is no {word}; {remedy}"));
    }
}

#[test]
fn values_of_another_kind() {
    let kinds = [
        ("name = \"Rotate\", p = \"much\"", 38, "(Rotate): p is \"much\"; a number was expected"),
        (
            "name = \"Rotate\", limit = [1, 2, 3]",
            42,
            "(Rotate): limit is [1, 2, 3]; a number or a pair of numbers was expected",
        ),
        (
            "name = \"ShiftScaleRotate\", shift_limit_x = true",
            60,
            "(ShiftScaleRotate): shift_limit_x is true; a number or a pair of numbers was expected",
        ),
        ("name = \"Affine\", keep_ratio = 1", 47, "(Affine): keep_ratio is 1; true or false was expected"),
        (
            "name = \"Affine\", shear = { x = 3 }",
            42,
            "(Affine): shear is { x = 3 }; a number, a pair of numbers, or { x = …, y = … } of such was expected",
        ),
        (
            "name = \"GridDistortion\", num_steps = 1.5",
            54,
            "(GridDistortion): num_steps is 1.5; a whole number from 0 was expected",
        ),
        (
            "name = \"CLAHE\", tile_grid_size = 8",
            50,
            "(CLAHE): tile_grid_size is 8; a pair of whole numbers was expected",
        ),
        (
            "name = \"CoarseDropout\", fill_value = 256",
            54,
            "(CoarseDropout): fill_value is 256; a whole number from 0 to 255 was expected",
        ),
        (
            "name = \"CoarseDropout\", hole_width_range = 8",
            60,
            "(CoarseDropout): hole_width_range is 8; a pair of whole numbers (pixels) or of shares of the side (as [0.1, 0.2]) was expected",
        ),
        (
            "name = \"OneOf\", transforms = 3",
            46,
            ".transforms is 3; a list of transforms was expected, as [[transforms]]",
        ),
        (
            "name = \"OneOf\", transforms = [3]",
            47,
            ".transforms[0] is 3; a transform was expected, as { name = \"Rotate\" }",
        ),
    ];
    for (transform, column, what) in kinds {
        let space = if what.starts_with('.') { "" } else { " " };
        assert_eq!(said_of(transform), format!("line 1, column {column}: transforms[0]{space}{what}"));
    }
    assert_eq!(
        said("transforms = 3"),
        "line 1, column 14: transforms is 3; a list of transforms was expected, as [[transforms]]"
    );
}

/// A transform, a key, a value out of its range, and what was expected.
const RANGES: [(&str, &str, &str, &str); 50] = [
    ("Rotate", "p", "1.5", "a number from 0 to 1"),
    ("HorizontalFlip", "p", "-0.1", "a number from 0 to 1"),
    ("VerticalFlip", "p", "NaN", "a number from 0 to 1"),
    ("InvertImg", "p", "2", "a number from 0 to 1"),
    ("Rotate", "limit", "200", "degrees from -180 to 180"),
    ("Rotate", "limit", "[30, -10]", "the lower number first"),
    ("ShiftScaleRotate", "shift_limit", "1.5", "shares of the sides from -1 to 1"),
    ("ShiftScaleRotate", "shift_limit_x", "[-2, 0]", "shares of the sides from -1 to 1"),
    ("ShiftScaleRotate", "shift_limit_y", "[-2, 0]", "shares of the sides from -1 to 1"),
    ("ShiftScaleRotate", "scale_limit", "1", "factors less 1 from -0.9 to 9"),
    ("ShiftScaleRotate", "rotate_limit", "[0, 181]", "degrees from -180 to 180"),
    ("Affine", "scale", "0", "factors from 0.1 to 10"),
    ("Affine", "translate_percent", "[0, 10]", "shares of the sides from -1 to 1"),
    ("Affine", "rotate", "[0, 1000]", "degrees from -360 to 360"),
    ("Affine", "shear", "[-90, 90]", "degrees from -60 to 60"),
    ("Perspective", "scale", "0.5", "shares of the sides from 0 to 0.3"),
    ("RandomResizedCrop", "scale", "[0, 1]", "shares of the area from 0.01 to 1"),
    ("RandomResizedCrop", "ratio", "[0, 1]", "proportions from 0.1 to 10"),
    ("CropAndPad", "percent", "-0.5", "shares of the sides from -0.45 to 1"),
    ("ElasticTransform", "alpha", "-1", "a number from 0 to 100000"),
    ("ElasticTransform", "sigma", "0.5", "a number of pixels from 1 to 1000"),
    ("GridDistortion", "num_steps", "0", "a whole number from 1 to 64"),
    ("GridDistortion", "distort_limit", "1", "factors less 1 from -0.9 to 0.9"),
    ("RandomBrightnessContrast", "brightness_limit", "20", "shares of white from -1 to 1"),
    ("RandomBrightnessContrast", "contrast_limit", "[-2, 0]", "numbers from -1 to 10"),
    ("RandomBrightnessContrast", "pivot", "127", "a share of white from 0 to 1"),
    ("RandomGamma", "gamma_limit", "[0.8, 1.2]", "per cent from 1 to 1000 (as [80, 120])"),
    ("SigmoidContrast", "gain", "-5", "numbers from 0 to 50"),
    ("SigmoidContrast", "cutoff", "127", "shares of white from 0 to 1"),
    ("CLAHE", "clip_limit", "[0, 4]", "numbers from 1 to 256"),
    ("CLAHE", "tile_grid_size", "[8, 0]", "a pair of whole numbers from 1 to 64"),
    ("Illumination", "factor_range", "[-1, 1]", "factors from 0 to 4"),
    ("Illumination", "nodes", "1", "a whole number from 2 to 16"),
    ("Sharpen", "alpha", "[0, 2]", "shares from 0 to 1"),
    ("Sharpen", "lightness", "[0, 5]", "numbers from 0 to 4"),
    ("GaussianBlur", "blur_limit", "[2, 7]", "odd numbers from 3 to 99 or 0"),
    ("GaussianBlur", "sigma_limit", "50", "pixels from 0 to 16"),
    ("MedianBlur", "blur_limit", "9", "odd numbers from 3 to 7"),
    ("MotionBlur", "blur_limit", "4", "odd numbers from 3 to 31"),
    ("MotionBlur", "angle_range", "-90", "degrees from 0 to 360"),
    ("Downscale", "scale_range", "[0, 1]", "shares of the sides from 0.02 to 1"),
    ("GaussNoise", "var_limit", "[-1, 1]", "grey values squared from 0 to 10000"),
    ("GaussNoise", "mean", "300", "a grey value from -255 to 255"),
    ("ShotNoise", "scale_range", "[0, 1]", "numbers from 0.00001 to 1"),
    ("SaltAndPepper", "amount", "[0, 6]", "shares from 0 to 1"),
    ("SaltAndPepper", "salt_vs_pepper", "5", "shares from 0 to 1"),
    ("MultiplicativeNoise", "multiplier", "[0, 40]", "factors from 0 to 4"),
    ("CoarseDropout", "num_holes_range", "[1, 2.5]", "whole numbers from 1 to 1000"),
    (
        "CoarseDropout",
        "hole_height_range",
        "[0, 8]",
        "a pair of whole numbers from 1 (pixels) or of shares from 0.0 to 1.0",
    ),
    ("CoarseDropout", "hole_width_range", "[0.5, 0.25]", "the lower number first"),
];

#[test]
fn values_out_of_their_range() {
    for (name, key, value, expected) in RANGES {
        let said = said(&format!(
            "[[transforms]]\nname = \"InvertImg\"\n[[transforms]]\nname = \"{name}\"\n{key} = {}",
            value.to_lowercase()
        ));
        let column = key.len() + 4;
        let what = format!("transforms[1] ({name}): {key} is {value}; {expected} was expected");
        assert_eq!(said, format!("line 5, column {column}: {what}"));
    }
}

#[test]
fn each_range_has_its_fault() {
    let schema = serde_json::to_value(schemars::schema_for!(augment::recipe::Transform)).unwrap();
    for entry in schema["oneOf"].as_array().unwrap() {
        let name = entry["properties"]["name"]["const"].as_str().unwrap();
        for key in entry["properties"].as_object().unwrap().keys() {
            let known = RANGES.iter().any(|range| (range.0, range.1) == (name, key));
            let elsewhere = ["name", "p", "transforms", "n"].contains(&key.as_str());
            let any_value = entry["properties"][key]["type"] == "boolean" || key == "fill_value";
            assert!(known || elsewhere || any_value, "{name}: {key}");
        }
    }
}

#[test]
fn values_that_must_be_given_or_suit_others() {
    let faults = [
        ("name = \"OneOf\"", "(OneOf): transforms is missing; a list of at least one transform was expected"),
        (
            "name = \"SomeOf\"",
            "(SomeOf): transforms is missing; a list of at least one transform was expected",
        ),
        (
            "name = \"Sequential\"",
            "(Sequential): transforms is missing; a list of at least one transform was expected",
        ),
        ("name = \"CropAndPad\"", "(CropAndPad): percent is missing; a pair as [-0.1, 0.1] was expected"),
    ];
    for (transform, what) in faults {
        assert_eq!(said_of(transform), format!("line 1, column 24: transforms[0] {what}"));
    }
    assert_eq!(
        said_of("name = \"SomeOf\", n = 0, transforms = [{ name = \"InvertImg\", p = 0 }]"),
        "line 1, column 38: transforms[0] (SomeOf): n is 0; a whole number from 1 to 100 was expected\n\
         line 1, column 54: transforms[0] (SomeOf): transforms is a list whose p are all 0; at least one p above 0 (they are \
         weights) was expected"
    );
    assert_eq!(
        said_of("name = \"GaussianBlur\", blur_limit = 0"),
        "line 1, column 24: transforms[0] (GaussianBlur): sigma_limit is 0; where blur_limit is 0 a pair of pixels from \
         0.1 to 16 was expected"
    );
}

#[test]
fn recipes_that_come_from_elsewhere_are_checked_too() {
    let error = serde_json::from_str::<Recipe>(r#"{"transforms":[{"name":"Rotate","p":1.5}]}"#).unwrap_err();
    let expected = "transforms[0] (Rotate): p is 1.5; a number from 0 to 1 was expected";
    assert!(error.to_string().starts_with(expected), "{error}");
    assert_eq!(
        Recipe::of_flags(1.5, 0.0, 0.0, 0.0, 0.0, 0.0).unwrap_err().to_string(),
        expected.replace("Rotate", "HorizontalFlip")
    );
}
