use bones::vote::{VoteError, hard};
use bones::{Bone, Mask};
use proptest::prelude::*;

use crate::dense::{build, masks, size, sizes};

proptest! {
    #[test]
    fn votes_are_counted(
        masks in (sizes(20), 1..40usize).prop_flat_map(|(size, count)| prop::collection::vec(masks(size), count)),
        k in any::<prop::sample::Index>(),
    ) {
        let k = k.index(masks.len()) + 1;
        let dense: Vec<_> = masks.iter().map(Mask::to_dense).collect();
        let size = masks[0].size();
        let expected = build(size, |x, y| {
            let at = (y * size.width() + x) as usize;
            Bone::ALL.into_iter().filter(|&bone| dense.iter().filter(|mask| mask[at].contains(bone)).count() >= k).collect()
        });
        prop_assert_eq!(hard(&masks.iter().collect::<Vec<_>>(), k).unwrap(), expected);
    }
}

#[test]
fn what_can_not_vote_is_named() {
    let (one, other) = (Mask::empty(size(4, 3)), Mask::empty(size(3, 4)));
    assert_eq!(hard(&[], 1), Err(VoteError::NoMasks));
    for k in [0, 3] {
        assert_eq!(hard(&[&one, &one], k), Err(VoteError::Votes { k, masks: 2 }));
    }
    let error = VoteError::Size { index: 2, expected: one.size(), found: other.size() };
    assert_eq!(hard(&[&one, &other, &one], 2), Err(error));
}
