//! Laws of recipes, over many keys.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use super::*;
use crate::{Plan, Tone};

pub(super) const SIZE: [u32; 2] = [96, 64];

pub(super) fn recipe(text: &str) -> Recipe {
    Recipe::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

/// A recipe of one transform of this name and these keys, which always happens.
pub(super) fn one(name: &str, keys: &str) -> Recipe {
    recipe(&format!("[[transforms]]\nname = \"{name}\"\n{keys}\np = 1"))
}

#[test]
fn recipes_that_come_with_the_program_are_read_and_drawn() {
    for name in Recipe::BUILTIN {
        let recipe = Recipe::builtin(name).unwrap();
        assert_eq!(recipe.is_empty(), name == "none");
        let text = toml::to_string(&recipe).unwrap();
        assert_eq!(Recipe::parse(&text).unwrap(), recipe, "{text}");
        assert!(recipe.enlargement() < 10.0, "{name}: {}", recipe.enlargement());
        for key in 0..200 {
            let plan = recipe.plan(SIZE, key);
            assert_eq!(plan, recipe.plan(SIZE, key));
            assert!(serde_json::to_value(&plan).unwrap().is_object(), "{plan}");
            assert!(plan.to_string().chars().all(|letter| letter == '·' || letter as u32 <= 255), "{plan}");
        }
    }
    assert_eq!(Recipe::builtin("fields"), None);
}

#[test]
fn each_value_of_the_recipes_says_what_it_is() {
    for name in ["field", "radiograph"] {
        let text = Recipe::builtin_text(name).unwrap();
        let transforms: Vec<&str> = text.split("[transforms").skip(1).collect();
        assert!(transforms.len() > 10, "{name}");
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{name}");
        let plain = |line: &&str| line.starts_with("name = ") || line.starts_with("p = ");
        let silent = text.lines().filter(|line| line.contains(" = ") && !plain(line) && !line.contains('#'));
        assert_eq!(silent.collect::<Vec<_>>(), [""; 0], "{name}");
    }
}

#[test]
fn an_empty_recipe_draws_nothing() {
    assert_eq!(Recipe::default().plan(SIZE, 3), Plan::IDENTITY);
    assert_eq!(Recipe::builtin("none").unwrap().plan(SIZE, 3), Plan::IDENTITY);
    assert_eq!(Plan::IDENTITY.to_string(), "as it is");
    assert_eq!(recipe(""), Recipe::default());
    assert_eq!(Recipe::default().enlargement(), 1.0);
}

#[test]
fn probability_0_never_happens_and_1_always() {
    let [never, always] =
        [0, 1].map(|p| recipe(&format!("transforms = [{{ name = \"InvertImg\", p = {p} }}]")));
    let half = recipe("transforms = [{ name = \"InvertImg\" }]");
    let mut happened = 0;
    for key in 0..2000 {
        assert_eq!(never.plan(SIZE, key), Plan::IDENTITY);
        assert_eq!(always.plan(SIZE, key).tone.len(), 1);
        happened += half.plan(SIZE, key).tone.len();
    }
    assert!((900..1100).contains(&happened), "{happened} of 2000");
}

/// What was drawn by this name, of a plan.
pub(super) fn drawn<'a>(plan: &'a Plan, name: &str) -> Option<&'a [f64]> {
    plan.drawn.iter().find(|drawn| drawn.name == name).map(|drawn| drawn.values.as_slice())
}

#[test]
fn a_transform_draws_the_same_whatever_stands_behind_or_beside_it() {
    let first = "[[transforms]]\nname = \"RandomGamma\"\n";
    let [near, far] = ["rotate_limit = 5", "rotate_limit = 50\np = 1"]
        .map(|keys| format!("[[transforms]]\nname = \"ShiftScaleRotate\"\n{keys}\n"));
    let last = "[[transforms]]\nname = \"GaussNoise\"\n";
    let texts = [
        format!("{first}{near}{last}"),
        format!("{first}{far}{last}"),
        format!("{first}{near}{last}{last}"),
        format!("{first}{near}[[transforms]]\nname = \"GaussNoise\"\n"),
    ];
    let recipes = texts.map(|text| recipe(&text));
    for key in 0..200 {
        let plans = recipes.each_ref().map(|recipe| recipe.plan(SIZE, key));
        for plan in &plans[1..] {
            assert_eq!(drawn(plan, "gamma"), drawn(&plans[0], "gamma"));
            let noise = |plan: &Plan| {
                let noises = plan.tone.iter().filter(|tone| matches!(tone, Tone::GaussNoise { .. }));
                noises.cloned().collect::<Vec<_>>()
            };
            assert!(noise(plan).starts_with(&noise(&plans[0])));
        }
        // What is within a wider range stands at the same share of it.
        if let Some(near) = drawn(&plans[0], "rotate") {
            let far = drawn(&plans[1], "rotate").unwrap();
            assert!((near[0] * 10.0 - far[0]).abs() < 1e-9, "{near:?} {far:?}");
        }
    }
}

