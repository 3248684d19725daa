//! The outline file of a radiograph, with the oddities of the competition's own.

use bones::polygon::Outline;
use serde_json::{Value, json};

use crate::maths::{PI, sin};
use crate::random::Random;
use crate::silhouette::Vertex;

/// The JSON of one radiograph: its annotations in random order, and metadata that now and then disagrees with the
/// image, as the competition's does.
pub(crate) fn annotation(
    outlines: &[Outline],
    name: &str,
    id: &str,
    size: usize,
    random: &mut Random,
) -> Value {
    let mut annotations: Vec<Value> = outlines
        .iter()
        .map(|Outline { bone, ring }| {
            json!({
                "id": format!("{:016x}", random.bits()),
                "type": "poly_seg",
                "attributes": {},
                "points": ring,
                "label": bone.name(),
            })
        })
        .collect();
    random.shuffle(&mut annotations);
    let stated = if random.chance(0.06) { size * 3060 / 2048 } else { size };
    let filename = if random.chance(0.12) { format!("{name}.jpg") } else { format!("{name}.png") };
    let worker = format!("{:024x}", random.bits());
    json!({
        "annotations": annotations,
        "attributes": {},
        "file_id": format!("{:024x}", random.bits()),
        "filename": filename,
        "parent_path": format!("/{id}"),
        "last_modifier_id": worker,
        "metadata": { "height": stated, "width": stated },
        "last_workers": [worker],
    })
}

/// Moves an outline as an unsteady annotator would: shifted and wavering by up to `reach` pixels, still inside the
/// image.
pub(crate) fn waver(ring: &mut [Vertex], reach: f64, size: usize, random: &mut Random) {
    let waves: Vec<[f64; 4]> = (0..5)
        .map(|_| [random.normal(), random.range(0.0, 2.0 * PI), random.normal(), random.range(0.0, 2.0 * PI)])
        .collect();
    let n = ring.len() as f64;
    let last = size as i32 - 1;
    for (index, vertex) in ring.iter_mut().enumerate() {
        let turn = 2.0 * PI * index as f64 / n;
        let (mut dx, mut dy) = (0.0, 0.0);
        for (k, [a, p, b, q]) in waves.iter().enumerate() {
            dx += a * sin(k as f64 * turn + p);
            dy += b * sin(k as f64 * turn + q);
        }
        let moved = |v: i32, by: f64| (f64::from(v) + 0.45 * reach * by + 0.5).floor() as i32;
        *vertex = [moved(vertex[0], dx).clamp(0, last), moved(vertex[1], dy).clamp(0, last)];
    }
}
