//! What a sample takes: `render [RECIPE]`, milliseconds on one core for 512 × 512 from 2048 × 2048, for moves of each
//! kind, and for the recipe (`field` where none is named).

use std::time::Instant;

use augment::render::{Cells, LabelForm, Memory, Pyramid, Source, render};
use augment::{Field, Homography, Plan, Recipe};
use bones::{BoneSet, Mask, Size};
use pixels::{Filter, Fit, Placement};
use planes::Image;

/// A palm's worth of discs, some of them overlapping, over noise.
fn radiograph(size: Size) -> Option<(Image, Mask)> {
    let (mut grey, mut sets) = (Vec::new(), Vec::new());
    for at in 0..size.pixels() {
        let [x, y] = [at % size.width(), at / size.width()].map(f64::from);
        let disc = |bone: u32| {
            let [column, row] = [bone % 6, bone / 6].map(f64::from);
            (x - 300.0 - 280.0 * column).hypot(y - 340.0 - 330.0 * row) < 120.0 + 5.0 * f64::from(bone % 9)
        };
        let bits = (0..29).filter(|&bone| disc(bone)).fold(0, |bits, bone| bits | 1 << bone);
        grey.push((at.wrapping_mul(2_654_435_761) >> 26) as u8 + if bits == 0 { 30 } else { 150 });
        sets.push(BoneSet::from_bits_truncate(bits));
    }
    Some((Image::new(size, grey)?, Mask::from_dense(size, &sets)?))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (large, small) = (Size::new(2048, 2048).ok_or("size")?, Size::new(512, 512).ok_or("size")?);
    let (image, mask) = radiograph(large).ok_or("size")?;
    let placement = Placement::whole(Fit::Pad, large, small);
    let middle = [255.5, 255.5];
    let turn = Homography::rotation(0.2).about(middle);
    let zoom = Homography::scaling(1.08, 1.08).about(middle);
    let mirror = Homography::affine([-1.0, 0.0, 511.0], [0.0, 1.0, 0.0]);
    let field = |base| Plan { field: Field { base, mesh: None }, ..Plan::IDENTITY };
    let plans = [
        ("nothing", field(Homography::IDENTITY)),
        ("mirror", field(mirror)),
        ("turn, zoom, mirror", field(turn * zoom * mirror)),
        ("perspective", field(Homography([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1e-4, 5e-5, 1.0]]) * turn)),
    ];
    let mut memory = Memory::default();
    for filter in [Filter::Area, Filter::Linear] {
        for labels in [LabelForm::Coverage, LabelForm::Centre] {
            let (pyramid, cells) =
                (Pyramid::new(image.clone(), small, filter, 1.2), Cells::new(&mask, small, labels));
            let source = Source { pyramid: &pyramid, cells: &cells, labels, placement };
            for (name, plan) in &plans {
                let mut out = (vec![0; 512 * 512], vec![0; labels.words() * 512 * 512]);
                let took = least(|_| {
                    render(plan, &source, &mut out.0, &mut out.1, &mut memory);
                    std::hint::black_box(&out);
                });
                eprintln!("{filter:?} {labels:?} {name:<20} {took:.3} ms");
            }
        }
    }
    let recipe = match std::env::args().nth(1) {
        Some(path) => Recipe::parse(&std::fs::read_to_string(path)?)?,
        None => Recipe::builtin("field").ok_or("no recipe `field`")?,
    };
    let (labels, filter) = (LabelForm::Coverage, Filter::Area);
    let (pyramid, cells) =
        (Pyramid::new(image, small, filter, recipe.enlargement()), Cells::new(&mask, small, labels));
    let source = Source { pyramid: &pyramid, cells: &cells, labels, placement };
    let mut out = (vec![0; 512 * 512], vec![0; labels.words() * 512 * 512]);
    let start = Instant::now();
    for key in 0..200 {
        render(&recipe.plan([512; 2], key), &source, &mut out.0, &mut out.1, &mut memory);
    }
    eprintln!("the recipe, on average: {:.3} ms", start.elapsed().as_secs_f64() * 1e3 / 200.0);
    Ok(())
}

fn least(mut work: impl FnMut(usize)) -> f64 {
    let mut times: Vec<f64> = (0..41)
        .map(|turn| {
            let start = Instant::now();
            work(turn);
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[0]
}
