//! A data set in the competition's layout:
//!
//! ```text
//! train/DCM/ID001/image1661000127344_R.png    train/outputs_json/ID001/image1661000127344_R.json
//! train/DCM/ID001/image1661000139120_L.png    train/outputs_json/ID001/image1661000139120_L.json
//! test/DCM/ID004/image1661000419116.png       (test/outputs_json/… only where asked for)
//! meta_data.xlsx
//! ```
//!
//! Every fourth ID belongs to the test set, so that neither set's images depend on how many the other has.

use std::fs;
use std::io::BufWriter;
use std::path::Path;

use bones::Size;
use stage::Failure;

use crate::annotation::{annotation, waver};
use crate::measure::Labelled;
use crate::patient::Patient;
use crate::random::Random;
use crate::record::MOST_PATIENTS;
use crate::scene::{Radiograph, Setting, Side};

/// A half of the data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    Train,
    Test,
}

impl Half {
    fn folder(self) -> &'static str {
        match self {
            Half::Train => "train",
            Half::Test => "test",
        }
    }

    /// Share of patients whose wrist is bent: the shift between training and test sets.
    pub(crate) fn bent(self) -> f64 {
        match self {
            Half::Train => 0.11,
            Half::Test => 0.62,
        }
    }

    /// Number of the half's patient at `position` (0 and up).
    fn patient(self, position: u64) -> u64 {
        match self {
            Half::Train => position + position / 3 + 1,
            Half::Test => 4 * (position + 1),
        }
    }

    /// The half and the position there of the patient with a number: the inverse of [`Half::patient`].
    fn of_patient(number: u64) -> (Half, u64) {
        match number.is_multiple_of(4) {
            true => (Half::Test, number / 4 - 1),
            false => (Half::Train, number - number / 4 - 1),
        }
    }
}

/// How many images the halves have, two to a patient.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Extent {
    train: u64,
    test: u64,
}

impl Extent {
    /// `None` where the table of patients has not so many rows.
    pub(crate) fn new(train: u64, test: u64) -> Option<Extent> {
        (train.div_ceil(2).checked_add(test.div_ceil(2))? <= MOST_PATIENTS).then_some(Extent { train, test })
    }

    /// How many images there are.
    pub(crate) fn images(self) -> u64 {
        self.train + self.test
    }

    /// The images, those of a patient one after the other, the right hand first.
    pub(crate) fn entries(self, seed: u64, test_labels: bool) -> impl Iterator<Item = Entry> {
        let numbered = |half, count| (0..count).map(move |index| (half, index));
        numbered(Half::Train, self.train).chain(numbered(Half::Test, self.test)).map(move |(half, index)| {
            Entry {
                half,
                patient: Patient::draw(seed, half.patient(index / 2)),
                side: if index % 2 == 0 { Side::Right } else { Side::Left },
                labelled: half == Half::Train || test_labels,
            }
        })
    }

    /// The patients of both halves in the order of their numbers.
    pub(crate) fn patients(self, seed: u64) -> impl Iterator<Item = Patient> {
        let is_drawn = move |number: u64| {
            let (half, position) = Half::of_patient(number);
            position < self.patients_of(half)
        };
        (1..=self.last(Half::Train).max(self.last(Half::Test)))
            .filter(move |&number| is_drawn(number))
            .map(move |number| Patient::draw(seed, number))
    }

    fn patients_of(self, half: Half) -> u64 {
        match half {
            Half::Train => self.train.div_ceil(2),
            Half::Test => self.test.div_ceil(2),
        }
    }

    /// The largest number of a patient of the half; 0 where there is none.
    fn last(self, half: Half) -> u64 {
        self.patients_of(half).checked_sub(1).map_or(0, |position| half.patient(position))
    }
}

/// One image of a data set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) half: Half,
    pub(crate) patient: Patient,
    pub(crate) side: Side,
    /// Whether its outlines are written.
    pub(crate) labelled: bool,
}

/// What is the same for all images.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Square.
    pub(crate) size: Size,
    pub(crate) difficulty: f64,
    /// 0 … 1.
    pub(crate) label_noise: f64,
}

impl Plan {
    /// Pixels along each edge.
    fn edge(&self) -> usize {
        self.size.width() as usize
    }
}

impl Entry {
    /// Draws the entry's radiograph.
    pub(crate) fn draw(&self, plan: &Plan) -> Radiograph {
        let setting = Setting {
            seed: plan.seed,
            size: plan.edge(),
            difficulty: plan.difficulty,
            bent: self.half.bent(),
        };
        Radiograph::draw(&self.patient, self.side, &setting)
    }

