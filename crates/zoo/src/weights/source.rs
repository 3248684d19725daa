//! Where weights come from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
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

/// What was read.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) tensors: BTreeMap<String, Tensor>,
    /// What else there is to say about it.
    pub(super) told: Vec<String>,
    /// Of all bytes that were read.
    pub(super) sha256: String,
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

    /// The repository in the hub.
    pub fn repository(&self) -> Option<&str> {
        match self {
            Source::File(_) => None,
            Source::Hub { repository, .. } => Some(repository),
        }
    }

    /// Every tensor under its key in the file, and what else there is to say about them, in words.
    pub fn tensors(&self) -> Result<(BTreeMap<String, Tensor>, Vec<String>), WeightsError> {
        self.read().map(|Content { tensors, told, .. }| (tensors, told))
    }

    /// Reads every tensor.
    pub(super) fn read(&self) -> Result<Content, WeightsError> {
        let path = self.path()?;
        if path.is_dir() {
            let reason = "it is a folder: name a file in it, such as model.safetensors".to_owned();
            return Err(WeightsError::Foreign { path, reason });
        }
        let bytes = fs_err::read(&path)?;
        let mut digest = Sha256::new_with_prefix(&bytes);
        let (tensors, told) = if torch_file::is_torch_file(&bytes) {
            torch_file::read(&bytes).map_err(|reason| WeightsError::Format {
                path,
                format: "state dict of PyTorch",
                reason,
            })?
        } else if self.name().ends_with(".index.json") {
            (self.read_shards(&path, &bytes, &mut digest)?, Vec::new())
        } else if safetensors_file::is_safetensors(&bytes) {
            (safetensors_file::parse(&path, &bytes)?, Vec::new())
        } else {
            return Err(WeightsError::Foreign { path, reason: foreign(&bytes) });
        };
        let sha256 = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Content { tensors, told, sha256 })
    }

    /// The tensors of the shards of the index in the file at `path`.
    fn read_shards(
        &self,
        path: &Path,
        bytes: &[u8],
        digest: &mut Sha256,
    ) -> Result<BTreeMap<String, Tensor>, WeightsError> {
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
            let path = sibling.path()?;
            let bytes = fs_err::read(&path)?;
            digest.update(&bytes);
            for (key, tensor) in safetensors_file::parse(&path, &bytes)? {
                if weight_map.get(&key) != Some(shard) {
                    return Err(format(format!("{shard} has {key}, which the index does not say")));
                }
                tensors.insert(key, tensor);
            }
        }
        match weight_map.iter().find(|(key, _)| !tensors.contains_key(*key)) {
            Some((key, shard)) => Err(format(format!("{shard} lacks {key}"))),
            None => Ok(tensors),
        }
    }

    /// The path, in the file system or in the repository.
    fn name(&self) -> String {
        match self {
            Source::File(path) => path.to_string_lossy().into_owned(),
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

/// What a file that is neither of PyTorch nor safetensors seems to be.
fn foreign(bytes: &[u8]) -> String {
    const EXPECTED: &str = "expected safetensors, or what torch.save writes";
    let known: [(&[u8], &str); 4] = [
        (
            b"version https://git-lfs",
            "it is a pointer of Git LFS, not the file itself: `git lfs pull` fetches that",
        ),
        (b"<", "it is a web page: the download failed"),
        (b"\x80", "it is a pickle that torch.save did not write: save `model.state_dict()` with torch.save"),
        (b"\x89HDF", "it is an HDF5 file: save the weights as safetensors"),
    ];
    if bytes.is_empty() {
        return format!("it is empty; {EXPECTED}");
    }
    match known.iter().find(|(beginning, _)| bytes.starts_with(beginning)) {
        Some((_, what)) => format!("{what}; {EXPECTED}"),
        None => format!("it begins with the bytes {:02x?}; {EXPECTED}", &bytes[..bytes.len().min(8)]),
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
