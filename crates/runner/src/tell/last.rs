//! The last run of a pipeline: its report and timeline, as they are kept in the store.

use std::io;
use std::path::PathBuf;

use crate::store::Store;
use crate::store::files::{escape, read_json, write_json, write_whole};
use crate::tell::report::Report;
use crate::tell::timeline;

/// Remembers what a run did, and draws its timeline.
pub fn save(store: &Store, report: &Report) -> io::Result<()> {
    write_json(&path(store, &report.pipeline, "json"), report)?;
    write_whole(&timeline_path(store, &report.pipeline), timeline::html(report).as_bytes())
}

/// What the last run of a pipeline did.
pub fn load(store: &Store, pipeline: &str) -> Option<Report> {
    read_json(&path(store, pipeline, "json"))
}

/// Where the timeline of a pipeline's last run is.
pub fn timeline_path(store: &Store, pipeline: &str) -> PathBuf {
    path(store, pipeline, "html")
}

fn path(store: &Store, pipeline: &str, extension: &str) -> PathBuf {
    store.path("reports").join(format!("{}.{extension}", escape(pipeline)))
}
