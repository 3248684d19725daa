//! PyTorch's own files, `.pt`, `.pth` and `.bin`: state dicts as `torch.save` writes them.
//!
//! ```text
//! since 1.6   a ZIP archive, uncompressed:   NAME/data.pkl  NAME/byteorder  NAME/data/KEY (a storage's elements)
//! before      pickles one behind the other:  magic number, protocol, system, value, keys of the storages;
//!             then per storage its number of elements (u64) and the elements
//! ```

use std::collections::{BTreeMap, HashMap};
use std::io::{Cursor, Read};

use tch::Tensor;
use zip::ZipArchive;

use super::pickle::{Node, Pickle, View};

/// The first pickle of a legacy file: protocol 2, the number 0x1950a86a20f9469cfc6c, stop.
const MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// The dictionaries that training programs keep a state dict in, the likeliest first.
const WRAPPERS: [&str; 3] = ["state_dict", "model_state_dict", "model"];

/// What wrappers for parallel training put before every key.
const PREFIX: &str = "module.";

/// Whether a file that begins with these bytes is one of PyTorch's.
pub(super) fn is_torch_file(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(MAGIC)
}

/// The tensors of a file, and what else there is to say about it.
pub(super) fn read(bytes: &[u8]) -> Result<(BTreeMap<String, Tensor>, Vec<String>), String> {
    let (pickle, storages) = if bytes.starts_with(MAGIC) { legacy(bytes)? } else { archive(bytes)? };
    let mut told = Vec::new();
    let entries = state_dict(&pickle, &mut told)?;
    let prefixed = !entries.is_empty() && entries.iter().all(|(key, _)| key.starts_with(PREFIX));
    if prefixed {
        told.push(format!("every key begins with `{PREFIX}`, which was left out"));
    }
    let mut tensors = BTreeMap::new();
    for (key, node) in entries {
        let Node::Tensor(view) = node else {
            return Err(format!("{key} is no tensor: a state dict has tensors only"));
        };
        let storage = storages.get(&view.storage.key).map(Vec::as_slice);
        let tensor = storage.ok_or_else(|| "its elements are not in the file".to_owned());
        let tensor =
            tensor.and_then(|storage| tensor_of(view, storage)).map_err(|what| format!("{key}: {what}"))?;
        let name = if prefixed { &key[PREFIX.len()..] } else { key };
        if tensors.insert(name.to_owned(), tensor).is_some() {
            return Err(format!("{name} is there twice"));
        }
    }
    Ok((tensors, told))
}

type Storages = HashMap<String, Vec<u8>>;

fn archive(bytes: &[u8]) -> Result<(Pickle, Storages), String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let names = archive.file_names().map(|name| name.map(|name| name.into_owned()));
    let names: Vec<String> = names.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    let pickled = names.iter().find_map(|name| name.strip_suffix("data.pkl"));
    let root = pickled.ok_or("it is a ZIP archive without `data.pkl`")?;
    let mut content = |name: &str| -> Result<Vec<u8>, String> {
        let entry = archive.by_name(name).map_err(|error| format!("{name}: {error}"))?;
        // Stored as they are, so that no entry can be larger than the file.
        if entry.compressed_size() != entry.size() || entry.size() > bytes.len() as u64 {
            return Err(format!("{name} is compressed, which torch.save never does"));
        }
        let mut content = Vec::with_capacity(entry.size() as usize);
        entry
            .take(bytes.len() as u64)
            .read_to_end(&mut content)
            .map_err(|error| format!("{name}: {error}"))?;
        Ok(content)
    };
    let byte_order = format!("{root}byteorder");
    if names.contains(&byte_order) && content(&byte_order)? != b"little" {
        return Err("it was written on a big-endian machine".to_owned());
    }
    let pickle = Pickle::read(&content(&format!("{root}data.pkl"))?)?;
    let folder = format!("{root}data/");
    let mut storages = Storages::new();
    for name in &names {
        if let Some(key) = name.strip_prefix(&folder) {
            storages.insert(key.to_owned(), content(name)?);
        }
    }
    Ok((pickle, storages))
}

