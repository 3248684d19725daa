//! Rendering: what a plan makes of a radiograph and its bones, at the network's size.

mod cells;
mod form;
mod grey;
mod labels;
mod positions;
mod pyramid;

use pixels::Placement;

pub use cells::Cells;
pub use form::LabelForm;
pub use pyramid::Pyramid;

use crate::{Homography, Plan, tone};
use grey::Grey;
use labels::RowMemory;
use positions::{Back, Points};

/// A radiograph, its bones, and where it lies on the network's plane.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The radiograph.
    pub pyramid: &'a Pyramid,
    /// Its bones, of the form of `labels`.
    pub cells: &'a Cells,
    /// What labels are to say.
    pub labels: LabelForm,
    /// Where the radiograph lies.
    pub placement: Placement,
}

/// Memory that rendering uses again, one a thread.
#[derive(Default)]
pub struct Memory {
    rows: RowMemory,
    positions: [Vec<i32>; 2],
    tone: tone::Scratch,
}

/// Renders a sample: grey values `[height, width]` of the placement's network plane, and labels `[words, height, width]`
/// ([`LabelForm::words`]).
///
/// Grey values are interpolated between the four nearest pixels of a level of the pyramid, and rounded once, before the
/// steps of tone. What is not of the radiograph is black and has no bones. A plan that moves nothing, or mirrors, gives
/// the very bytes of [`Pyramid::base`] on the plane.
///
/// # Panics
/// Where a slice has another length, or the cells are not of the form of the labels.
pub fn render(plan: &Plan, source: &Source<'_>, image: &mut [u8], labels: &mut [i32], memory: &mut Memory) {
    let Source { pyramid, cells, labels: form, placement } = *source;
    let network = placement.network();
    let width = network.width() as usize;
    assert_eq!(image.len(), network.pixels() as usize, "grey values of the network's plane");
    assert_eq!(pyramid.scaled(), placement.scaled(), "the pyramid of a radiograph that is placed so");
    let (scaled, to_scaled) = (placement.scaled(), to_scaled(plan, placement));
    let mesh = plan.field.mesh.as_ref();

    match mirrored(plan, network) {
        Some(mirror) => {
            placement.lay(&pyramid.base(), image);
            mirror.apply(image, width);
        }
        None => {
            let centre = [f64::from(network.width() - 1) / 2.0, f64::from(network.height() - 1) / 2.0];
            let level = pyramid.level(to_scaled.area(centre).abs().sqrt());
            let back = Back { map: Homography::resize(sides(scaled), sides(level.size())) * to_scaled, mesh };
            let grey = Grey::of(level);
            let [xs, ys] = &mut memory.positions;
            xs.resize(width, 0);
            ys.resize(width, 0);
            for (y, row) in image.chunks_exact_mut(width).enumerate() {
                back.of(Points { first: 0.0, step: 1.0, y: y as f64 }, xs, ys);
                grey.at(xs, ys, row);
            }
        }
    }

    render_labels(plan, cells, form, placement, labels, memory);

    tone::apply(&plan.tone, network, image, &mut memory.tone);
    for hole in &plan.holes {
        let rows = image.chunks_exact_mut(width).skip(hole.y as usize).take(hole.height as usize);
        let [start, end] = [hole.x, hole.x.saturating_add(hole.width)].map(|x| (x as usize).min(width));
        rows.for_each(|row| row[start..end].fill(hole.fill));
    }
}

/// The labels alone, as [`render`] makes them.
///
/// # Panics
/// As [`render`], for the labels.
pub fn render_labels(
    plan: &Plan,
    cells: &Cells,
    form: LabelForm,
    placement: Placement,
    labels: &mut [i32],
    memory: &mut Memory,
) {
    let (network, scaled) = (placement.network(), placement.scaled());
    let pixels = network.pixels() as usize;
    assert_eq!(labels.len(), form.words() * pixels, "labels of the network's plane");
    // A cell holds the positions from its number to the next one.
    let to_cells = Homography::translation(0.5, 0.5) * Homography::resize(sides(scaled), sides(cells.size));
    let back = Back { map: to_cells * to_scaled(plan, placement), mesh: plan.field.mesh.as_ref() };
    labels::render(cells, form, back, network.width() as usize, labels, &mut memory.rows);
}

/// From the result to the resized radiograph.
fn to_scaled(plan: &Plan, placement: Placement) -> Homography {
    let [left, top] = placement.origin().map(f64::from);
    Homography::translation(-left, -top) * plan.field.base
}

fn sides(size: bones::Size) -> [f64; 2] {
    [f64::from(size.width()), f64::from(size.height())]
}

/// Mirrors a plane.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Mirror {
    across: bool,
    down: bool,
}

impl Mirror {
    fn apply(self, plane: &mut [u8], width: usize) {
        if self.across && self.down {
            plane.reverse();
        } else if self.across {
            plane.chunks_exact_mut(width).for_each(<[u8]>::reverse);
        } else if self.down {
            let rows = plane.len() / width;
            for y in 0..rows / 2 {
                let (upper, lower) = plane.split_at_mut((rows - 1 - y) * width);
                upper[y * width..(y + 1) * width].swap_with_slice(&mut lower[..width]);
            }
        }
    }
}

/// Where a plan moves nothing, or mirrors the plane and no more, how it does.
fn mirrored(plan: &Plan, network: bones::Size) -> Option<Mirror> {
    if plan.field.mesh.is_some() {
        return None;
    }
    let along = |side: u32, forth: f64, offset: f64| {
        let same = forth == 1.0 && offset == 0.0;
        let back = forth == -1.0 && offset == f64::from(side) - 1.0;
        (same || back).then_some(back)
    };
    let Homography([[a, b, c], [d, e, f], _]) = plan.field.base;
    let straight = plan.field.base.is_affine() && b == 0.0 && d == 0.0;
    if !straight {
        return None;
    }
    Some(Mirror { across: along(network.width(), a, c)?, down: along(network.height(), e, f)? })
}
