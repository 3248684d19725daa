//! One runner at a time works on a store; others wait, and say for whom.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store::Store;
use crate::store::files::named;

/// The kernel's lock on a store. It ends with this process and the stages that it started, however they end.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// Who holds a lock.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    host: String,
    pipeline: String,
}

const POLL: Duration = Duration::from_millis(100);

impl Lock {
    /// Takes the lock. Where another runner has it, `waiting` is told who, once; `Ok(None)` where `give_up` says so
    /// before the lock is free.
    pub fn take(
        store: &Store,
        pipeline: &str,
        waiting: impl FnOnce(&str),
        give_up: impl Fn() -> bool,
    ) -> io::Result<Option<Lock>> {
        let path = store.path("lock");
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(|error| named(&path, error))?;
        let mut waiting = Some(waiting);
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(named(&path, error)),
            }
            if let Some(waiting) = waiting.take() {
                waiting(&holder(&mut file));
            }
            if give_up() {
                return Ok(None);
            }
            thread::sleep(POLL);
        }
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let holder = Holder { pid: std::process::id(), host, pipeline: pipeline.to_owned() };
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(serde_json::to_string(&holder)?.as_bytes())?;
        Ok(Some(Lock { file }))
    }

    /// The file, for children to hold the lock too.
    pub(crate) fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut text));
    let holder = read.ok().and_then(|_| serde_json::from_str::<Holder>(&text).ok());
    holder.map_or_else(
        || "another runner".to_owned(),
        |Holder { pid, host, pipeline }| format!("the runner of {pipeline} (process {pid} on {host})"),
    )
}
