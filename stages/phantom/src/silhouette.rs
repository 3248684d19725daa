//! Outlines: the traced border of a silhouette, thinned to as many vertices as an annotator would click.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::radiograph::Silhouette;

/// A pixel position (x, y) of the image.
pub(crate) type Vertex = (i32, i32);

impl Silhouette {
    /// The border pixels of the largest connected part, in turn; empty where nothing is covered.
    pub(crate) fn border(&self) -> Vec<Vertex> {
        let (width, height) = (self.window.width as i32, self.window.height as i32);
        let part = self.largest_part();
        let covered = |x: i32, y: i32| {
            (0..width).contains(&x) && (0..height).contains(&y) && part[(y * width + x) as usize]
        };
        let Some(first) = part.iter().position(|&inside| inside) else { return Vec::new() };
        let start = (first as i32 % width, first as i32 / width);
        // Moore neighbours, clockwise from the west (y grows downwards).
        const AROUND: [(i32, i32); 8] = [(-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1)];
        let mut border = vec![start];
        let (mut at, mut back) = (start, 0usize);
        let mut first_step = None;
        loop {
            let step = (1..=8)
                .map(|turn| (back + turn) % 8)
                .find(|&way| covered(at.0 + AROUND[way].0, at.1 + AROUND[way].1));
            let Some(way) = step else { break };
            // Back at the start and about to leave it the same way: the border is closed.
            if at == start && first_step == Some(way) && border.len() > 1 {
                border.pop();
                break;
            }
            first_step.get_or_insert(way);
            at = (at.0 + AROUND[way].0, at.1 + AROUND[way].1);
            // The neighbour looked at just before this one was free, and is where the next search starts.
            back = if way % 2 == 0 { (way + 6) % 8 } else { (way + 5) % 8 };
            border.push(at);
        }
        let (left, top) = (self.window.left as i32, self.window.top as i32);
        border.iter().map(|&(x, y)| (x + left, y + top)).collect()
    }

    /// The largest 4-connected set of covered pixels.
    fn largest_part(&self) -> Vec<bool> {
        let (width, height) = (self.window.width, self.window.height);
        let mut labels = vec![0u32; width * height];
        let mut sizes = vec![0usize];
        let mut stack = Vec::new();
        for seed in 0..labels.len() {
            if !self.covered[seed] || labels[seed] != 0 {
                continue;
            }
            let label = sizes.len() as u32;
            sizes.push(0);
            labels[seed] = label;
            stack.push(seed);
            while let Some(pixel) = stack.pop() {
                sizes[label as usize] += 1;
                let (x, y) = (pixel % width, pixel / width);
                let mut visit = |near: usize| {
                    if self.covered[near] && labels[near] == 0 {
                        labels[near] = label;
                        stack.push(near);
                    }
                };
                if x > 0 {
                    visit(pixel - 1);
                }
                if x + 1 < width {
                    visit(pixel + 1);
                }
                if y > 0 {
                    visit(pixel - width);
                }
                if y + 1 < height {
                    visit(pixel + width);
                }
            }
        }
        let largest = (1..sizes.len()).max_by_key(|&label| (sizes[label], Reverse(label))).unwrap_or(0) as u32;
        labels.iter().map(|&label| label != 0 && label == largest).collect()
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
        let ((ax, ay), (bx, by), (cx, cy)) = (ring[a], ring[b], ring[c]);
        (i64::from(bx - ax) * i64::from(cy - ay) - i64::from(by - ay) * i64::from(cx - ax)).abs()
    };
    let mut current: Vec<i64> = (0..n).map(|i| area(before[i], i, after[i])).collect();
    let mut heap: BinaryHeap<Reverse<(i64, usize)>> = (0..n).map(|i| Reverse((current[i], i))).collect();
    let mut kept = vec![true; n];
    let mut left = n;
    while left > count.max(3) {
        let Some(Reverse((size, vertex))) = heap.pop() else { break };
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
            heap.push(Reverse((current[neighbour], neighbour)));
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
    fn a_border_goes_round_once() {
        let square = silhouette(&["....", ".###", ".###", ".###"]);
        let mut border = square.border();
        assert_eq!(border.len(), 8);
        border.sort_unstable();
        border.dedup();
        assert_eq!(border.len(), 8);
        assert!(!border.contains(&(12, 22)), "the middle is no border");
    }

    #[test]
    fn only_the_largest_part_is_traced_and_nothing_is_nothing() {
        assert_eq!(silhouette(&["#...", "..##", "..##"]).border().len(), 4);
        assert_eq!(silhouette(&["....", ".#.."]).border(), [(11, 21)]);
        assert!(silhouette(&["...", "..."]).border().is_empty());
    }

    #[test]
    fn thinning_keeps_corners() {
        let square = silhouette(&["#########"; 9]);
        let mut corners = thin(&square.border(), 4);
        corners.sort_unstable();
        assert_eq!(corners, [(10, 20), (10, 28), (18, 20), (18, 28)]);
    }
}
