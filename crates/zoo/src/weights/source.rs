//! Where weights come from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::{WeightsError, hub, safetensors_file, torch_file};

/// Where weights come from: a file, or `hf://owner/name[@revision]/file` in the Hugging Face hub.
///
/// What is in a file is told by its content: safetensors; the index (`*.index.json`) of safetensors in shards; or a
/// state dict as `torch.save` writes it, of which nothing is ever executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// A file of a repository in the hub.
    Hub {
        /// `owner/name`.
        repository: String,
        /// Branch, tag or commit; none: `main`.
        revision: Option<String>,
        /// Its path in the repository.
        file: String,
    },
}

/// What the address of a file in the hub begins with.
const HUB: &str = "hf://";

/// Weights that were read.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) tensors: BTreeMap<String, Tensor>,
    /// What else there is to say about them.
    pub(super) told: Vec<String>,
}

impl Source {
    /// The file itself; one from the hub is fetched unless it is in the cache.
    pub fn path(&self) -> Result<PathBuf, WeightsError> {
        match self {
            Source::File(path) => Ok(path.clone()),
            Source::Hub { repository, revision, file } => hub::fetch(repository, revision.as_deref(), file)
                .map_err(|reason| WeightsError::Hub { from: self.to_string(), reason }),
        }
    }

    /// Every tensor, and what else there is to say about them, in words.
    pub fn tensors(&self) -> Result<(BTreeMap<String, Tensor>, Vec<String>), WeightsError> {
        self.read().map(|Loaded { tensors, told }| (tensors, told))
    }

    /// Reads every tensor.
    pub(super) fn read(&self) -> Result<Loaded, WeightsError> {
        let path = self.path()?;
        let bytes = fs::read(&path).map_err(|source| WeightsError::Io { path: path.clone(), source })?;
        if torch_file::is_torch_file(&bytes) {
            let (tensors, told) = torch_file::read(&bytes).map_err(|reason| WeightsError::Format {
                path,
                format: "state dict of PyTorch",
                reason,
            })?;
            return Ok(Loaded { tensors, told });
        }
        if self.file_name().ends_with(".index.json") {
            return self.read_shards(&path, &bytes);
        }
        Ok(Loaded { tensors: safetensors_file::parse(&path, &bytes)?, told: Vec::new() })
    }

    /// The shards of the index in the file at `path`.
    fn read_shards(&self, path: &Path, bytes: &[u8]) -> Result<Loaded, WeightsError> {
        let format = |reason: String| WeightsError::Format {
            path: path.to_owned(),
            format: "index of shards",
            reason,
        };
        let Index { weight_map } =
            serde_json::from_slice(bytes).map_err(|error| format(error.to_string()))?;
        let mut tensors = BTreeMap::new();
        for shard in weight_map.values().collect::<BTreeSet<_>>() {
            let sibling =
                self.sibling(shard).ok_or_else(|| format(format!("{shard:?} is no file beside it")))?;
            for (key, tensor) in safetensors_file::read(&sibling.path()?)? {
                if weight_map.get(&key) != Some(shard) {
                    return Err(format(format!("{shard} has {key}, which the index does not say")));
                }
                tensors.insert(key, tensor);
            }
        }
        match weight_map.iter().find(|(key, _)| !tensors.contains_key(*key)) {
            Some((key, shard)) => Err(format(format!("{shard} lacks {key}"))),
            None => Ok(Loaded { tensors, told: Vec::new() }),
        }
    }

    fn file_name(&self) -> String {
        match self {
            Source::File(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Source::Hub { file, .. } => file.clone(),
        }
    }

    /// The file of this name in the same folder; none where `name` is a path.
    fn sibling(&self, name: &str) -> Option<Source> {
        if Path::new(name).file_name() != Some(name.as_ref()) {
            return None;
        }
        Some(match self {
            Source::File(path) => Source::File(path.with_file_name(name)),
            Source::Hub { repository, revision, file } => {
                let folder = file.rfind('/').map_or("", |end| &file[..=end]);
                let file = format!("{folder}{name}");
                Source::Hub { repository: repository.clone(), revision: revision.clone(), file }
            }
        })
    }
}

/// `*.index.json`, as transformers writes it.
#[derive(Deserialize)]
struct Index {
    /// The shard of every key.
    weight_map: BTreeMap<String, String>,
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Source, String> {
        let Some(address) = text.strip_prefix(HUB) else { return Ok(Source::File(text.into())) };
        let mut parts = address.splitn(3, '/');
        let (owner, name, file) = (parts.next(), parts.next(), parts.next());
        let (name, revision) = match name.and_then(|name| name.split_once('@')) {
            Some((name, revision)) => (Some(name), Some(revision)),
            None => (name, None),
        };
        match (owner, name, file) {
            (Some(owner), Some(name), Some(file))
                if ![owner, name, file, revision.unwrap_or("main")].contains(&"") =>
            {
                Ok(Source::Hub {
                    repository: format!("{owner}/{name}"),
                    revision: revision.map(str::to_owned),
                    file: file.to_owned(),
                })
            }
            _ => Err(format!("{text:?} is not of the form hf://owner/name[@revision]/file")),
        }
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File(path) => path.display().fmt(f),
            Source::Hub { repository, revision: Some(revision), file } => {
                write!(f, "{HUB}{repository}@{revision}/{file}")
            }
            Source::Hub { repository, revision: None, file } => write!(f, "{HUB}{repository}/{file}"),
        }
    }
}

impl TryFrom<String> for Source {
    type Error = String;

    fn try_from(text: String) -> Result<Source, String> {
        text.parse()
    }
}

impl From<Source> for String {
    fn from(source: Source) -> String {
        source.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn addresses_are_read_and_written_alike() {
        for text in ["weights.pt", "/a/b.safetensors", "hf://a/b/c.bin", "hf://a/b@v1/c/d.index.json"] {
            assert_eq!(text.parse::<Source>().unwrap().to_string(), text);
        }
        let source: Source = "hf://timm/resnet50.a1_in1k@main/model.safetensors".parse().unwrap();
        let Source::Hub { repository, revision, file } = source else { panic!("{source:?}") };
        assert_eq!((&*repository, revision.as_deref()), ("timm/resnet50.a1_in1k", Some("main")));
        assert_eq!(file, "model.safetensors");
        for bad in ["hf://", "hf://a", "hf://a/b", "hf://a/b/", "hf:///b/c", "hf://a/@x/c", "hf://a/b@/c"] {
            assert!(bad.parse::<Source>().unwrap_err().contains("hf://owner/name"), "{bad}");
        }
    }

    #[test]
    fn shards_lie_beside_their_index() {
        let index: Source = "hf://a/b@r/c/d.index.json".parse().unwrap();
        assert_eq!(index.sibling("e.safetensors").unwrap().to_string(), "hf://a/b@r/c/e.safetensors");
        for path in ["../e", "/e", "c/e", "..", ""] {
            assert_eq!(index.sibling(path), None, "{path}");
        }
    }
}
