//! Reads labelled radiographs back from a data set in the competition's layout.

use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use bones::polygon::{Outline, truncate};
use bones::{Bone, Size};
use serde_json::Value;
use stage::Failure;

use crate::measure::Labelled;

/// The images below `root/train/DCM` and `root/test/DCM` that have outlines, with the outlines' paths, sorted.
pub(crate) fn labelled_images(root: &Path) -> Result<Vec<(PathBuf, PathBuf)>, Failure> {
    let mut found = Vec::new();
    for half in ["train", "test"] {
        let images = root.join(half).join("DCM");
        if !images.is_dir() {
            continue;
        }
        for id in entries(&images)?.into_iter().filter(|path| path.is_dir()) {
            for image in entries(&id)?.into_iter().filter(|path| path.extension().is_some_and(|e| e == "png"))
            {
                let relative =
                    image.strip_prefix(&images).expect("it was listed there").with_extension("json");
                let outlines = root.join(half).join("outputs_json").join(relative);
                if outlines.is_file() {
                    found.push((image, outlines));
                }
            }
        }
    }
    if found.is_empty() {
        let what = "no labelled radiograph: expected train/DCM/<ID>/<image>.png with train/outputs_json/<ID>/<image>.json";
        return Err(Failure::data(root.display(), what));
    }
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let read =
        || fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<std::io::Result<Vec<_>>>();
    let mut paths = read().map_err(|error| Failure::io(folder, error))?;
    paths.sort();
    Ok(paths)
}

impl Labelled {
    /// Reads an image (8 bits, grey or colour) and its outlines.
    pub(crate) fn read(image: &Path, outlines: &Path) -> Result<Labelled, Failure> {
        let (size, pixels) = read_png(image)?;
        let text = fs::read_to_string(outlines).map_err(|error| Failure::io(outlines, error))?;
        let json: Value =
            serde_json::from_str(&text).map_err(|error| Failure::data(outlines.display(), error))?;
        let annotations = json["annotations"].as_array();
        let annotations =
            annotations.ok_or_else(|| Failure::data(outlines.display(), "no list `annotations`"))?;
        let parsed: Option<Vec<Outline>> = annotations.iter().map(outline).collect();
        let outlines = parsed.ok_or_else(|| {
            let what = "an annotation is not {label: one of the 29 bones, points: [[x, y], …]}";
            Failure::data(outlines.display(), what)
        })?;
        Ok(Labelled { size, pixels, outlines, height: None })
    }
}

fn outline(annotation: &Value) -> Option<Outline> {
    let coordinate = |value: &Value| value.as_f64().and_then(truncate);
    let vertex = |point: &Value| Some([coordinate(point.get(0)?)?, coordinate(point.get(1)?)?]);
    Some(Outline {
        bone: Bone::from_name(annotation["label"].as_str()?)?,
        ring: annotation["points"].as_array()?.iter().map(vertex).collect::<Option<_>>()?,
    })
}

fn read_png(path: &Path) -> Result<(Size, Vec<u8>), Failure> {
    let file = fs::File::open(path).map_err(|error| Failure::io(path, error))?;
    let bad = |error: &dyn std::fmt::Display| Failure::data(path.display(), error);
    let mut reader = png::Decoder::new(BufReader::new(file)).read_info().map_err(|error| bad(&error))?;
    let (kind, depth) = reader.output_color_type();
    if depth != png::BitDepth::Eight || kind == png::ColorType::Indexed {
        return Err(bad(&"only grey and colour images of 8 bits can be measured"));
    }
    let length = reader.output_buffer_size().ok_or_else(|| bad(&"the image is too large"))?;
    let mut bytes = vec![0; length];
    let frame = reader.next_frame(&mut bytes).map_err(|error| bad(&error))?;
    let size = Size::new(frame.width, frame.height).ok_or_else(|| bad(&"the image is too large"))?;
    let pixels = bytes[..frame.buffer_size()].chunks_exact(kind.samples()).map(|pixel| pixel[0]).collect();
    Ok((size, pixels))
}
