//! Cuts windows out of radiographs: `{image, masks}` → the same planes of each window.
//!
//! ```text
//! before   ID001/image1_R              size 2048 2048
//! after    ID001/image1_R#finger-1     size 212 212, window `1130 512 212 212 of 2048 2048`, parent ID001/image1_R
//!          ID001/image1_R#finger-4     …
//! ```
//!
//! A window is a square around the bones of a region, larger by a margin and moved into the image. Every bone that
//! shows in the window stays labelled: whoever trains on crops with `--labels region` teaches the network that
//! the bones next door are background. The window travels with the record, so that `vote --paste-back` puts a
//! prediction on a crop back into the whole radiograph exactly, also where `--size` resized the image for training.

mod target;

use bones::crop::{Window, crop};
use bones::mask::MaskBuilder;
use bones::{BoneSet, Mask};
use clap::{Args, ValueEnum};
use pixels::{Filter, Fit, Resized};
use planes::{Extent, Image, attribute};
use schemars::JsonSchema;
use serde::Serialize;
use shard::{RawRecord, Record};
use stage::{Failure, Job, Output, Port, Reason, Relation, Stage, number};

pub use target::Target;

/// Which labels a crop keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Labels {
    /// All bones that show in the window
    All,
    /// Only the bones that the window was made for
    Region,
}

/// The arguments of the stage.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub struct OfflineCrop {
    /// What to cut out: `wrist` (one window around the carpals), `fingertips` (one around each distal phalanx),
    /// or bones by name (one around each); several are separated by commas
    #[arg(long, value_name = "REGION", value_delimiter = ',', required_unless_present = "describe")]
    pub region: Vec<Target>,
    /// How much is added on each side, as a share of the bones' longer side; 0.1 is 10 %
    #[arg(long, default_value_t = 0.1, value_parser = number::within(0.0..=10.0))]
    pub margin: f64,
    /// The least side of a window, in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=65535))]
    pub min_size: u32,
    /// Which labels a crop keeps
    #[arg(long, value_enum, default_value_t = Labels::All)]
    pub labels: Labels,
    /// Resize the images of crops to fill a square of N × N pixels; labels, and the size at which masks are predicted,
    /// stay those of the window [default: keep the size]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=16384))]
    pub size: Option<u32>,
    /// How to resize; both are exactly OpenCV 4.10's
    #[arg(long, value_enum, default_value_t = Filter::Linear)]
    pub filter: Filter,
    /// How `--size` resizes a crop that is not square, where its radiograph is narrower than the window; must be that of
    /// the network that will see it
    #[arg(long, value_enum, default_value_t = Fit::Pad)]
    pub placement: Fit,
}

impl Stage for OfflineCrop {
    const NAME: &'static str = "offline-crop";
    const ABOUT: &'static str =
        "Cuts windows out of radiographs: {image, masks} → the same planes of each window";
    const RELATION: Relation = Relation::Expand;

    fn inputs(&self) -> Vec<Port> {
        vec![Port::shards(&[planes::name::IMAGE, planes::name::MASKS])]
    }

    fn output(&self) -> Output {
        Output::planes([planes::image_spec(), planes::masks_spec()])
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        let records = job.records()?;
        planes::check_classes(records.header()).map_err(|error| Failure::data(records.file(), error))?;
        let mut header = job.header_after(Some(records.header()));
        if let Some(form) = self.form() {
            form.check(records.header()).map_err(|what| Failure::data(records.file(), what))?;
            form.write(&mut header);
        }
        job.create(header)?;
        let work = |record: Record| {
            let key = record.key.clone();
            let (crops, unseen) = self.crops(record)?;
            let raws = crops.iter().map(RawRecord::encode).collect::<Result<Vec<_>, _>>()?;
            Ok((key, raws, unseen))
        };
        job.each_with(records, work, |job, (key, crops, unseen)| {
            for target in unseen {
                job.count("regions not visible", 1);
                job.note(&format!("record {key}: no pixel of {target}, so no crop of it"));
            }
            crops.iter().try_for_each(|crop| job.push_raw(crop))
        })
    }
}

impl OfflineCrop {
    /// How the images of crops are resized.
    fn form(&self) -> Option<Resized> {
        self.size.map(|size| Resized { size, filter: self.filter, fit: self.placement })
    }

