//! Connected segments of rows, by union-find: what pieces and outlines of a bone are made of.

use crate::rows::Segment;

/// Which pixels touch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Connectivity {
    /// Those that share an edge.
    Four,
    /// Those that share an edge or a corner.
    Eight,
}

/// For each segment the number of the first segment that it is connected with, itself where there is none before.
pub(crate) fn connect(segments: &[Segment], connectivity: Connectivity) -> Vec<usize> {
    let reach = match connectivity {
        Connectivity::Four => 0,
        Connectivity::Eight => 1,
    };
    let mut parents: Vec<usize> = (0..segments.len()).collect();
    let mut above = 0;
    for (index, segment) in segments.iter().enumerate() {
        // Skip what lies before the row above, and what ends left of this segment there.
        while segments[above].y + 1 < segment.y
            || (segments[above].y + 1 == segment.y && segments[above].end + reach <= segment.start)
        {
            above += 1;
        }
        let touching = segments[above..index]
            .iter()
            .take_while(|piece| piece.y + 1 == segment.y && piece.start < segment.end + reach);
        for other in (above..).take(touching.count()) {
            let (one, two) = (root(&mut parents, other), root(&mut parents, index));
            parents[one.max(two)] = one.min(two);
        }
    }
    (0..segments.len()).map(|index| root(&mut parents, index)).collect()
}

/// The root of the tree of `index`, halving the path to it (Tarjan and van Leeuwen, 1984).
fn root(parents: &mut [usize], index: usize) -> usize {
    let mut index = index;
    while parents[index] != index {
        parents[index] = parents[parents[index]];
        index = parents[index];
    }
    index
}
