//! Files of the Hugging Face hub, through the cache that all of its programs share.
//!
//! The hub's own environment variables hold: `HF_HOME` says where the cache is, `HF_ENDPOINT` where
//! the hub is, and with `HF_HUB_OFFLINE=1` nothing is fetched.

use std::path::PathBuf;

use hf_hub::api::sync::ApiBuilder;
use hf_hub::{Cache, Repo, RepoType};

/// The file's place in the cache, into which it is fetched if it isn't there. A revision's name, such as `main`, is
/// not asked for anew.
pub(super) fn fetch(repository: &str, revision: Option<&str>, file: &str) -> Result<PathBuf, String> {
    let revision = revision.unwrap_or("main").to_owned();
    let repository = Repo::with_revision(repository.to_owned(), RepoType::Model, revision);
    let cache = Cache::from_env();
    if let Some(path) = cache.repo(repository.clone()).get(file) {
        return Ok(path);
    }
    let not_cached = format!("not in the cache {}", cache.path().display());
    if is_offline() {
        return Err(format!("{not_cached}, and HF_HUB_OFFLINE is set, so that nothing is fetched"));
    }
    let api = ApiBuilder::from_env().with_progress(false).build();
    let fetched = api.and_then(|api| api.repo(repository).get(file));
    fetched.map_err(|error| format!("{not_cached}, and fetching it failed: {error}"))
}

fn is_offline() -> bool {
    let set = std::env::var("HF_HUB_OFFLINE").unwrap_or_default().to_ascii_uppercase();
    ["1", "ON", "YES", "TRUE"].contains(&set.as_str())
}
