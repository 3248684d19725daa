//! Resuming: from a finished run to the state of one that grows.

use std::path::Path;

use checkpoint::file;
use fs_err as fs;
use partial::{Existing, PartialFolder};
use stage::Failure;

use super::earlier;
use super::layout::{AVERAGE, Layout, MOMENTS, PROGRESS, WEIGHTS, entries, io_failure, remove};

/// Puts the state of the finished run in the folder `from` into the folder that a run grows in, which may be the same.
/// `resumed` is the digest of `from`, where it is an input.
///
/// # Errors
/// Where it holds no state, or one that this program does not read.
pub(super) fn reopen(from: &Path, into: &Layout, resumed: Option<String>) -> Result<(), Failure> {
    let source = Layout { folder: from.to_owned() };
    let Some(state) = source.newest()? else {
        return Err(Failure::data(
            from.display(),
            "holds no state to go on from: the folder that `train` left was expected, with what is in its folder `state`; \
             --start begins anew with its weights",
        ));
    };
    let mut progress = earlier::read(&state)?.map_err(|reason| Failure::data(from.display(), reason))?;
    let elsewhere = from != into.folder;
    fs::create_dir_all(into.state()).map_err(io_failure)?;
    if let Some(best) = &progress.best {
        fs::copy(from.join(file::BEST), into.best(best.epoch)).map_err(io_failure)?;
    }
    if elsewhere {
        fs::copy(source.metrics(), into.metrics()).map_err(io_failure)?;
        fs::create_dir_all(into.kept()).map_err(io_failure)?;
        for kept in entries(&source.kept())? {
            let name = kept.file_name().unwrap_or_default();
            fs::copy(&kept, into.kept().join(name)).map_err(io_failure)?;
        }
        progress.resumed = resumed;
    }
    let reopened =
        PartialFolder::create(into.epoch(progress.epoch), Existing::Replace).map_err(io_failure)?;
    let place = |name: &str| reopened.growing().join(name);
    // Where weights are averaged, `last.safetensors` are the average, and the state has the weights themselves.
    let averaged = state.join(WEIGHTS).exists();
    if averaged {
        fs::copy(state.join(WEIGHTS), place(WEIGHTS)).map_err(io_failure)?;
    }
    let last = if averaged { AVERAGE } else { WEIGHTS };
    fs::copy(from.join(file::LAST), place(last)).map_err(io_failure)?;
    fs::copy(state.join(MOMENTS), place(MOMENTS)).map_err(io_failure)?;
    let text = serde_json::to_string_pretty(&progress).map_err(super::internal)?;
    fs::write(place(PROGRESS), text).map_err(io_failure)?;
    reopened.commit().map_err(io_failure)?;
    if !elsewhere {
        for name in [file::DESCRIPTION, file::BEST, file::LAST] {
            remove(&from.join(name))?;
        }
    }
    Ok(())
}
