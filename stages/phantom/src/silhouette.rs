//! Outlines: the traced border of a silhouette, thinned to as many vertices as an annotator would click.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use bones::contour::trace;
use bones::{BoneSet, Mask, Size};

use crate::radiograph::Silhouette;
use crate::random::scatter;

/// A pixel position (x, y) of the image.
pub(crate) type Vertex = [i32; 2];

impl Silhouette {
    /// The pixels of the largest connected part's border, in turn; empty where nothing is covered.
    pub(crate) fn border(&self) -> Vec<Vertex> {
        let own = BoneSet::of(self.bone);
        let pixels: Vec<BoneSet> =
            self.covered.iter().map(|&covered| if covered { own } else { BoneSet::EMPTY }).collect();
        let mask = Size::new(self.window.width as u32, self.window.height as u32)
            .and_then(|size| Mask::from_dense(size, &pixels));
        let largest = mask.and_then(|mask| trace(&mask, self.bone).into_iter().next());
        let (left, top) = (self.window.left as i32, self.window.top as i32);
        let corners = largest.map_or_else(Vec::new, |part| part.ring);
        let sides = corners.iter().zip(corners.iter().cycle().skip(1));
        let steps = sides.flat_map(|(&[x, y], &[to_x, to_y])| {
            // Sides run horizontally, vertically or diagonally.
            let (dx, dy) = ((to_x - x).signum(), (to_y - y).signum());
            let length = (to_x - x).abs().max((to_y - y).abs()).max(1);
            (0..length).map(move |step| [x + step * dx + left, y + step * dy + top])
        });
        steps.collect()
    }
}

/// Thins a closed ring to `count` vertices, taking away first what changes the outline least: the vertex whose
/// triangle with its neighbours is smallest (Visvalingam and Whyatt, "Line generalisation by repeated elimination
/// of points", 1993).
pub(crate) fn thin(ring: &[Vertex], count: usize) -> Vec<Vertex> {
    let n = ring.len();
    if n <= count.max(3) {
        return ring.to_vec();
    }
    let mut before: Vec<usize> = (0..n).map(|i| (i + n - 1) % n).collect();
    let mut after: Vec<usize> = (0..n).map(|i| (i + 1) % n).collect();
    let area = |a: usize, b: usize, c: usize| {
        let ([ax, ay], [bx, by], [cx, cy]) = (ring[a], ring[b], ring[c]);
        (i64::from(bx - ax) * i64::from(cy - ay) - i64::from(by - ay) * i64::from(cx - ax)).abs()
    };
    let mut current: Vec<i64> = (0..n).map(|i| area(before[i], i, after[i])).collect();
    // Of equal ones, such as the many on straight sides, any goes first, so that what is left lies evenly.
    let entry = |size: i64, vertex: usize| Reverse((size, scatter(vertex as u64), vertex));
    let mut heap: BinaryHeap<_> = (0..n).map(|i| entry(current[i], i)).collect();
    let mut kept = vec![true; n];
    let mut left = n;
    while left > count.max(3) {
        let Some(Reverse((size, _, vertex))) = heap.pop() else { break };
        if !kept[vertex] || current[vertex] != size {
            continue;
        }
        kept[vertex] = false;
        left -= 1;
        let (p, q) = (before[vertex], after[vertex]);
        after[p] = q;
        before[q] = p;
        for neighbour in [p, q] {
            // Never below what was removed already, so that spikes do not unravel.
            current[neighbour] = area(before[neighbour], neighbour, after[neighbour]).max(size);
            heap.push(entry(current[neighbour], neighbour));
        }
    }
    (0..n).filter(|&i| kept[i]).map(|i| ring[i]).collect()
}

#[cfg(test)]
mod tests {
    use bones::Bone;

    use super::*;
    use crate::project::Window;

    fn silhouette(rows: &[&str]) -> Silhouette {
        Silhouette {
            bone: Bone::ALL[0],
            window: Window { left: 10, top: 20, width: rows[0].len(), height: rows.len() },
            covered: rows.iter().flat_map(|row| row.chars().map(|c| c == '#')).collect(),
        }
    }

    #[test]
    fn the_largest_part_is_traced_where_it_lies() {
        let border = silhouette(&["#....", "..###", "..###", "..###"]).border();
        assert_eq!(border, [[12, 21], [13, 21], [14, 21], [14, 22], [14, 23], [13, 23], [12, 23], [12, 22]]);
        assert!(silhouette(&["...", "..."]).border().is_empty());
    }

    #[test]
    fn thinning_keeps_corners() {
        let ring: Vec<Vertex> =
            (0..8).map(|i| [i, 0]).chain((0..8).map(|i| [8, i])).chain([[8, 8], [0, 8]]).collect();
        assert_eq!(thin(&ring, 4), [[0, 0], [8, 0], [8, 8], [0, 8]]);
    }
}
