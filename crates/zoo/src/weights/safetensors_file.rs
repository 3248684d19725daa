//! Safetensors files.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensors, View};
use tch::{Device, Kind, Tensor};

use super::WeightsError;

/// What such a file is called in errors.
const FORMAT: &str = "safetensors file";

/// Reads a safetensors file into tensors on the CPU.
pub fn read(path: &Path) -> Result<BTreeMap<String, Tensor>, WeightsError> {
    parse(path, &fs_err::read(path)?)
}

/// Whether a file that begins with these bytes may be one: the length of its header, and the header, which is JSON.
pub(super) fn is_safetensors(bytes: &[u8]) -> bool {
    bytes.get(8) == Some(&b'{')
}

/// The tensors of the safetensors file at `path`, whose content is `bytes`.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<BTreeMap<String, Tensor>, WeightsError> {
    let format = |reason: String| WeightsError::Format { path: path.to_owned(), format: FORMAT, reason };
    let file = SafeTensors::deserialize(bytes).map_err(|error| format(error.to_string()))?;
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

/// Writes tensors to a safetensors file, which has its name only when it is whole.
///
/// The same tensors under the same keys give the same bytes.
pub fn write<'a>(
    path: &Path,
    tensors: impl IntoIterator<Item = (&'a str, &'a Tensor)>,
) -> Result<(), WeightsError> {
    let format = |reason: String| WeightsError::Format { path: path.to_owned(), format: FORMAT, reason };
    let mut blobs = Vec::new();
    for (key, tensor) in tensors {
        blobs.push((key, Blob::of(tensor).map_err(|reason| format(format!("{key}: {reason}")))?));
    }
    // Readers of the PyTorch family ask for this entry. A second one would make the bytes depend on hash order.
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    let bytes = safetensors::serialize(blobs, Some(metadata)).map_err(|error| format(error.to_string()))?;
    Ok(partial::write(path, bytes)?)
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
