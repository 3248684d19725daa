//! How fast a network could be fed: `epoch SHARD SIZE THREADS [CACHE_MB [RECIPE]]`, seconds to open the shard and to go
//! over it once, augmentation included (`field`, where no other is named), per 640 samples.

use std::path::Path;
use std::time::Instant;

use augment::Recipe;
use augment::render::LabelForm;
use feed::{Dataset, Epoch, Shares, Source, Tail, Training, TrainingForm};
use pixels::{Filter, Fit, Resized, View};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, size, threads, rest @ ..] = arguments.as_slice() else {
        return Err("usage: epoch SHARD SIZE THREADS [CACHE_MB [RECIPE]]".into());
    };
    let threads: usize = threads.parse()?;
    let cache: usize = rest.first().map_or(Ok(0), |text| text.parse())?;
    let recipe = Recipe::builtin(rest.get(1).map_or("field", String::as_str)).ok_or("no such recipe")?;
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let header = shard::Reader::open(path)?.header().clone();
    let filter = Resized::of(&header)?.map_or(Filter::Linear, |resized| resized.filter);
    let view = View { size: size.parse()?, filter, fit: Fit::Pad, windows: None, clahe: None };
    let form = TrainingForm { labels: LabelForm::Coverage, enlargement: recipe.enlargement() };

    let start = Instant::now();
    let sources = [Source::from(Path::new(path))];
    let data: Dataset<Training> =
        Dataset::open(&sources, view, form, cache << 20, threads, |file, record, reason| {
            Err(stage::Failure::record(file, record, reason))
        })?;
    let opened = start.elapsed().as_secs_f64();
    let shares = Shares::once(data.len());
    let plan = Epoch {
        seed: 0,
        number: 1,
        batch: 8,
        tail: Tail::Keep,
        batches: None,
        shares: &shares,
        recipe: &recipe,
        on_small_bones: 0.0,
        ahead: 256 << 20,
        threads,
    };
    let start = Instant::now();
    let mut samples = 0;
    data.epoch(&plan, |batch| {
        samples += batch.samples.len();
        Ok(())
    })?;
    let fed = start.elapsed().as_secs_f64();
    let per_640 = 640.0 / samples as f64;
    eprintln!(
        "{samples} samples; for 640: opened in {:.2} s, fed in {:.2} s",
        opened * per_640,
        fed * per_640
    );
    Ok(())
}
