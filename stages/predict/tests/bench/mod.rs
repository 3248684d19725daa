//! The bench: a small network whose weights were drawn, and predictions of it through the program.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::path::PathBuf;

use bones::Size;
use checkpoint::{Checkpoint, Input, Normalisation, file};
use half::f16;
use planes::{Extent, Image};
use samples::Ended;
use serde_json::Value;
use shard::Record;
use tch::{Device, Kind, Tensor};
use tempfile::TempDir;
use zoo::{ModelSpec, Placement, Segmenter};

/// Height and width of what the network sees.
pub(crate) const SIDE: u32 = 64;

/// A folder with `checkpoint/`, whose two sets of weights differ.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
}

impl Bench {
    pub(crate) fn of(model: &str) -> Bench {
        tch::set_num_threads(1);
        let bench = Bench { folder: tempfile::tempdir().unwrap() };
        let spec = ModelSpec::named(model, 29).unwrap();
        let folder = bench.folder.path().join("checkpoint");
        fs::create_dir(&folder).unwrap();
        for (seed, name) in [(1, file::BEST), (2, file::LAST)] {
            let model = Segmenter::new(&spec, Placement::cpu(), seed).unwrap();
            // A step in training mode moves running statistics to where they matter.
            let images = Tensor::rand([2, 3, 64, 64], (Kind::Float, Device::Cpu));
            let _ = tch::no_grad(|| model.forward_t(&images, true)).unwrap();
            model.weights().save(&folder.join(name)).unwrap();
        }
        let of = samples::checkpoint();
        let checkpoint = Checkpoint {
            model: learn::model::described(&spec),
            input: Input { size: SIDE, normalisation: Normalisation::Imagenet, ..of.input },
            ..of
        };
        fs::write(folder.join(file::DESCRIPTION), checkpoint.to_json().unwrap()).unwrap();
        bench
    }

    pub(crate) fn write(&self, name: &str, records: &[Record]) {
        samples::write(self.folder.path().join(name), records);
    }

    pub(crate) fn run(&self, input: &str, out: &str, more: &str) -> Ended {
        let precision = if more.contains("--precision") { "" } else { "--precision f32" };
        let arguments = format!(
            "--in {input} --checkpoint checkpoint --out {out} --threads 1 --device cpu {precision} {more}"
        );
        samples::run(env!("CARGO_BIN_EXE_predict"), self.folder.path(), &arguments, None)
    }

    pub(crate) fn predicted(&self, input: &str, more: &str) -> Vec<Record> {
        self.run(input, "out.shard", &format!("{more} --replace")).complete();
        samples::read(self.folder.path().join("out.shard"))
    }

    /// Changes what `checkpoint.json` says.
    pub(crate) fn describe(&self, change: impl FnOnce(&mut Value)) {
        let path = self.checkpoint().join(file::DESCRIPTION);
        let mut description = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut description);
        fs::write(&path, description.to_string()).unwrap();
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.folder.path().join("checkpoint")
    }
}

/// A radiograph of the network's size, with something else in each.
pub(crate) fn radiograph(number: u32) -> Record {
    radiograph_of(number, [SIDE, SIDE])
}

/// The same of another size.
pub(crate) fn radiograph_of(number: u32, [width, height]: [u32; 2]) -> Record {
    let size = Size::new(width, height).unwrap();
    let grey = (0..width * height).map(|at| {
        let (x, y) = (at % width, at / width);
        (x * 3 + y * (number + 2) + (x * y * (number + 1)) / 17) as u8
    });
    let mut record = Record { key: format!("ID{number:03}/a"), ..Record::default() };
    Extent { size, window: None }.write(&mut record);
    planes::set_image(&mut record, Image::new(size, grey.collect()).unwrap());
    record
}

/// The scores of the first record.
pub(crate) fn first(records: &[Record]) -> Vec<f16> {
    planes::scores(&records[0]).unwrap().logits().to_vec()
}
