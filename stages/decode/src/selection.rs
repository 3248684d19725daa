//! The selection of radiographs by what `--labels` says about annotations.

use crate::arguments::Labels;
use crate::pairing::Case;

/// Which radiographs are decoded.
pub(crate) struct Selection {
    /// Those that are.
    pub(crate) cases: Vec<Case>,
    /// Those that are not, as they have no annotation.
    pub(crate) bare: Vec<Case>,
    /// Whether records have `polygons`.
    pub(crate) labelled: bool,
}

impl Selection {
    pub(crate) fn of(mut cases: Vec<Case>, labels: Labels) -> Selection {
        let annotated = cases.iter().any(|case| case.annotation.is_some());
        match labels {
            Labels::None => {
                cases.iter_mut().for_each(|case| case.annotation = None);
                Selection { cases, bare: Vec::new(), labelled: false }
            }
            // Without any radiograph, the header is the card's.
            Labels::Auto if !annotated => {
                let labelled = cases.is_empty();
                Selection { cases, bare: Vec::new(), labelled }
            }
            Labels::Auto | Labels::Require => {
                let bare = cases.extract_if(.., |case| case.annotation.is_none()).collect();
                Selection { cases, bare, labelled: true }
            }
        }
    }
}