    /// The crops of a whole radiograph, and the targets of which it shows nothing.
    fn crops(&self, mut record: Record) -> Result<(Vec<Record>, Vec<&'static str>), Reason> {
        let extent = Extent::of(&record)?;
        if extent.window.is_some() {
            return Err("it is a crop already; whole radiographs were expected".into());
        }
        let mask = planes::masks(&record)?;
        let image = planes::take_image(&mut record)?;
        if image.size() != mask.size() {
            return Err(format!(
                "its image is {}, its masks are {}: crop before the image is resized (`decode` without `--size`)",
                image.size(),
                mask.size()
            )
            .into());
        }
        let mut crops = Vec::new();
        let mut unseen = Vec::new();
        for (name, bones) in Target::parts_of(&self.region) {
            match bones::crop::bounding_box(&mask, bones) {
                None => unseen.push(name),
                Some(bounds) => {
                    let window = Window::around(bounds, self.margin, self.min_size, mask.size());
                    let mut labels = crop(&mask, &window);
                    if self.labels == Labels::Region {
                        labels = only(&labels, bones);
                    }
                    let mut shown = image.crop(&window);
                    if let Some(form) = self.form() {
                        shown = form.apply(shown, window.size())?;
                    }
                    crops.push(cropped(&record, name, &window, shown, &labels));
                }
            }
        }
        Ok((crops, unseen))
    }
}

/// The record of one window.
fn cropped(whole: &Record, name: &str, window: &Window, image: Image, labels: &Mask) -> Record {
    let mut record = Record {
        key: format!("{}#{name}", whole.key),
        attributes: whole.attributes.clone(),
        ..Record::default()
    };
    // Where the whole was derived itself, its own parent would be forgotten, and with it the patient.
    if let Some(parent) = whole.attributes.get(attribute::PARENT) {
        record.attributes.entry(attribute::ANCESTOR.to_owned()).or_insert_with(|| parent.clone());
    }
    record.attributes.insert(attribute::PARENT.to_owned(), whole.key.clone());
    Extent { size: window.size(), window: Some(*window) }.write(&mut record);
    planes::set_image(&mut record, image);
    planes::set_masks(&mut record, labels);
    record
}

