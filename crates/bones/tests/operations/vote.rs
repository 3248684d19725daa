use bones::vote::{Needed, VoteError, Voter, elect, hard};
use bones::{Bone, BoneSet, Mask};
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

proptest! {
    #[test]
    fn who_has_no_opinion_on_a_bone_has_no_vote_on_it(
        voters in (sizes(12), 1..20usize).prop_flat_map(|(size, count)| {
            prop::collection::vec((masks(size), 0..1u32 << 29), count)
        }),
        k in prop::option::of(1..20usize),
    ) {
        let opinions: Vec<BoneSet> = voters.iter().map(|(_, bits)| BoneSet::from_bits(*bits).unwrap()).collect();
        let dense: Vec<_> = voters.iter().map(|(mask, _)| mask.to_dense()).collect();
        let size = voters[0].0.size();
        let wins = |at: usize, bone: Bone| {
            let of_it = || dense.iter().zip(&opinions).filter(|(_, opinion)| opinion.contains(bone));
            let votes = of_it().filter(|(mask, _)| mask[at].contains(bone)).count();
            // All who have an opinion, where fewer than k have one.
            let needed = k.map_or(of_it().count() / 2 + 1, |k| k.min(of_it().count()));
            votes > 0 && votes >= needed
        };
        let expected = build(size, |x, y| {
            let at = (y * size.width() + x) as usize;
            Bone::ALL.into_iter().filter(|&bone| wins(at, bone)).collect()
        });
        let voters: Vec<Voter<'_>> =
            voters.iter().zip(&opinions).map(|((mask, _), &opinion)| Voter { mask, opinion }).collect();
        let needed = k.map_or(Needed::Majority, Needed::AtLeast);
        prop_assert_eq!(elect(&voters, needed).unwrap(), expected);
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
