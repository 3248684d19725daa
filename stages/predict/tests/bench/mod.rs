//! The bench: a small network whose weights were drawn, and predictions of it through the program.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::path::PathBuf;

use bones::Size;
use checkpoint::{Checkpoint, Data, Input, Normalisation, Validation, Versions, file};
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
        let data = Data { digests: Vec::new(), records: 1, patients: 1 };
        let validation = Validation {
            epoch: 1,
            step: 1,
            dice: 0.5,
            classes: vec![0.5; 29],
            loss: None,
            terms: Default::default(),
        };
        let checkpoint = Checkpoint {
            format: checkpoint::FORMAT,
            model: learn::model::described(&spec),
            classes: planes::classes(),
            input: Input {
                size: SIDE,
                filter: pixels::Filter::Linear,
                placement: pixels::Fit::Pad,
                windows: None,
                clahe: None,
                normalisation: Normalisation::Imagenet,
            },
            recipe: serde_json::json!({}),
            seed: 0,
            start: None,
            pretrained: None,
            training: data.clone(),
            validation: Some(data),
            trained: None,
            best: Some(validation.clone()),
            last: Some(validation),
            kept: Vec::new(),
            legs: Vec::new(),
            stopped_early: false,
            versions: Versions { train: String::new(), libtorch: String::new() },
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
