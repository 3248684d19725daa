//! `speed MODEL SIZE [RUNS]`: the best of RUNS training steps and inferences, batch 2, 29 classes, on the CPU.

#![allow(clippy::print_stdout, reason = "the figures are what this program is for")]

use std::error::Error;
use std::time::Instant;

use tch::{Device, Kind, Tensor};
use zoo::{ModelSpec, Placement, Segmenter};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, size, runs @ ..] = arguments.as_slice() else {
        return Err("usage: speed MODEL SIZE [RUNS]".into());
    };
    let size: i64 = size.parse()?;
    let runs: usize = runs.first().map_or(Ok(5), |runs| runs.parse())?;
    zoo::keep_freed_memory();
    let model = Segmenter::new(&ModelSpec::named(model, 29)?, Placement::cpu(), 0)?;
    let images = Tensor::rand([2, 3, size, size], (Kind::Float, Device::Cpu));
    let masks = Tensor::rand([2, 29, size, size], (Kind::Float, Device::Cpu)).gt(0.9).to_kind(Kind::Float);

    let infer = || model.infer(&images).map(drop);
    let step = |mixed: bool| -> Result<(), zoo::Error> {
        let loss = || -> Result<Tensor, zoo::Error> {
            let logits = model.forward_t(&images, true)?;
            let none = None::<&Tensor>;
            Ok(logits.binary_cross_entropy_with_logits(&masks, none, none, tch::Reduction::Mean))
        };
        let loss = if mixed { zoo::autocast(Device::Cpu, loss)? } else { loss()? };
        loss.backward();
        model.weights().drop_gradients();
        Ok(())
    };
    report("inference f32", runs, infer)?;
    report("inference bf16", runs, || zoo::autocast(Device::Cpu, infer))?;
    report("training step f32", runs, || step(false))?;
    report("training step bf16", runs, || step(true))
}

fn report(
    what: &str,
    runs: usize,
    mut run: impl FnMut() -> Result<(), zoo::Error>,
) -> Result<(), Box<dyn Error>> {
    let mut best = f64::INFINITY;
    for _ in 0..=runs {
        let start = Instant::now();
        run()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{what:20} {best:7.3} s");
    Ok(())
}
