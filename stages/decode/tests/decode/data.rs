//! A data set in a folder, and runs of `decode` on it.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use image::{DynamicImage, ImageFormat};
use shard::{Header, Reader, Record};
use stage::Summary;
use tempfile::TempDir;

/// A folder with a data set in it.
pub(crate) struct Data {
    pub(crate) folder: TempDir,
}

/// What one run gave.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) words: String,
    pub(crate) header: Option<Header>,
    pub(crate) records: Vec<Record>,
    pub(crate) summary: Option<Summary>,
}

impl Data {
    pub(crate) fn new() -> Data {
        Data { folder: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    pub(crate) fn add(self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> Data {
        let path = self.folder.path().join("data").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_decode"))
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs on the whole data set.
    pub(crate) fn decode(&self, arguments: &[&str]) -> Run {
        self.decode_from(&["data"], arguments)
    }

    pub(crate) fn decode_from(&self, roots: &[&str], arguments: &[&str]) -> Run {
        let mut all = vec!["--out", "out.shard", "--summary", "summary.json", "--progress", "auto"];
        all.extend(roots);
        all.extend(arguments);
        let output = self.command(&all);
        let out = self.folder.path().join("out.shard");
        let summary = self.folder.path().join("summary.json");
        let reader = out.exists().then(|| Reader::open(&out).unwrap());
        let run = Run {
            code: output.status.code().unwrap(),
            words: String::from_utf8(output.stderr).unwrap(),
            header: reader.as_ref().map(|reader| reader.header().clone()),
            records: reader.map(|reader| reader.collect::<Result<_, _>>().unwrap()).unwrap_or_default(),
            summary: summary.exists().then(|| serde_json::from_slice(&fs::read(&summary).unwrap()).unwrap()),
        };
        assert!(output.stdout.is_empty());
        assert_eq!(run.code == 0, out.exists() && run.summary.is_some(), "{}", run.words);
        let _ = (fs::remove_file(out), fs::remove_file(summary));
        run
    }

    /// The only image of the data set, which decodes without a fault.
    pub(crate) fn image(&self, arguments: &[&str]) -> (Vec<u64>, Vec<u8>) {
        let mut run = self.decode(arguments);
        assert_eq!((run.code, run.records.len()), (0, 1), "{}", run.words);
        let plane = run.records[0].take_plane("image").unwrap();
        (plane.shape, plane.bytes)
    }
}

impl Run {
    pub(crate) fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{}", self.words);
        for word in words {
            assert!(self.words.contains(word), "no {word:?} in {}", self.words);
        }
    }

    pub(crate) fn keys(&self) -> Vec<&str> {
        self.records.iter().map(|record| record.key.as_str()).collect()
    }

    pub(crate) fn count(&self, what: &str) -> u64 {
        self.summary.as_ref().unwrap().counts[what]
    }
}

/// A grey PNG of 8 bits.
pub(crate) fn png(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_filter(png::Filter::NoFilter);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    bytes
}

/// A small grey image, each of its pixels `value`.
pub(crate) fn flat(value: u8) -> Vec<u8> {
    png(4, 4, &[value; 16])
}

/// The image as another file format.
pub(crate) fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// An annotation file with one outline.
pub(crate) fn annotation(label: &str, points: &str) -> String {
    format!(r#"{{"annotations": [{{"type": "poly_seg", "label": "{label}", "points": {points}}}]}}"#)
}
