//! `parity ROW…`: models in folders that `tests/golden/zoo/make.py rows` writes, against their references.
//!
//! Prints a line a model and exits with 1 if logits differ by more than 1e-5 in single precision, frozen or not, or
//! 1e-9 in double precision, or loss or a gradient by more than 1e-6 in double precision. (In single precision
//! PyTorch's own gradients change by per cents with the memory layout: batch statistics amplify rounding, and ReLU's
//! kink turns it into jumps.)

#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tch::{Kind, Tensor};
use zoo::{ModelSpec, Placement, Segmenter, catalog, weights};

const SINGLE_BAR: f64 = 1e-5;
const DOUBLE_BAR: f64 = 1e-9;
const GRADIENT_BAR: f64 = 1e-6;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let rows: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let mut passed = !rows.is_empty();
    for row in &rows {
        passed &= check(row)?;
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn check(row: &Path) -> Result<bool, Box<dyn Error>> {
    let name =
        model_in(&row.file_name().ok_or("a row is a folder")?.to_string_lossy()).ok_or("not a model")?;
    let spec = ModelSpec { drop_path: Some(0.0), dropout: Some(0.0), ..ModelSpec::named(&name, 29)? };
    let model = Segmenter::new(&spec, Placement::cpu(), 0)?;
    model.weights().load(&row.join("weights.safetensors"))?;
    let double = Segmenter::new(&spec, Placement { kind: Kind::Double, ..Placement::cpu() }, 0)?;
    tch::no_grad(|| {
        for (to, from) in double.weights().entries().iter().zip(model.weights().entries()) {
            to.tensor.shallow_clone().copy_(&from.tensor);
        }
    });

    let mut runs = Vec::new();
    for file in row.read_dir()? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with("run-") {
            runs.push(weights::read(&file.path())?);
        }
    }
    let (mut single_error, mut frozen_error, mut double_error) = (0.0, 0.0, 0.0);
    for run in &runs {
        single_error = worse(single_error, relative_error(&model.infer(&run["images"])?, &run["single"]));
        let logits = double.infer(&run["images"].to_kind(Kind::Double))?;
        double_error = worse(double_error, relative_error(&logits, &run["double"]));
    }
    let frozen = model.freeze();
    for run in &runs {
        frozen_error = worse(frozen_error, relative_error(&frozen.infer(&run["images"])?, &run["single"]));
    }

    let reference = weights::read(&row.join("gradients.safetensors"))?;
    let logits = double.forward_t(&reference["images"].to_kind(Kind::Double), true)?;
    let loss = (&logits * &reference["cotangent"]).mean(Kind::Double);
    loss.backward();
    let loss_error = relative_error(&loss, &reference["loss"]);
    let norms = double.weights().parameters().filter_map(|entry| reference.get(&entry.key).map(norm));
    // A bias before batch normalisation has no gradient but rounding, hence the floor.
    let floor = norms.fold(0.0, f64::max) * 1e-6;
    let (mut gradient_error, mut worst) = (0.0, "");
    for entry in double.weights().parameters() {
        let error = match (reference.get(&entry.key), entry.tensor.grad()) {
            (Some(expected), ours) if ours.defined() => norm(&(ours - expected)) / norm(expected).max(floor),
            (None, ours) if !ours.defined() => 0.0,
            _ => f64::INFINITY,
        };
        if error.is_nan() || error > gradient_error {
            (gradient_error, worst) = (error, &entry.key);
        }
    }
    let errors = [single_error, frozen_error, double_error, loss_error, gradient_error];
    println!("{name:40} {}  {worst}", errors.map(|error| format!("{error:10.1e}")).join(" "));
    let bars = [SINGLE_BAR, SINGLE_BAR, DOUBLE_BAR, GRADIENT_BAR, GRADIENT_BAR];
    Ok(!runs.is_empty() && errors.iter().zip(bars).all(|(&error, bar)| error <= bar))
}

/// The greater error; NaN is greater than any.
fn worse(one: f64, other: f64) -> f64 {
    if other.is_nan() || other > one { other } else { one }
}

/// The model called `architecture-encoder`, as `architecture/encoder`.
fn model_in(folder: &str) -> Option<String> {
    let encoder = |name: &str| Some(format!("{name}/{}", folder.strip_prefix(name)?.strip_prefix('-')?));
    catalog::architectures().into_iter().find_map(encoder)
}

/// ‖ours − reference‖ / ‖reference‖.
fn relative_error(ours: &Tensor, reference: &Tensor) -> f64 {
    norm(&(ours - reference)) / norm(reference)
}

fn norm(tensor: &Tensor) -> f64 {
    tensor.to_kind(Kind::Double).norm().double_value(&[])
}
