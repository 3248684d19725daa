//! How fast a network could be fed: `epoch SHARD SIZE THREADS [CACHE_MB]`, seconds to open the shard and to go over
//! it once, augmentation included, per 640 samples.

use std::path::Path;
use std::time::Instant;

use feed::{Augmentation, Dataset, Epoch, Labels, Source, Tail};
use pixels::{Filter, Resized};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, size, threads, rest @ ..] = arguments.as_slice() else {
        return Err("usage: epoch SHARD SIZE THREADS [CACHE_MB]".into());
    };
    let threads: usize = threads.parse()?;
    let cache: usize = rest.first().map_or(Ok(0), |text| text.parse())?;
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let header = shard::Reader::open(path)?.header().clone();
    let filter = Resized::of(&header)?.map_or(Filter::Linear, |resized| resized.filter);
    let form = Resized { size: size.parse()?, filter };

    let start = Instant::now();
    let sources = [Source::from(Path::new(path))];
    let data =
        Dataset::open(&sources, form, Labels::Network, cache << 20, threads, |file, record, reason| {
            Err(stage::Failure::record(file, record, reason))
        })?;
    let opened = start.elapsed().as_secs_f64();
    let augmentation = Augmentation::default();
    let plan = Epoch {
        seed: 0,
        number: 1,
        batch: 8,
        tail: Tail::Keep,
        augmentation: &augmentation,
        ahead: threads + 1,
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
