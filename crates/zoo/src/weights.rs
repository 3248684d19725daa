//! Weights on disk: safetensors files whose keys are the model's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors, View};
use tch::{Device, Kind, Tensor};

use crate::parameters::Weights;

/// Keys listed per kind of mismatch before the rest is only counted.
const LISTED: usize = 12;

/// BatchNorm's count of training batches. It takes no part in any result, and exporters often leave it out: the
/// one key that a file may lack. Where the file has it, it must fit like any other.
const OPTIONAL_SUFFIX: &str = ".num_batches_tracked";

/// A weights file that could not be read, written, or fitted to a model.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file system refused.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not a whole safetensors file.
    #[error("{}: not a whole safetensors file: {reason}", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A whole file, but of another model.
    #[error("{} does not fit the model: {mismatch}", .path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// Everything that does not fit.
        mismatch: Box<Mismatch>,
    },
}

/// Everything in which a file differs from a model. Each list is in the order of the keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mismatch {
    /// Keys that the model has and the file lacks.
    pub missing: Vec<String>,
    /// Keys that the file has and the model lacks.
    pub unexpected: Vec<String>,
    /// Keys whose tensors have another shape.
    pub wrong_shape: Vec<Difference<Vec<i64>>>,
    /// Keys whose tensors have another element type.
    pub wrong_dtype: Vec<Difference<Kind>>,
}

/// One key on which file and model disagree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference<T> {
    /// The key.
    pub key: String,
    /// What the model has.
    pub expected: T,
    /// What the file has.
    pub found: T,
}

impl Mismatch {
    /// Whether file and model agree.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty()
            && self.unexpected.is_empty()
            && self.wrong_shape.is_empty()
            && self.wrong_dtype.is_empty()
    }
}

impl Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn differ<T: fmt::Debug>(differences: &[Difference<T>]) -> Vec<String> {
            let line = |d: &Difference<T>| format!("{} is {:?}, expected {:?}", d.key, d.found, d.expected);
            differences.iter().map(line).collect()
        }
        let lists = [
            ("missing", self.missing.clone()),
            ("unexpected", self.unexpected.clone()),
            ("of another shape", differ(&self.wrong_shape)),
            ("of another dtype", differ(&self.wrong_dtype)),
        ];
        let mut separator = "";
        for (what, lines) in lists.iter().filter(|(_, lines)| !lines.is_empty()) {
            write!(f, "{separator}{} {what}:", lines.len())?;
            for line in lines.iter().take(LISTED) {
                write!(f, "\n    {line}")?;
            }
            if lines.len() > LISTED {
                write!(f, "\n    … and {} more", lines.len() - LISTED)?;
            }
            separator = "\n  ";
        }
        Ok(())
    }
}

impl Weights {
    /// Takes the values of the safetensors file at `path`, if every key, shape and dtype is the model's.
    ///
    /// Nothing changes unless all of it fits; otherwise [`WeightsError::Mismatch`] has every difference. Only
    /// `*.num_batches_tracked` may be absent from the file, and keeps its value then; only [`Self::unused`] keys may be
    /// there besides.
    pub fn load(&self, path: &Path) -> Result<(), WeightsError> {
        let tensors = read(path)?;
        let mismatch = self.compare(&tensors);
        if !mismatch.is_empty() {
            return Err(WeightsError::Mismatch { path: path.to_owned(), mismatch: Box::new(mismatch) });
        }
        tch::no_grad(|| {
            for entry in self.entries() {
                if let Some(values) = tensors.get(&entry.key) {
                    entry.tensor.shallow_clone().copy_(values);
                }
            }
        });
        Ok(())
    }

    /// In what `tensors` differ from this model.
    pub fn compare(&self, tensors: &BTreeMap<String, Tensor>) -> Mismatch {
        let mut mismatch = Mismatch::default();
        let known = |key: &&str| !self.unused().contains(*key);
        let mut unexpected: BTreeSet<&str> = tensors.keys().map(String::as_str).filter(known).collect();
        for entry in self.entries() {
            unexpected.remove(entry.key.as_str());
            let key = || entry.key.clone();
            let Some(found) = tensors.get(&entry.key) else {
                if !entry.key.ends_with(OPTIONAL_SUFFIX) {
                    mismatch.missing.push(key());
                }
                continue;
            };
            let (expected, found_shape) = (entry.tensor.size(), found.size());
            if expected != found_shape {
                mismatch.wrong_shape.push(Difference { key: key(), expected, found: found_shape });
            }
            let (expected, found) = (entry.tensor.kind(), found.kind());
            if expected != found {
                mismatch.wrong_dtype.push(Difference { key: key(), expected, found });
            }
        }
        mismatch.unexpected = unexpected.into_iter().map(str::to_owned).collect();
        mismatch.missing.sort_unstable();
        mismatch.wrong_shape.sort_by(|a, b| a.key.cmp(&b.key));
        mismatch.wrong_dtype.sort_by(|a, b| a.key.cmp(&b.key));
        mismatch
    }

