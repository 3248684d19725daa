//! The output of a stage: it appears under its name only when it is whole.

use std::io;
use std::path::Path;

use partial::{Existing, PartialFolder};
use shard::program::{NOT_TO_A_TERMINAL, Sink};
use shard::{Header, Writer};

use crate::Failure;
use crate::digest::{self, Digesting};

/// What the stage has opened. Dropped before [`Opened::commit`], it leaves nothing behind, but for a folder that a
/// later run can go on from.
pub(crate) enum Opened {
    Shard(Box<Writer<Sink>>),
    Text(Box<Digesting<Sink>>),
    Folder(PartialFolder),
}

impl Opened {
    pub(crate) fn shard(path: &Path, header: Header) -> Result<Opened, Failure> {
        let sink = Sink::open(path).map_err(refused)?;
        if sink.is_terminal() {
            return Err(Failure::Usage(NOT_TO_A_TERMINAL.to_owned()));
        }
        Ok(Opened::Shard(Box::new(Writer::new(sink, header).map_err(Failure::writing)?)))
    }

    pub(crate) fn text(path: &Path) -> Result<Opened, Failure> {
        Ok(Opened::Text(Box::new(Digesting::new(Sink::open(path).map_err(refused)?))))
    }

    /// Makes the output appear and gives its digest.
    pub(crate) fn commit(self) -> Result<String, Failure> {
        match self {
            Opened::Shard(writer) => {
                let (sink, digest) = writer.finish().map_err(Failure::writing)?;
                sink.commit().map_err(Failure::system)?;
                Ok(digest.to_string())
            }
            Opened::Text(text) => {
                let (sink, digest) = text.end();
                sink.commit().map_err(Failure::system)?;
                Ok(digest)
            }
            Opened::Folder(folder) => {
                let digest = digest::of_folder(folder.growing())?;
                folder.commit().map_err(Failure::system)?;
                Ok(digest)
            }
        }
    }
}

/// Begins a folder, or goes on with what an earlier run left of it.
pub(crate) fn folder(path: &Path, resume: bool, replace: bool) -> Result<PartialFolder, Failure> {
    let existing = if replace { Existing::Replace } else { Existing::Keep };
    let begin = if resume { PartialFolder::resume } else { PartialFolder::create };
    begin(path, existing).map_err(refused)
}

/// An output that can't be begun: a name that is taken is for the user to change.
fn refused(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::Usage(format!(
            "{error}: give another --out, or --replace to have a folder replaced by a folder"
        )),
        io::ErrorKind::InvalidFilename => Failure::Usage(error.to_string()),
        _ => Failure::system(error),
    }
}
