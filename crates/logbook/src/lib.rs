//! The log of a training run: TensorBoard event files, curves, and where its time goes.
//!
//! ```text
//! DIR/                                            what `tensorboard --logdir DIR` is given
//!   RUN/                                          a run, also one that was stopped and went on
//!     events.out.tfevents.1764540000.host.123.0   scalars, images, histograms, hyperparameters
//!     events.out.tfevents.1764543600.host.456.0   the same run, gone on
//!     speed.jsonl                                 a [`Speed`] a line
//!     curves.svg                                  [`Curves`], for a browser
//! ```
//!
//! All of it may depend on the clock, so none of it is part of a result, and nothing is read back: a log that is lost
//! costs nothing but the sight of it. Whatever must be equal from run to run belongs elsewhere.
//!
//! ```no_run
//! # fn main() -> std::io::Result<()> {
//! let mut book = logbook::Logbook::open("log", "fold0", 0)?;
//! book.hparams(&serde_json::json!({"optimizer": {"name": "adamw", "lr": 1e-3}}), &["dice/validation"])?;
//! book.scalar("loss/train", 10, 0.41)?;
//! book.flush()?;
//! book.end(logbook::Ending::Success)?;
//! # Ok(())
//! # }
//! ```

mod book;
pub mod curves;
pub mod event;
pub mod histogram;
pub mod hparams;
pub mod picture;
pub mod record;
mod speed;
mod wire;

pub use crate::book::Logbook;
pub use crate::curves::Curves;
pub use crate::event::Event;
pub use crate::histogram::Histogram;
pub use crate::hparams::Ending;
pub use crate::speed::Speed;
