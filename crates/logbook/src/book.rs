//! The logbook: the files of one run's log, and the writing to them.

use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use fs_err::{self as fs, File, OpenOptions};
use serde_json::Value;

use crate::curves::Curves;
use crate::event::{Event, What};
use crate::histogram::Histogram;
use crate::hparams::{self, Ending, Told};
use crate::picture::Picture;
use crate::record;
use crate::speed::Speed;

/// What every event file's name begins with.
const PREFIX: &str = "events.out.tfevents.";

/// Records are written when they are so many bytes, also where nobody calls [`Logbook::flush`].
const BUFFER: usize = 1 << 20;

/// The log of one run, open for writing.
///
/// Records are held until [`Logbook::flush`], which writes them in one piece. Dropping flushes too, but can't tell of
/// an error. Errors name the file.
///
/// A step is the optimizer's, counted over all epochs, for every tag: when a run goes on from step n, TensorBoard
/// forgets what was told of steps from n on, and what was told by epochs it would forget too late.
#[derive(Debug)]
pub struct Logbook {
    folder: PathBuf,
    events: Whole,
    speed: Whole,
    /// Whole records that are not yet in `events`.
    pending: Vec<u8>,
}

impl Logbook {
    /// Opens the log of `run` in the folder `dir`, which is made where it is not there.
    ///
    /// `run` is the name that TensorBoard shows, and the path of a folder below `dir`: `fold0`, `sgd/fold0`, or `.` for
    /// `dir` itself. Any other path is [`io::ErrorKind::InvalidInput`].
    ///
    /// `step` is the first that will be told of: 0 for a run that begins, the step that it goes on from for one that was
    /// stopped. Files already there stay; a new one comes after them, and says that earlier words on steps from `step`
    /// on are void (`SessionLog.START`), so that a curve is one line.
    pub fn open(dir: impl AsRef<Path>, run: &str, step: u64) -> io::Result<Logbook> {
        let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if run.is_empty() || !Path::new(run).components().all(inside) {
            let text = format!(
                "{run:?} is no name of a run: it must be the path of a folder below the log's, or `.`"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let folder: PathBuf = dir.as_ref().join(run).components().collect();
        fs::create_dir_all(&folder)?;
        let events = create_events(&folder)?;
        let speed = append_lines(&folder.join("speed.jsonl"))?;
        let mut book = Logbook { folder, events, speed, pending: Vec::new() };
        book.tell(0, What::Version)?;
        book.tell(step, What::Start)?;
        book.flush()?;
        Ok(book)
    }

    /// The folder of the run's files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Tells a number of the curve `tag`, such as `loss/train`: what stands before `/` groups curves. It is kept as f32.
    pub fn scalar(&mut self, tag: &str, step: u64, value: f64) -> io::Result<()> {
        self.tell(step, What::Scalar { tag: tag.to_owned(), value: value as f32 })
    }

    /// Tells a picture, the bytes of a PNG file. Anything else is [`io::ErrorKind::InvalidInput`].
    pub fn image(&mut self, tag: &str, step: u64, png: &[u8]) -> io::Result<()> {
        let picture = Picture::new(png.to_owned())
            .map_err(|error| io::Error::new(error.kind(), format!("{tag} of step {step}: {error}")))?;
        self.tell(step, What::Image { tag: tag.to_owned(), picture })
    }

    /// Tells how `values` are distributed. Those that are not finite are left out.
    pub fn histogram(&mut self, tag: &str, step: u64, values: &[f32]) -> io::Result<()> {
        self.tell(step, What::Histogram { tag: tag.to_owned(), histogram: Histogram::of(values) })
    }

    /// Tells the run's configuration and, by `metrics`, the tags of the scalars that judge it: the HPARAMS tab.
    ///
    /// Fields of fields have names with dots: `optimizer.lr`. TensorBoard takes what hyperparameters and metrics there are
    /// from any one of the runs that it shows, so these should be alike. Where they are not, leave `metrics` empty: then
    /// it looks at all runs, and at all their scalars.
    pub fn hparams(&mut self, configuration: &Value, metrics: &[&str]) -> io::Result<()> {
        let hparams = hparams::flatten(configuration);
        if !metrics.is_empty() {
            let metrics = metrics.iter().map(|tag| (*tag).to_owned()).collect();
            self.tell(0, What::Hparams(Told::Experiment { hparams: hparams.clone(), metrics }))?;
        }
        self.tell(0, What::Hparams(Told::Start { hparams, seconds: now() }))
    }

    /// Tells how the run ended, and flushes. A run that is stopped and goes on later may have several ends.
    pub fn end(&mut self, ending: Ending) -> io::Result<()> {
        self.tell(0, What::Hparams(Told::End { ending, seconds: now() }))?;
        self.flush()
    }

    /// Appends a line to `speed.jsonl`. A step that was done twice, since a run went on from before it, has two lines.
    pub fn speed(&mut self, speed: &Speed) -> io::Result<()> {
        let mut line = serde_json::to_vec(speed).map_err(io::Error::other)?;
        line.push(b'\n');
        self.speed.append(&line)
    }

    /// Writes `curves.svg`, in place of one that is there.
    pub fn curves(&mut self, curves: &Curves) -> io::Result<()> {
        partial::write(self.folder.join("curves.svg"), curves.svg())
    }

    /// Writes what was told since the last call. What can't be written, as on a full disk, is given up: the file stays
    /// readable, and what is told later is written again.
    pub fn flush(&mut self) -> io::Result<()> {
        let written = self.events.append(&self.pending);
        self.pending.clear();
        written
    }

    fn tell(&mut self, step: u64, what: What) -> io::Result<()> {
        record::append(&mut self.pending, &Event { wall_time: now(), step, what }.encode());
        if self.pending.len() >= BUFFER { self.flush() } else { Ok(()) }
    }
}

impl Drop for Logbook {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

/// A file that is appended to, of whole records or lines.
#[derive(Debug)]
struct Whole {
    file: File,
    length: u64,
}

impl Whole {
    /// Appends all of `bytes` or nothing: readers would take for damage what follows half a record.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(bytes);
        match &written {
            Ok(()) => self.length += bytes.len() as u64,
            // Where this fails too, the first error says why.
            Err(_) => drop(self.file.set_len(self.length)),
        }
        written
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// A new event file in `folder`: `events.out.tfevents.SECONDS.HOST.PROCESS.NUMBER`.
///
/// TensorBoard reads a run's files in the order of their names and does not go back to one that it has left. So the
/// new one's seconds are greater than those of all others, also when the clock was set back.
fn create_events(folder: &Path) -> io::Result<Whole> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let mut seconds = now() as u64;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let digits =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|rest| rest.split('.').next());
        if let Some(other) = digits.and_then(|digits| digits.parse::<u64>().ok()) {
            seconds = seconds.max(other.saturating_add(1));
        }
    }
    let host: String = rustix::system::uname().nodename().to_string_lossy().replace(['/', '.'], "-");
    let process = std::process::id();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!("{PREFIX}{seconds:010}.{host}.{process}.{number}"));
    Ok(Whole { file: OpenOptions::new().append(true).create_new(true).open(path)?, length: 0 })
}

/// Opens a file of lines to append to; a last line that was cut short is removed.
fn append_lines(path: &Path) -> io::Result<Whole> {
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    let bytes = fs::read(path)?;
    let length = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1) as u64;
    file.set_len(length)?;
    Ok(Whole { file, length })
}
