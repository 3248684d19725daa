//! What the loss of a step costs, fused and plain: `loss_times BATCH SIZE COARSE THREADS [f32|bf16] [fused|plain]`, milliseconds
//! and the most memory used. COARSE is the size of the logits that are upsampled, SIZE where they are not.

use std::time::Instant;

use augment::render::LabelForm;
use bones::Size;
use feed::{Batch, Rendered};
use learn::{Objective, loss, tensors};
use tch::{Device, Kind, Tensor};
use zoo::Coarse;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    zoo::keep_freed_memory();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [batch, size, coarse, threads, rest @ ..] = arguments.as_slice() else {
        return Err("usage: loss_times BATCH SIZE COARSE THREADS [f32|bf16] [fused|plain]".into());
    };
    let (batch, side, coarse, threads) = (batch.parse()?, size.parse()?, coarse.parse()?, threads.parse()?);
    let kind = if rest.iter().any(|word| word == "bf16") { Kind::BFloat16 } else { Kind::Float };
    let only = |way: &str| rest.iter().all(|word| !["fused", "plain"].contains(&&**word) || word == way);
    tch::set_num_threads(threads);
    rayon::ThreadPoolBuilder::new().num_threads(threads as usize).build_global()?;
    let labelled = labelled(batch, side)?;
    tch::manual_seed(1);
    let shape = [batch as i64, coarse, coarse, 29];
    let logits =
        (Tensor::randn(shape, (Kind::Float, Device::Cpu)) * 3.0 - 3.0).to_kind(kind).permute([0, 3, 1, 2]);
    let size = [i64::from(side); 2];
    let logits = Coarse { logits, size, align_corners: true };
    let objective = Objective::default();
    if only("fused") {
        timed("fused", || {
            let fused = loss::fused(&objective, &logits, &labelled).expect("the usual objective on the CPU");
            fused.value.total.double_value(&[])
        });
    }
    if only("plain") {
        timed("plain", || {
            let leaf = logits.logits.detach().set_requires_grad(true);
            let raised = Coarse { logits: leaf, size, align_corners: true }.upsampled();
            let targets = tensors::targets(&labelled, Device::Cpu);
            let total = objective.of(&raised, &targets).total;
            total.backward();
            total.double_value(&[])
        });
    }
    Ok(())
}

/// Of a radiograph's kind: a third of the pixels show a bone, some of them a part of one.
fn labelled(batch: usize, side: u32) -> Result<Batch, Box<dyn std::error::Error>> {
    let size = Size::new(side, side).ok_or("too large")?;
    let pixels = size.pixels() as usize;
    let word = |at: usize| {
        let (place, pixel) = (at / pixels, at % pixels);
        let (x, bone) = (pixel % side as usize, 1 << (pixel / (side as usize * 20) % 29));
        let (inside, rim) = (x > pixels / side as usize * 2 / 3, x.is_multiple_of(8));
        if inside && (place == 2) != rim { bone } else { 0 }
    };
    let sample = |sample| Rendered { sample, image: Vec::new(), labels: (0..3 * pixels).map(word).collect() };
    Ok(Batch { size, labels: LabelForm::Coverage, samples: (0..batch).map(sample).collect() })
}

/// Tells the least time of some rounds, and how much more memory was ever in use than before.
fn timed(name: &str, work: impl Fn() -> f64) {
    let before = memory("VmRSS");
    let mut best = f64::INFINITY;
    let mut loss = 0.0;
    for _ in 0..7 {
        let start = Instant::now();
        loss = work();
        best = best.min(start.elapsed().as_secs_f64() * 1e3);
    }
    let more = memory("VmHWM") - before;
    eprintln!("{name}: {best:7.1} ms, {more:5.0} MB more, loss {loss:.7}");
}

/// A figure of this process in megabytes; 0 where the system does not tell.
fn memory(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).map_or(0.0, |kb| kb / 1e3)
}