fn legacy(bytes: &[u8]) -> Result<(Pickle, Storages), String> {
    let mut rest = &bytes[MAGIC.len()..];
    let mut next = || {
        let pickle = Pickle::read(rest)?;
        rest = &rest[pickle.length..];
        Ok::<Pickle, String>(pickle)
    };
    let (_protocol, _system, value, keys) = (next()?, next()?, next()?, next()?);
    let Node::List(keys_in_order) = keys.root() else { return Err("its storages are not listed".to_owned()) };
    let sizes = element_sizes(&value);
    let mut storages = Storages::new();
    for &key in keys_in_order {
        let Node::Text(key) = keys.get(key) else { return Err("its storages are not listed".to_owned()) };
        let size = *sizes.get(key.as_str()).ok_or_else(|| format!("storage {key} is used by no tensor"))?;
        let (count, after) = rest.split_first_chunk::<8>().ok_or("it ends in the middle")?;
        let length =
            usize::try_from(u64::from_le_bytes(*count)).ok().and_then(|count| count.checked_mul(size));
        let length = length.filter(|&length| length <= after.len()).ok_or("it ends in the middle")?;
        let (elements, after) = after.split_at(length);
        storages.insert(key.clone(), elements.to_vec());
        rest = after;
    }
    Ok((value, storages))
}

/// Bytes of an element of each storage that the pickle speaks of.
fn element_sizes(pickle: &Pickle) -> HashMap<&str, usize> {
    let storages = pickle.all().iter().filter_map(|node| match node {
        Node::Storage(storage) => Some((storage.key.as_str(), storage.kind.elt_size_in_bytes())),
        _ => None,
    });
    storages.collect()
}

/// The entries of the state dict: the whole value, or what one of [`WRAPPERS`] holds.
fn state_dict<'a>(pickle: &'a Pickle, told: &mut Vec<String>) -> Result<Vec<(&'a str, &'a Node)>, String> {
    let entries = pickle.entries(pickle.root()).ok_or("it holds no dictionary with text as keys")?;
    if entries.iter().any(|(_, node)| matches!(node, Node::Tensor(_))) {
        return Ok(entries);
    }
    for wrapper in WRAPPERS {
        let inner =
            entries.iter().find(|(key, _)| *key == wrapper).and_then(|(_, node)| pickle.entries(node));
        if let Some(inner) = inner {
            told.push(format!("the tensors below `{wrapper}` were taken"));
            return Ok(inner);
        }
    }
    let keys: Vec<&str> = entries.iter().map(|(key, _)| *key).collect();
    Err(format!("no state dict in it: its keys are {keys:?}; expected tensors, or one of {WRAPPERS:?}"))
}

/// A tensor of its own, row-major; an error where the view reaches beyond the storage.
fn tensor_of(view: &View, bytes: &[u8]) -> Result<Tensor, String> {
    let View { storage, offset, size, stride } = view;
    let elements = bytes.len() / storage.kind.elt_size_in_bytes();
    let beyond =
        || format!("size {size:?}, stride {stride:?}, offset {offset} reach beyond {elements} elements");
    if i64::try_from(elements) != Ok(storage.elements) {
        return Err(format!("{} elements were expected, {elements} are there", storage.elements));
    }
    if size.len() != stride.len() || size.iter().chain(stride).chain([offset]).any(|&number| number < 0) {
        return Err(beyond());
    }
    let count = size.iter().try_fold(1i64, |count, &size| count.checked_mul(size)).ok_or_else(beyond)?;
    if count > 0 {
        let reach = size.iter().zip(stride).try_fold(*offset, |reach, (size, stride)| {
            (size - 1).checked_mul(*stride).and_then(|step| reach.checked_add(step))
        });
        // One element at many indices could ask for any amount of memory.
        if reach.is_none_or(|reach| reach >= storage.elements) || count > storage.elements {
            return Err(beyond());
        }
    }
    let flat = Tensor::f_from_data_size(
        &bytes[..elements * storage.kind.elt_size_in_bytes()],
        &[storage.elements],
        storage.kind,
    );
    let flat = flat.map_err(|error| error.to_string())?;
    if count == 0 {
        return Ok(Tensor::zeros(size.as_slice(), (storage.kind, flat.device())));
    }
    flat.f_as_strided(size, stride, *offset)
        .map(|tensor| tensor.contiguous())
        .map_err(|error| error.to_string())
}
