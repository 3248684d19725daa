//! Label forms: what a pixel's labels say of the bones under it.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a pixel's labels say of the bones under it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LabelForm {
    /// How many of the centres of its four quarters a bone covers, over 4
    #[default]
    Coverage,
    /// The bones at its centre
    Centre,
    /// The bones at its top left corner, as cv2.INTER_NEAREST resizes masks: half a pixel off, for comparison with
    /// programs that train so
    Legacy,
}

impl LabelForm {
    /// How many words a pixel's labels are: the bits of [`bones::BoneSet`]s. The bones of one word; or of three, which are
    /// the binary digits, lowest first, of how many of a pixel's four quarters each bone covers.
    pub fn words(self) -> usize {
        match self {
            LabelForm::Coverage => 3,
            LabelForm::Centre | LabelForm::Legacy => 1,
        }
    }

    /// How many cells a pixel has across, and down.
    pub(super) fn cells(self) -> usize {
        match self {
            LabelForm::Coverage => 2,
            LabelForm::Centre | LabelForm::Legacy => 1,
        }
    }
}