#[test]
fn one_of_takes_one_by_weight() {
    let text = |p: &str| {
        let entries = [("InvertImg", "0.1"), ("MedianBlur", "0.3"), ("CLAHE", "0"), ("GaussNoise", "0.6")];
        let entries =
            entries.map(|(name, p)| format!("[[transforms.transforms]]\nname = \"{name}\"\np = {p}\n"));
        format!("[[transforms]]\nname = \"OneOf\"\np = {p}\n{}", entries.concat())
    };
    let (group, half) = (recipe(&text("1")), recipe(&text("0.5")));
    let mut counts = [0; 3];
    for key in 0..4000 {
        let plan = group.plan(SIZE, key);
        let [tone] = plan.tone.as_slice() else { panic!("{plan}") };
        match tone {
            Tone::Curve(_) => counts[0] += 1,
            Tone::MedianBlur { .. } => counts[1] += 1,
            Tone::GaussNoise { .. } => counts[2] += 1,
            other => panic!("{other:?}"),
        }
        let rarer = half.plan(SIZE, key);
        assert!(rarer == plan || rarer == Plan::IDENTITY);
    }
    for (count, share) in counts.into_iter().zip([0.1, 0.3, 0.6]) {
        assert!((f64::from(count) - 4000.0 * share).abs() < 120.0, "{counts:?}");
    }
}

#[test]
fn some_of_takes_so_many_in_order_and_sequential_each_with_its_p() {
    let inside = ["InvertImg", "MedianBlur", "GaussNoise", "Downscale"]
        .map(|name| format!("[[transforms.transforms]]\nname = \"{name}\"\n"))
        .concat();
    let some = recipe(&format!("[[transforms]]\nname = \"SomeOf\"\nn = 2\n{inside}"));
    let again = recipe(&format!("[[transforms]]\nname = \"SomeOf\"\nn = 6\nreplace = true\n{inside}"));
    let sequence = recipe(&format!("[[transforms]]\nname = \"Sequential\"\np = 1\n{inside}"));
    let names = |plan: &Plan| plan.drawn.iter().map(|drawn| drawn.name).collect::<Vec<_>>();
    let order =
        |name: &str| ["invert", "median", "noise", "downscale"].iter().position(|known| *known == name);
    let (mut pairs, mut lengths) = (BTreeSet::new(), BTreeSet::new());
    for key in 0..400 {
        let chosen = names(&some.plan(SIZE, key));
        assert!(chosen.len() == 2 && order(chosen[0]) < order(chosen[1]), "{chosen:?}");
        pairs.insert(chosen);
        assert_eq!(again.plan(SIZE, key).drawn.len(), 6);
        lengths.insert(sequence.plan(SIZE, key).drawn.len());
    }
    assert_eq!((pairs.len(), lengths.len()), (6, 5));
}

#[test]
fn flags_mean_what_they_always_meant() {
    assert!(Recipe::of_flags(0.0, 0.0, 0.0, 0.0, 0.0, 0.0).unwrap().is_empty());
    let names = |recipe: &Recipe| recipe.transforms().iter().map(Transform::name).collect::<Vec<_>>();
    assert_eq!(names(&Recipe::of_flags(0.0, 0.0, 0.1, 0.0, 0.0, 0.0).unwrap()), ["ShiftScaleRotate"]);
    let recipe = Recipe::of_flags(0.5, 15.0, 0.1, 0.05, 0.1, 0.15).unwrap();
    assert_eq!(names(&recipe), ["HorizontalFlip", "ShiftScaleRotate", "RandomBrightnessContrast"]);
    assert!((recipe.enlargement() - 1.1).abs() < 1e-12);
    let (mut flips, mut greatest) = (0, [0.0_f64; 6]);
    for key in 0..2000 {
        let plan = recipe.plan([100, 100], key);
        let [x, y, _] = plan.field.base.inverse().unwrap().0;
        let determinant = x[0] * y[1] - x[1] * y[0];
        flips += usize::from(determinant < 0.0);
        let [contrast, brightness, rotate] =
            ["contrast", "brightness", "rotate"].map(|name| drawn(&plan, name).unwrap()[0]);
        let centre = plan.field.base.inverse().unwrap().apply([49.5, 49.5]);
        let [Tone::Curve(curve)] = plan.tone.as_slice() else { panic!("{plan}") };
        let expected = (100.0 - 127.5) * contrast + 127.5 + 255.0 * brightness;
        assert!((f64::from(curve.values()[100]) - expected).abs() <= 0.5);
        let found = [
            determinant.abs().sqrt() - 1.0,
            rotate,
            centre[0] - 49.5,
            centre[1] - 49.5,
            contrast - 1.0,
            brightness,
        ];
        greatest = [0, 1, 2, 3, 4, 5].map(|index| greatest[index].max(found[index].abs()));
    }
    assert!((900..1100).contains(&flips), "{flips} of 2000 were mirrored");
    for (greatest, reach) in greatest.into_iter().zip([0.1, 15.0, 5.0, 5.0, 0.15, 0.1]) {
        assert!(greatest < reach * (1.0 + 1e-9) && greatest > reach * 0.98, "{greatest} of {reach}");
    }
    assert!(Recipe::of_flags(1.5, 0.0, 0.0, 0.0, 0.0, 0.0).is_err());
}