    /// Writes every tensor to a safetensors file at `path`, which appears only when it is whole.
    pub fn save(&self, path: &Path) -> Result<(), WeightsError> {
        write(path, self.entries().iter().map(|entry| (entry.key.as_str(), &entry.tensor)))
    }
}

/// Reads a safetensors file into tensors on the CPU.
pub fn read(path: &Path) -> Result<BTreeMap<String, Tensor>, WeightsError> {
    let format = |reason: String| WeightsError::Format { path: path.to_owned(), reason };
    let bytes = fs::read(path).map_err(|source| WeightsError::Io { path: path.to_owned(), source })?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| format(error.to_string()))?;
    let mut tensors = BTreeMap::new();
    for (key, view) in file.iter() {
        let kind = kind_of(view.dtype())
            .ok_or_else(|| format(format!("{key} has dtype {:?}, which is not supported", view.dtype())))?;
        let shape: Option<Vec<i64>> = view.shape().iter().map(|&size| size.try_into().ok()).collect();
        let shape = shape.ok_or_else(|| format(format!("{key} has the shape {:?}", view.shape())))?;
        let tensor = Tensor::f_from_data_size(view.data(), &shape, kind)
            .map_err(|error| format(format!("{key}: {error}")))?;
        tensors.insert(key.to_owned(), tensor);
    }
    Ok(tensors)
}

/// Writes tensors to a safetensors file: under `path` + `.partial` first, synced, then renamed.
///
/// The same tensors under the same keys give the same bytes.
pub fn write<'a>(
    path: &Path,
    tensors: impl IntoIterator<Item = (&'a str, &'a Tensor)>,
) -> Result<(), WeightsError> {
    let format = |reason: String| WeightsError::Format { path: path.to_owned(), reason };
    let io = |source| WeightsError::Io { path: path.to_owned(), source };
    let mut blobs = Vec::new();
    for (key, tensor) in tensors {
        blobs.push((key, Blob::of(tensor).map_err(|reason| format(format!("{key}: {reason}")))?));
    }
    // Readers of the PyTorch family ask for this entry. A second one would make the bytes depend on hash order.
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    let bytes = safetensors::serialize(blobs, Some(metadata)).map_err(|error| format(error.to_string()))?;
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let mut file = File::create(&partial).map_err(io)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(io)?;
    fs::rename(&partial, path).map_err(io)
}

/// A tensor's bytes, row-major and little-endian.
struct Blob {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Blob {
    fn of(tensor: &Tensor) -> Result<Self, String> {
        let kind = tensor.kind();
        let dtype = dtype_of(kind).ok_or_else(|| format!("{kind:?} cannot be saved"))?;
        let shape = tensor.size().iter().map(|&size| size as usize).collect();
        let row_major = tensor.detach().to_device(Device::Cpu).contiguous();
        let mut bytes = vec![0; row_major.numel() * kind.elt_size_in_bytes()];
        row_major.f_copy_data_u8(&mut bytes, row_major.numel()).map_err(|error| error.to_string())?;
        Ok(Self { dtype, shape, bytes })
    }
}

impl View for Blob {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> std::borrow::Cow<'_, [u8]> {
        self.bytes.as_slice().into()
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The element types that both sides know.
const DTYPES: [(Dtype, Kind); 10] = [
    (Dtype::F32, Kind::Float),
    (Dtype::F64, Kind::Double),
    (Dtype::F16, Kind::Half),
    (Dtype::BF16, Kind::BFloat16),
    (Dtype::I64, Kind::Int64),
    (Dtype::I32, Kind::Int),
    (Dtype::I16, Kind::Int16),
    (Dtype::I8, Kind::Int8),
    (Dtype::U8, Kind::Uint8),
    (Dtype::BOOL, Kind::Bool),
];

fn kind_of(dtype: Dtype) -> Option<Kind> {
    DTYPES.iter().find(|(known, _)| *known == dtype).map(|(_, kind)| *kind)
}

fn dtype_of(kind: Kind) -> Option<Dtype> {
    DTYPES.iter().find(|(_, known)| *known == kind).map(|(dtype, _)| *dtype)
}
