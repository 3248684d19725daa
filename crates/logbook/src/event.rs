//! An event: what is told at one moment of a run (`Event` of TensorBoard's protocol).
//!
//! ```text
//! Event      1 wall_time: double   2 step: int64   3 file_version: string   5 summary   7 session_log
//! Summary    1 value: repeated Value
//! Value      1 tag   2 simple_value: float   4 image   5 histo   8 tensor   9 metadata
//! Image      1 height   2 width   3 colorspace   4 encoded_image_string
//! Histogram  1 min   2 max   3 num   4 sum   5 sum_squares: double   6 bucket_limit   7 bucket: repeated double
//! SessionLog 1 status: START = 1
//! ```
//!
//! Scalars, images and histograms have the fields that were made for them. TensorBoard turns these into tensors as it
//! reads, and other readers of event files know nothing else. Source: `tensorboard/compat/proto/*.proto`.

use crate::histogram::Histogram;
use crate::hparams;
use crate::picture::Picture;
use crate::wire::Message;

/// What is told at one moment.
#[derive(Clone, Debug)]
pub struct Event {
    /// When, in seconds since 1970.
    pub wall_time: f64,
    /// The optimizer's step that it belongs to.
    pub step: u64,
    /// What is told.
    pub what: What,
}

/// What an [`Event`] tells.
#[derive(Clone, Debug)]
pub enum What {
    /// The first event of each file.
    Version,
    /// Steps are counted from the event's step on: what was told of it and later ones before is void.
    Start,
    /// A number of a curve.
    Scalar {
        /// The curve's name; what stands before `/` groups curves.
        tag: String,
        /// The number; not-finite ones are shown as such.
        value: f32,
    },
    /// A picture.
    Image {
        /// The picture's name.
        tag: String,
        /// The picture.
        picture: Picture,
    },
    /// How values are distributed.
    Histogram {
        /// The distribution's name.
        tag: String,
        /// The distribution.
        histogram: Histogram,
    },
    /// What the HPARAMS tab shows.
    Hparams(hparams::Told),
}

impl Event {
    /// The event as bytes: the data of a [record](crate::record).
    pub fn encode(&self) -> Vec<u8> {
        let event = Message::new().double(1, self.wall_time).varint(2, self.step);
        let summary = |value| Message::new().message(1, value);
        match &self.what {
            What::Version => event.text(3, "brain.Event:2"),
            What::Start => event.message(7, Message::new().varint(1, 1)),
            What::Scalar { tag, value } => {
                event.message(5, summary(Message::new().text(1, tag).float(2, *value)))
            }
            What::Image { tag, picture } => {
                event.message(5, summary(Message::new().text(1, tag).message(4, picture.message())))
            }
            What::Histogram { tag, histogram } => {
                event.message(5, summary(Message::new().text(1, tag).message(5, histogram.message())))
            }
            What::Hparams(told) => event.message(5, summary(told.message())),
        }
        .into_bytes()
    }
}