    /// Draws the entry's radiograph to be measured.
    pub(crate) fn labelled(&self, plan: &Plan) -> Labelled {
        let Radiograph { pixels, outlines } = self.draw(plan);
        Labelled { size: plan.size, pixels, outlines, height: Some(self.patient.height) }
    }

    /// The file's name without extension. The right hand's sorts before the left's; only some tell the side.
    fn name(&self, seed: u64) -> String {
        let mut random = Random::keyed(seed, &[self.patient.number, 6]);
        let right = 1_661_000_000_000 + 100_000 * self.patient.number + random.below(60_000) as u64;
        let left = right + 6_000 + random.below(24_000) as u64;
        let told = self.half == Half::Train && random.chance(0.7);
        match (self.side, told) {
            (Side::Right, true) => format!("image{right}_R"),
            (Side::Left, true) => format!("image{left}_L"),
            (Side::Right, false) => format!("image{right}"),
            (Side::Left, false) => format!("image{left}"),
        }
    }

    /// Draws the radiograph and writes its files below `root`.
    pub(crate) fn write(&self, plan: &Plan, root: &Path) -> Result<(), Failure> {
        let mut random = Random::keyed(plan.seed, &[self.patient.number, 7, self.side as u64]);
        let mut radiograph = self.draw(plan);
        let (name, id) = (self.name(plan.seed), self.patient.id());
        let half = root.join(self.half.folder());
        let folder = half.join("DCM").join(&id);
        fs::create_dir_all(&folder).map_err(|error| Failure::io(&folder, error))?;
        let coloured = random.chance(0.85);
        write_png(&folder.join(format!("{name}.png")), &radiograph.pixels, plan.edge(), coloured)?;
        if !self.labelled {
            return Ok(());
        }
        if plan.label_noise > 0.0 {
            let reach = 5.0 * plan.label_noise * plan.edge() as f64 / 2048.0;
            for outline in &mut radiograph.outlines {
                waver(&mut outline.ring, reach, plan.edge(), &mut random);
            }
        }
        let json = annotation(&radiograph.outlines, &name, &id, plan.edge(), &mut random);
        let folder = half.join("outputs_json").join(&id);
        let path = folder.join(format!("{name}.json"));
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&path, json.to_string()))
            .map_err(|error| Failure::io(&path, error))
    }
}

/// Writes grey values, as three equal channels where `coloured`.
fn write_png(path: &Path, pixels: &[u8], size: usize, coloured: bool) -> Result<(), Failure> {
    let file = fs::File::create(path).map_err(|error| Failure::io(path, error))?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), size as u32, size as u32);
    encoder.set_compression(png::Compression::Fast);
    let tripled: Vec<u8>;
    let bytes = if coloured {
        encoder.set_color(png::ColorType::Rgb);
        tripled = pixels.iter().flat_map(|&grey| [grey; 3]).collect();
        &tripled
    } else {
        encoder.set_color(png::ColorType::Grayscale);
        pixels
    };
    let write = || {
        let mut writer = encoder.write_header()?;
        writer.write_image_data(bytes)?;
        writer.finish()
    };
    write().map_err(|error| match error {
        png::EncodingError::IoError(error) => Failure::io(path, error),
        other => Failure::Internal(format!("{}: {other}", path.display())),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_has_the_patients_of_the_images() {
        for (train, test) in [(1, 0), (0, 1), (2, 2), (8, 4), (7, 1), (60, 3), (3, 60)] {
            let extent = Extent::new(train, test).unwrap();
            let of_images: BTreeSet<u64> =
                extent.entries(1, false).map(|entry| entry.patient.number).collect();
            let of_table: Vec<u64> = extent.patients(1).map(|patient| patient.number).collect();
            assert_eq!(of_table, of_images.into_iter().collect::<Vec<_>>(), "{train} {test}");
            assert_eq!(extent.images(), extent.entries(1, false).count() as u64);
        }
    }

    #[test]
    fn a_data_set_has_no_more_patients_than_a_sheet_has_rows() {
        assert!(Extent::new(2 * MOST_PATIENTS, 0).is_some());
        for (train, test) in [(2 * MOST_PATIENTS + 1, 0), (2 * MOST_PATIENTS, 1), (u64::MAX, u64::MAX)] {
            assert_eq!(Extent::new(train, test), None);
        }
    }
}
