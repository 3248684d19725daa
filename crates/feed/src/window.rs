//! What is drawn for a sample: a plan, and, where the network sees windows, which one.

use augment::{Plan, Recipe};
use bones::crop::Bounds;
use bones::statistics::SplitMix64;
use pixels::{Placement, View};

use crate::Training;

/// What is done to a sample, and what of it is seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// How it is varied.
    pub plan: Plan,
    /// Where the radiograph lies on the network's plane.
    pub placement: Placement,
}

impl Drawn {
    /// That of a key.
    pub(crate) fn new(
        view: &View,
        sample: &Training,
        recipe: &Recipe,
        on_small_bones: f64,
        key: u64,
    ) -> Drawn {
        let mut random = SplitMix64::new(key);
        // The recipe has a sequence of its own, whether there are windows or not.
        let plan = recipe.plan([view.size; 2], random.next_u64());
        let placement = match view.windows {
            None => Placement::whole(view.fit, sample.radiograph, view.plane()),
            Some(_) => window(view, sample, on_small_bones, &mut random),
        };
        Drawn { plan, placement }
    }
}

/// A window anywhere in the radiograph, or with the middle of a small bone in its own middle half.
fn window(view: &View, sample: &Training, on_small_bones: f64, random: &mut SplitMix64) -> Placement {
    let scaled = view.scaled(sample.radiograph);
    let sides = [scaled.width(), scaled.height()];
    // The whole radiograph at the network's scale: a window's corner is a place in it.
    let scale = Placement::window(sample.radiograph, scaled, [0, 0], view.plane());
    let on_bone = unit(random) < on_small_bones && !sample.small.is_empty();
    let bone = on_bone.then(|| sample.small[random.below(sample.small.len())]);
    let corner = [0, 1].map(|axis| {
        let (side, window) = (i64::from(sides[axis]), i64::from(view.size));
        let slack = side - window;
        if slack <= 0 {
            // Smaller than a window: centred, as where it is seen window by window.
            return -((-slack / 2) as i32);
        }
        let start = match bone {
            None => random.below(slack as usize + 1) as i64,
            Some(bone) => {
                let middle = scale.to_network(middle(bone))[axis] + 0.5;
                let off = (unit(random) - 0.5) * window as f64 / 2.0;
                (middle - window as f64 / 2.0 + off).round() as i64
            }
        };
        start.clamp(0, slack) as i32
    });
    Placement::window(sample.radiograph, scaled, corner, view.plane())
}

/// The middle of a box, as a point among pixels: the centre of pixel 0 is at 0.
fn middle(bounds: Bounds) -> [f64; 2] {
    [[bounds.left, bounds.right], [bounds.top, bounds.bottom]]
        .map(|[start, end]| (f64::from(start) + f64::from(end) - 1.0) / 2.0)
}

/// A number in [0, 1) of 53 random bits.
fn unit(random: &mut SplitMix64) -> f64 {
    (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}
