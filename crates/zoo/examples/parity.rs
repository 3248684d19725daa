//! `parity DIR`: every model in DIR, as `tests/golden/zoo/make.py rows` writes them, against its reference.
//!
//! Prints a line a model and exits with 1 if logits differ by more than 1e-5 in single precision, or loss or a
//! gradient by more than 1e-6 in double precision. (In single precision PyTorch's own gradients change by per cents
//! with the memory layout: batch statistics amplify rounding, and ReLU's kink turns it into jumps.)

#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tch::{Kind, Tensor};
use zoo::{ModelSpec, Placement, Segmenter, weights};

const LOGITS_BAR: f64 = 1e-5;
const GRADIENT_BAR: f64 = 1e-6;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: parity DIR")?);
    let mut rows: Vec<PathBuf> =
        folder.read_dir()?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    rows.sort();
    println!("{:28} {:>10} {:>10} {:>10}  worst gradient", "model", "logits", "loss", "gradient");
    let mut passed = !rows.is_empty();
    for row in &rows {
        passed &= check(row)?;
    }
    println!("{} models: {}", rows.len(), if passed { "all agree" } else { "NOT all agree" });
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn check(row: &Path) -> Result<bool, Box<dyn Error>> {
    let name = row.file_name().ok_or("a row is a folder")?.to_string_lossy().replacen('-', "/", 1);
    let spec = ModelSpec { drop_path: Some(0.0), ..ModelSpec::named(&name, 29)? };
    let model = Segmenter::new(&spec, Placement::cpu(), 0)?;
    model.weights().load(&row.join("weights.safetensors"))?;

    let mut logits_error = 0f64;
    let mut images = None;
    for size in ["96x160", "128x128"] {
        let run = weights::read(&row.join(format!("run-{size}.safetensors")))?;
        logits_error = logits_error.max(relative_error(&model.infer(&run["images"])?, &run["logits"]));
        images = Some(run["images"].shallow_clone());
    }

    let reference = weights::read(&row.join("gradients.safetensors"))?;
    let double = Segmenter::new(&spec, Placement { kind: Kind::Double, ..Placement::cpu() }, 0)?;
    tch::no_grad(|| {
        for (to, from) in double.weights().entries().iter().zip(model.weights().entries()) {
            to.tensor.shallow_clone().copy_(&from.tensor);
        }
    });
    let logits = double.forward_t(&images.ok_or("no run")?.to_kind(Kind::Double), true)?;
    let loss = (&logits * &reference["cotangent"]).mean(Kind::Double);
    loss.backward();
    let loss_error = relative_error(&loss, &reference["loss"]);
    // A bias before batch normalisation has no gradient but rounding, hence the floor.
    let largest = double.weights().parameters().map(|entry| norm(&reference[&entry.key])).fold(0.0, f64::max);
    let (mut gradient_error, mut worst) = (0f64, "");
    for entry in double.weights().parameters() {
        let expected = &reference[&entry.key];
        let error = norm(&(entry.tensor.grad() - expected)) / norm(expected).max(largest * 1e-6);
        if error > gradient_error {
            (gradient_error, worst) = (error, &entry.key);
        }
    }
    println!("{name:28} {logits_error:10.1e} {loss_error:10.1e} {gradient_error:10.1e}  {worst}");
    Ok(logits_error <= LOGITS_BAR && loss_error <= GRADIENT_BAR && gradient_error <= GRADIENT_BAR)
}

/// ‖ours − reference‖ / ‖reference‖.
fn relative_error(ours: &Tensor, reference: &Tensor) -> f64 {
    norm(&(ours - reference)) / norm(reference)
}

fn norm(tensor: &Tensor) -> f64 {
    tensor.to_kind(Kind::Double).norm().double_value(&[])
}
