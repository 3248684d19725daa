//! Samples: what is kept of a record, to train on or to validate on.

use augment::Plan;
use augment::render::{Cells, LabelForm, Memory, Pyramid, render_labels};
use bones::crop::{Bounds, bounding_box};
use bones::{BoneSet, Mask, Size};
use pixels::{Placement, View};
use planes::{Extent, Image};
use shard::Record;
use stage::Reason;

/// What is kept of a record.
pub trait Sample: Sized + Send + Sync {
    /// What decides about it, beside the network's view.
    type Form: Copy + Send + Sync;

    /// That of a record with the planes `image` and `masks`.
    fn of(record: Record, view: &View, form: Self::Form) -> Result<Self, Reason>;

    /// How much memory it takes.
    fn bytes(&self) -> usize;
}

/// The size of a record's radiograph, and its masks, which must have that size.
fn shown(record: &Record) -> Result<(Size, Mask), Reason> {
    let radiograph = Extent::of(record)?.size;
    let mask = planes::masks(record)?;
    if mask.size() != radiograph {
        return Err(format!("its masks are {}, its size is {radiograph}", mask.size()).into());
    }
    if radiograph.pixels() == 0 {
        return Err(format!("its size is {radiograph}: it has no pixels").into());
    }
    Ok((radiograph, mask))
}

/// What training keeps: the radiograph at the scales at which it may be shown, and its bones ready to be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Training {
    /// The size of the radiograph.
    pub radiograph: Size,
    /// The radiograph.
    pub pyramid: Pyramid,
    /// Its bones.
    pub cells: Cells,
    /// The boxes around its small bones, in the radiograph's pixels.
    pub small: Vec<Bounds>,
}

/// What training needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainingForm {
    /// What labels say.
    pub labels: LabelForm,
    /// How much larger than life anything may be shown ([`augment::Recipe::enlargement`]).
    pub enlargement: f64,
}

/// The bones that a window can be centred on: the carpals and the fingertips.
fn small() -> BoneSet {
    BoneSet::CARPALS | BoneSet::FINGERTIPS
}

impl Sample for Training {
    type Form = TrainingForm;

    fn of(mut record: Record, view: &View, form: TrainingForm) -> Result<Training, Reason> {
        let (radiograph, mask) = shown(&record)?;
        let image = planes::take_image(&mut record)?;
        view.check(image.size(), radiograph)?;
        let scaled = view.scaled(radiograph);
        let cells = Cells::new(&mask, scaled, form.labels);
        let small = match view.windows {
            Some(_) => {
                let bones = small().iter();
                bones.filter_map(|bone| bounding_box(&mask, BoneSet::of(bone))).collect()
            }
            None => Vec::new(),
        };
        let pyramid = Pyramid::new(image, scaled, view.filter, form.enlargement);
        Ok(Training { radiograph, pyramid, cells, small })
    }

    fn bytes(&self) -> usize {
        self.pyramid.bytes() + self.cells.bytes() + size_of_val(&*self.small) + size_of::<Training>()
    }
}

/// What validation keeps: the image at the network's scale, and the mask at the radiograph's size, where Dice is
/// measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    /// The whole radiograph at the network's scale.
    pub image: Image,
    /// Its bones, at its own size.
    pub mask: Mask,
}

impl Validation {
    /// Words of labels `[words, height, width]` of the network's plane where it shows the whole radiograph, as training
    /// has them of a sample that is not varied. They are made anew in each call.
    pub fn labels(&self, view: &View, form: LabelForm) -> Vec<i32> {
        let plane = view.plane();
        let placement = Placement::whole(view.fit, self.mask.size(), plane);
        let cells = Cells::new(&self.mask, placement.scaled(), form);
        let mut labels = vec![0; form.words() * plane.pixels() as usize];
        render_labels(&Plan::IDENTITY, &cells, form, placement, &mut labels, &mut Memory::default());
        labels
    }
}

impl Sample for Validation {
    type Form = ();

    fn of(mut record: Record, view: &View, (): ()) -> Result<Validation, Reason> {
        let (radiograph, mask) = shown(&record)?;
        let image = view.scale(planes::take_image(&mut record)?, radiograph)?;
        Ok(Validation { image, mask })
    }

    fn bytes(&self) -> usize {
        size_of_val(self.image.pixels()) + size_of_val(self.mask.runs()) + size_of::<Validation>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_bones_are_carpals_and_fingertips() {
        assert_eq!(small().len(), 13);
        assert_eq!(small() & BoneSet::CARPALS, BoneSet::CARPALS);
    }
}
