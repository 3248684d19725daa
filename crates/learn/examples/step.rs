//! Where the time of a training step goes: `step MODEL SIZE BATCH THREADS STEPS`, milliseconds of each phase.

use std::time::Instant;

use augment::render::LabelForm;
use bones::Size;
use checkpoint::Normalisation;
use feed::{Batch, Rendered};
use learn::{Groups, Objective, Optimizer, OptimizerConfig, Parameter, Precision, tensors};
use tch::Device;
use zoo::{ModelSpec, Placement, Segmenter};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    zoo::keep_freed_memory();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, size, batch, threads, steps] = arguments.as_slice() else {
        return Err("usage: step MODEL SIZE BATCH THREADS STEPS".into());
    };
    let (side, batch, steps): (u32, usize, usize) = (size.parse()?, batch.parse()?, steps.parse()?);
    tch::set_num_threads(threads.parse()?);
    let size = Size::new(side, side).ok_or("too large")?;
    let pixels = size.pixels() as usize;
    let model = Segmenter::new(&ModelSpec::named(model, 29)?, Placement::cpu(), 0)?;
    let mut optimizer =
        Optimizer::new(&OptimizerConfig::default(), &Groups::default(), Parameter::all(&model));
    let grey: Vec<u8> = (0..batch * pixels).map(|at| (at * 31 % 251) as u8).collect();
    let sample = |sample: usize| {
        let labels =
            (0..3 * pixels).map(|at| if at < 2 * pixels { 0 } else { 1 << (at / 97 % 29) }).collect();
        Rendered { sample, image: Vec::new(), labels }
    };
    let labelled = Batch { size, labels: LabelForm::Coverage, samples: (0..batch).map(sample).collect() };
    let mut phases = [0.0; 4];
    for _ in 0..steps {
        let mut start = Instant::now();
        let mut lap = |phase: usize| {
            phases[phase] += start.elapsed().as_secs_f64() * 1e3 / steps as f64;
            start = Instant::now();
        };
        let images = tensors::images(&grey, size, 3, Normalisation::Unit, Device::Cpu);
        lap(0);
        optimizer.drop_gradients();
        let logits = Precision::Auto.compute(Device::Cpu, || model.forward_coarse(&images, true))?;
        lap(1);
        Objective::default().backward(&logits, &labelled, 1.0);
        lap(2);
        optimizer.clip(Some(1.0));
        optimizer.step(1e-3);
        lap(3);
    }
    for (name, phase) in ["images", "forward", "backward", "optimizer"].iter().zip(phases) {
        eprintln!("{name:<10} {phase:8.1} ms");
    }
    Ok(())
}