/// The mask with no other bones than `bones`.
fn only(mask: &Mask, bones: BoneSet) -> Mask {
    let mut kept = MaskBuilder::new(mask.size());
    for run in mask.runs() {
        kept.fill_to(run.end, run.set & bones);
    }
    kept.finish()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bones::{Bone, Size};

    use super::*;

    /// 400×300: finger-4 on columns 100 … 139 of rows 50 … 69, the Lunate on columns 10 … 19 of rows 200 … 209.
    fn whole() -> Record {
        let size = Size::new(400, 300).unwrap();
        let mut pixels = vec![BoneSet::EMPTY; 400 * 300];
        for (name, columns, rows) in [("finger-4", 100..140, 50..70), ("Lunate", 10..20, 200..210)] {
            for index in rows.flat_map(|y| columns.clone().map(move |x| y * 400 + x)) {
                pixels[index] = BoneSet::of(Bone::from_name(name).unwrap());
            }
        }
        let grey = (0..400 * 300).map(|index| (index % 400 / 2 + index / 400 / 8) as u8).collect();
        let mut record = Record { key: "ID001/a".to_owned(), ..Record::default() };
        record.attributes.insert("patient".to_owned(), "ID001".to_owned());
        Extent { size, window: None }.write(&mut record);
        planes::set_image(&mut record, Image::new(size, grey).unwrap());
        planes::set_masks(&mut record, &Mask::from_dense(size, &pixels).unwrap());
        record
    }

    fn stage(region: &[&str]) -> OfflineCrop {
        let region = region.iter().map(|name| name.parse().unwrap()).collect();
        OfflineCrop {
            region,
            margin: 0.1,
            min_size: 30,
            labels: Labels::All,
            size: None,
            filter: Filter::Linear,
            placement: Fit::Pad,
        }
    }

    #[test]
    fn a_crop_shows_its_window_and_knows_its_parent() {
        let (mut crops, unseen) = stage(&["fingertips"]).crops(whole()).unwrap();
        assert_eq!(unseen, ["finger-1", "finger-8", "finger-12", "finger-16"]);
        let mut crop = crops.pop().unwrap();
        assert!(crops.is_empty());
        assert_eq!(crop.key, "ID001/a#finger-4");
        assert_eq!(crop.attributes["parent"], "ID001/a");
        assert_eq!(crop.attributes["patient"], "ID001");
        // 40 pixels and 10 % of them on either side, around (120, 60).
        assert_eq!(crop.attributes["window"], "96 36 48 48 of 400 300");
        assert_eq!(crop.attributes["size"], "48 48");
        let window = Extent::of(&crop).unwrap().window.unwrap();
        let mut record = whole();
        let mask = planes::masks(&record).unwrap();
        let image = planes::take_image(&mut record).unwrap();
        assert_eq!(
            planes::take_image(&mut crop).unwrap().pixels()[48 * 5 + 7],
            image.pixels()[400 * 41 + 103]
        );
        let pasted = bones::crop::paste(&planes::masks(&crop).unwrap(), &window);
        assert_eq!(pasted, only(&mask, BoneSet::FINGERTIPS));
    }

    #[test]
    fn a_crop_is_of_the_patients_of_its_radiograph() {
        for lineage in samples::LINEAGES {
            let mut whole = whole();
            whole.key = lineage.key.to_owned();
            whole.attributes.remove("patient");
            let told = lineage.record().attributes.into_iter();
            whole
                .attributes
                .extend(told.filter(|(name, _)| lineage.attributes.iter().any(|(n, _)| n == name)));
            let (crops, _) = stage(&["finger-4"]).crops(whole).unwrap();
            let found: Vec<&str> = folds::patients_of(&crops[0].key, &crops[0].attributes).collect();
            assert_eq!(found, lineage.patients, "{} {:?}", lineage.key, lineage.attributes);
        }
    }

    #[test]
    fn a_window_that_is_asked_for_twice_is_cut_once() {
        let (crops, unseen) = stage(&["fingertips", "finger-4", "finger-4"]).crops(whole()).unwrap();
        assert_eq!((crops.len(), unseen.len()), (1, 4));
    }

    #[test]
    fn all_labels_stay_unless_the_region_alone_is_asked_for() {
        let mut stage = stage(&["Lunate"]);
        stage.min_size = 300;
        let areas = |stage: &OfflineCrop| {
            let (crops, _) = stage.crops(whole()).unwrap();
            let areas = planes::masks(&crops[0]).unwrap().areas();
            ["Lunate", "finger-4"].map(|name| areas[Bone::from_name(name).unwrap().index()])
        };
        assert_eq!(areas(&stage), [100, 800]);
        stage.labels = Labels::Region;
        assert_eq!(areas(&stage), [100, 0]);
    }

    #[test]
    fn the_images_of_crops_are_resized_and_their_labels_are_not() {
        let mut stage = stage(&["fingertips"]);
        let whole_size = |stage: &OfflineCrop| stage.crops(whole()).unwrap().0.remove(0);
        let mut plain = whole_size(&stage);
        stage.size = Some(24);
        let mut small = whole_size(&stage);
        assert_eq!(small.attributes, plain.attributes);
        assert_eq!(planes::masks(&small).unwrap(), planes::masks(&plain).unwrap());
        let [plain, small] = [&mut plain, &mut small].map(|crop| planes::take_image(crop).unwrap());
        assert_eq!((plain.size().width(), small.size().width()), (48, 24));
        assert_eq!(small, pixels::resize(plain, small.size(), Filter::Linear));
    }

    #[test]
    fn a_crop_that_is_no_square_keeps_its_proportions_unless_it_is_to_be_stretched() {
        let mut stage = stage(&["Lunate"]);
        (stage.min_size, stage.size) = (400, Some(24));
        let sides = |stage: &OfflineCrop| {
            let (mut crops, _) = stage.crops(whole()).unwrap();
            assert_eq!(crops[0].attributes["size"], "400 300");
            let size = planes::take_image(&mut crops[0]).unwrap().size();
            (size.width(), size.height())
        };
        assert_eq!(sides(&stage), (24, 18));
        stage.placement = Fit::Stretch;
        assert_eq!(sides(&stage), (24, 24));
    }

    #[test]
    fn a_resized_image_and_a_crop_are_refused() {
        let mut resized = whole();
        let small = Image::new(Size::new(4, 3).unwrap(), vec![0; 12]).unwrap();
        planes::set_image(&mut resized, small);
        let reason = stage(&["wrist"]).crops(resized).unwrap_err().to_string();
        assert!(reason.contains("image is 4×3, its masks are 400×300: crop before"), "{reason}");
        let (mut crops, _) = stage(&["wrist"]).crops(whole()).unwrap();
        let reason = stage(&["wrist"]).crops(crops.remove(0)).unwrap_err().to_string();
        assert!(reason.contains("is a crop already"), "{reason}");
    }
}
