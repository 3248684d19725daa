//! Writes the log of two imagined runs that are stopped at step 1000 and go on from step 800, into a folder for
//! `tensorboard --logdir` or `tests/golden/logbook/check.py`, with the metrics of the HPARAMS tab:
//!
//! ```text
//! cargo run -p logbook --example demo -- DIR [METRIC…]
//! ```

use std::ops::Range;
use std::{env, io};

use logbook::curves::{Curves, Training};
use logbook::{Ending, Logbook, Speed};
use serde_json::json;

/// Steps of an epoch.
const EPOCH: u64 = 100;

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let Some(dir) = arguments.next() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "name the folder to write to"));
    };
    let metrics: Vec<String> = arguments.collect();
    let metrics: Vec<&str> = metrics.iter().map(String::as_str).collect();
    for (run, rate) in [("adamw", 1e-3), ("sgd", 1e-2)] {
        let mut training = Training::default();
        {
            let mut book = Logbook::open(&dir, run, 0)?;
            configure(&mut book, run, rate, &metrics)?;
            tell(&mut book, rate, 1..1001, &mut training)?;
            // Killed: no end is told.
            book.flush()?;
        }
        training.loss.retain(|(step, _)| *step < 800);
        training.learning_rate.retain(|(step, _)| *step < 800);
        training.dice.retain(|(epoch, _)| *epoch * EPOCH < 800);
        let mut book = Logbook::open(&dir, run, 800)?;
        configure(&mut book, run, rate, &metrics)?;
        tell(&mut book, rate, 800..2001, &mut training)?;
        book.curves(&Curves::of_training(run, &training))?;
        book.end(Ending::Success)?;
    }
    Ok(())
}

fn configure(book: &mut Logbook, run: &str, rate: f64, metrics: &[&str]) -> io::Result<()> {
    let mut optimizer = json!({"name": run, "lr": rate, "betas": [0.9, 0.999]});
    if run == "sgd" {
        optimizer = json!({"name": run, "lr": rate, "momentum": 0.9, "nesterov": true});
    }
    book.hparams(&json!({"optimizer": optimizer, "batch": 8, "pretrained": true}), metrics)
}

fn tell(book: &mut Logbook, rate: f64, steps: Range<u64>, training: &mut Training) -> io::Result<()> {
    for step in steps {
        let progress = step as f64 / 2000.0;
        let noise = f64::from((step as u32).wrapping_mul(2_654_435_761) >> 16) / 65_536.0 - 0.5;
        let loss = 0.05 + (-4.0 * progress).exp() * (1.0 + 0.4 * noise);
        let learning_rate = rate * (1.0 + (std::f64::consts::PI * progress).cos()) / 2.0;
        book.scalar("loss/train", step, loss)?;
        book.scalar("learning-rate", step, learning_rate)?;
        training.loss.push((step, loss));
        training.learning_rate.push((step, learning_rate));
        if step % EPOCH != 0 {
            continue;
        }
        let (epoch, dice) = (step / EPOCH, 1.0 - 0.9 * (-5.0 * progress).exp());
        book.scalar("dice/validation", step, dice)?;
        training.dice.push((epoch, dice));
        let values: Vec<f32> = (0..1000).map(|at| (at as f32 - 400.0) * 1e-4 * loss as f32).collect();
        book.histogram("gradients/decoder", step, &values)?;
        book.image("worst", step, &picture(step)?)?;
        let speed = Speed {
            step,
            epoch,
            seconds: step as f64 * 0.2,
            images_per_second: 40.0,
            waiting: 0.1,
            computing: 0.85,
        };
        book.speed(&speed)?;
        book.flush()?;
    }
    Ok(())
}

/// A ramp whose brightness grows by the step: RGB of 48 rows and 64 columns.
fn picture(step: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 64, 48);
    encoder.set_color(png::ColorType::Rgb);
    let pixels: Vec<u8> =
        (0..48 * 64).flat_map(|at| [(at % 64 * 4) as u8, (at / 64 * 5) as u8, (step / 8) as u8]).collect();
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(bytes)
}