#[test]
fn crops_show_a_rectangle_of_the_plane() {
    let keys = "scale = [0.2, 0.9]\nratio = [0.5, 2]";
    let (cropped, padded) = (one("RandomResizedCrop", keys), one("CropAndPad", "percent = [-0.2, 0.1]"));
    let even = one("CropAndPad", "percent = -0.25\nsample_independently = false");
    let [right, bottom] = SIZE.map(|side| f64::from(side) - 0.5);
    for key in 0..500 {
        let field = cropped.plan(SIZE, key).field;
        let ([x0, y0], [x1, y1]) = (field.apply([-0.5, -0.5]), field.apply([right, bottom]));
        assert!(x0 >= -0.5 - 1e-9 && y0 >= -0.5 - 1e-9 && x1 <= right + 1e-9 && y1 <= bottom + 1e-9);
        let (area, ratio) = ((x1 - x0) * (y1 - y0) / (96.0 * 64.0), (x1 - x0) / (y1 - y0));
        assert!((0.2 - 1e-9..0.9 + 1e-9).contains(&area) && (0.5 - 1e-9..2.0 + 1e-9).contains(&ratio));
        let ([x0, y0], [x1, y1]) = {
            let field = padded.plan(SIZE, key).field;
            (field.apply([-0.5, -0.5]), field.apply([right, bottom]))
        };
        for share in [(-0.5 - x0) / 96.0, (-0.5 - y0) / 64.0, (x1 - right) / 96.0, (y1 - bottom) / 64.0] {
            assert!((-0.2 - 1e-9..0.1 + 1e-9).contains(&share), "{share}");
        }
    }
    let quarter = even.plan(SIZE, 1).field.apply([-0.5, -0.5]);
    assert!((quarter[0] - 23.5).abs() < 1e-9 && (quarter[1] - 15.5).abs() < 1e-9);
    assert!((even.enlargement() - 2.0).abs() < 1e-9);
}

#[test]
fn holes_lie_within_the_plane() {
    let pixels = one("CoarseDropout", "num_holes_range = [2, 5]\nhole_height_range = [4, 90]");
    let shares = one("CoarseDropout", "hole_width_range = [0.1, 0.25]\nfill_value = 200");
    let mut counts = BTreeSet::new();
    for key in 0..500 {
        let plan = pixels.plan(SIZE, key);
        counts.insert(plan.holes.len());
        let within = |hole: &crate::Hole| hole.x + hole.width <= 96 && hole.y + hole.height <= 64;
        assert!(plan.holes.iter().all(|hole| within(hole) && hole.width == 8 && hole.height >= 4));
        let [hole] = shares.plan(SIZE, key).holes.try_into().unwrap();
        assert!((9..=24).contains(&hole.width) && hole.height == 8 && hole.fill == 200, "{hole:?}");
    }
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [2, 3, 4, 5]);
}

#[test]
fn plans_say_what_was_drawn() {
    let keys = "rotate_limit = [12, 12]\nscale_limit = [0, 0]\nshift_limit = [0, 0]";
    let mut transforms = one("HorizontalFlip", "").transforms().to_vec();
    transforms.extend_from_slice(one("ShiftScaleRotate", keys).transforms());
    transforms.extend_from_slice(one("RandomGamma", "gamma_limit = [80, 80]").transforms());
    transforms.extend_from_slice(one("GaussianBlur", "blur_limit = [3, 3]").transforms());
    let plan = Recipe::new(transforms).unwrap().plan(SIZE, 0);
    assert_eq!(plan.to_string(), "flip · rotate 12° · gamma 0.8 · blur 3");
}

#[test]
fn draws_are_the_same_for_good() {
    // A change here changes what every run sees: say so in CHANGELOG.md.
    let field = Recipe::builtin("field").unwrap();
    let radiograph = Recipe::builtin("radiograph").unwrap();
    assert_eq!(
        field.plan([512, 512], 0).to_string(),
        "flip · scale 1.09 · rotate -2.94° · shift 15.7 px -7.22 px · grid · contrast 0.87 · brightness -0.086"
    );
    assert_eq!(
        field.plan([512, 512], u64::MAX).to_string(),
        "flip · scale 0.92 · rotate 17.4° · shift -23.5 px -18.1 px · CLAHE 1.37"
    );
    assert_eq!(
        radiograph.plan([512, 512], 5).to_string(),
        "flip · scale 1.15 · rotate -4.27° · shear -7.73° 0° · shift -11.7 px 37.4 px · elastic 4.89 px · sigmoid 6.9 · light 0.81 1.28 · downscale 0.47 · holes 2"
    );
}

#[test]
fn what_changes_nothing_leaves_the_field_as_it_is() {
    let plan = one("Affine", "").plan(SIZE, 5);
    assert_eq!((plan.field, plan.drawn), (crate::Field::IDENTITY, Vec::new()));
}
