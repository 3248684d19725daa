//! The header frame: how a [`Header`] stands in a stream, and which headers may follow one another in it.

use std::fmt;

use crate::Error;
use crate::format::{HEADER_FRAME, MAGIC, MAX_HEADER, MAX_PLANES, VERSION};
use crate::frame::Sealed;
use crate::head;
use crate::record::{Header, PlaneSpec, Producer};

impl Header {
    /// The planes for people: `image u8 dense, masks u32 runs`.
    pub(crate) fn plane_list(&self) -> String {
        head::list(self.planes.iter().map(|plane| (plane.name.as_str(), plane.dtype, plane.encoding)))
    }

    pub(crate) fn to_frame(&self) -> Result<Sealed, Error> {
        self.check()?;
        let mut payload = MAGIC.to_vec();
        payload.extend_from_slice(&VERSION.to_le_bytes());
        serde_json::to_writer(&mut payload, self).map_err(|error| header(error.to_string()))?;
        let length = payload.len();
        Sealed::new(HEADER_FRAME, &payload, MAX_HEADER)
            .ok_or_else(|| header(format!("the header has {length} bytes; the limit is {MAX_HEADER}")))
    }

    pub(crate) fn from_frame(frame: &Sealed) -> Result<Header, Error> {
        let rest =
            frame.payload().strip_prefix(&MAGIC).ok_or_else(|| header("this is not a shard".to_owned()))?;
        let Some((version, json)) = rest.split_first_chunk() else {
            return Err(header("the header has no version".to_owned()));
        };
        let version = u32::from_le_bytes(*version);
        if version != VERSION {
            return Err(header(format!(
                "this shard has version {version}; this program reads version {VERSION}"
            )));
        }
        let parsed: Header =
            serde_json::from_slice(json).map_err(|error| header(format!("the header's JSON: {error}")))?;
        parsed.check()?;
        Ok(parsed)
    }

    /// Checks that a stream with the header `next` may follow one with this header: their planes and classes are
    /// equal. The error names both producers.
    pub fn check_followed_by(&self, next: &Header) -> Result<(), Error> {
        let what = if self.planes != next.planes {
            format!(
                "{} wrote the planes [{}], but {}, which follows it, [{}]",
                self.producer,
                self.plane_list(),
                next.producer,
                next.plane_list()
            )
        } else if self.classes != next.classes {
            format!(
                "{} and {}, which follows it, have different classes ({} and {}; the first difference is {})",
                self.producer,
                next.producer,
                self.classes.len(),
                next.classes.len(),
                first_difference(&self.classes, &next.classes)
            )
        } else {
            return Ok(());
        };
        Err(header(format!("streams that do not go together: {what}")))
    }

    fn check(&self) -> Result<(), Error> {
        if self.planes.len() > MAX_PLANES {
            return Err(header(format!(
                "{} planes in the header; the limit is {MAX_PLANES}",
                self.planes.len()
            )));
        }
        for (index, PlaneSpec { name, .. }) in self.planes.iter().enumerate() {
            if self.planes[..index].iter().any(|other| other.name == *name) {
                return Err(header(format!("the header has two planes called {name}")));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.stage, self.version)
    }
}

fn header(what: String) -> Error {
    Error::Header { what }
}

fn first_difference(ours: &[String], theirs: &[String]) -> String {
    let index = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
    let name = |classes: &[String]| classes.get(index).cloned().unwrap_or_else(|| "nothing".to_owned());
    format!("{} against {} at place {}", name(ours), name(theirs), index + 1)
}
