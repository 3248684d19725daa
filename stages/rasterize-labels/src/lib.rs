//! Fills the outlines of bones: `{polygons}` → + `{masks}`.
//!
//! ```text
//! before   ID001/image1_R   polygons: finger-1 (1,1) (3,1) (3,3) (1,3)
//! after    ID001/image1_R   polygons, masks: finger-1 on the 3×3 pixels from (1,1) to (3,3)
//! ```
//!
//! The masks are those of OpenCV 4.10's `fillPoly`, boundary pixels included, at the size of the radiograph. Bones
//! overlap, so a pixel may belong to several of them.

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use shard::Record;
use stage::{Failure, Job, Output, Port, Reason, Relation, Stage};

/// The arguments of the stage.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub struct RasterizeLabels {
    /// Do not pass the outlines on
    #[arg(long)]
    pub drop_polygons: bool,
}

impl Stage for RasterizeLabels {
    const NAME: &'static str = "rasterize-labels";
    const ABOUT: &'static str = "Fills the outlines of bones: {polygons} → + {masks}";
    const RELATION: Relation = Relation::Map;

    fn inputs(&self) -> Vec<Port> {
        vec![Port::shards(&[planes::name::POLYGONS])]
    }

    fn output(&self) -> Output {
        Output::Shard {
            keeps: true,
            drops: if self.drop_polygons { vec![planes::name::POLYGONS.to_owned()] } else { Vec::new() },
            adds: vec![planes::masks_spec()],
        }
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        let records = job.records()?;
        planes::check_classes(records.header()).map_err(|error| Failure::data(records.file(), error))?;
        job.create(job.header_after(Some(records.header())))?;
        job.each(records, |record| Ok(vec![rasterized(record, self.drop_polygons)?]))
    }
}

/// The record with the plane `masks` filled from its outlines.
fn rasterized(mut record: Record, drop_polygons: bool) -> Result<Record, Reason> {
    let (size, outlines) = planes::polygons(&record)?;
    planes::set_masks(&mut record, &bones::polygon::fill(&outlines, size));
    if drop_polygons {
        record.take_plane(planes::name::POLYGONS);
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bones::polygon::Outline;
    use bones::{Bone, BoneSet, Size};

    use super::*;

    fn bone(name: &str) -> Bone {
        Bone::from_name(name).unwrap()
    }

    #[test]
    fn boundary_pixels_count_and_bones_overlap() {
        let size = Size::new(6, 5).unwrap();
        let square = |bone, low: i32, high: i32| Outline {
            bone,
            ring: vec![[low, low], [high, low], [high, high], [low, high]],
        };
        let outlines = [square(bone("Triquetrum"), 1, 3), square(bone("Pisiform"), 2, 4)];
        let mut record = Record { key: "ID001/a".to_owned(), ..Record::default() };
        planes::set_polygons(&mut record, size, &outlines);

        let kept = rasterized(record.clone(), false).unwrap();
        let pixels = planes::masks(&kept).unwrap().to_dense();
        let both = BoneSet::of(bone("Triquetrum")) | BoneSet::of(bone("Pisiform"));
        assert_eq!(pixels[6 + 1], BoneSet::of(bone("Triquetrum")));
        assert_eq!(pixels[2 * 6 + 2], both);
        assert_eq!(pixels[4 * 6 + 4], BoneSet::of(bone("Pisiform")));
        assert_eq!(planes::masks(&kept).unwrap().areas()[bone("Triquetrum").index()], 9);
        assert!(kept.plane("polygons").is_some());

        let dropped = rasterized(record, true).unwrap();
        assert!(dropped.plane("polygons").is_none());
        assert_eq!(dropped.plane("masks"), kept.plane("masks"));
    }
}
