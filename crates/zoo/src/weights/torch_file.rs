//! PyTorch's own files, `.pt`, `.pth` and `.bin`: state dicts as `torch.save` writes them.
//!
//! ```text
//! since 1.6   a ZIP archive, uncompressed:   NAME/data.pkl  NAME/byteorder  NAME/data/KEY (a storage's elements)
//! before      pickles one behind the other:  magic number, protocol, system, value, keys of the storages;
//!             then per storage its number of elements (u64) and the elements
//! ```

use std::collections::{BTreeMap, HashMap};
use std::io::{Cursor, Read};

use tch::{Kind, Tensor};
use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};

use super::machine;
use super::pickle::{Node, Pickle, View};

/// The first pickle of a legacy file: protocol 2, the number 0x1950a86a20f9469cfc6c, stop.
const MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// The dictionaries that training programs keep a state dict in, the likeliest first.
const DICTIONARIES: [&str; 3] = ["state_dict", "model_state_dict", "model"];

/// Bytes that the tensors of a file may take in memory, for each of the file's own: they may share storages.
const SHARED: usize = 8;

/// Whether a file that begins with these bytes is one of PyTorch's.
pub(super) fn is_torch_file(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(MAGIC)
}

/// The tensors of a file, and what else there is to say about it.
pub(super) fn read(bytes: &[u8]) -> Result<(BTreeMap<String, Tensor>, Vec<String>), String> {
    let (pickle, storages) = if bytes.starts_with(MAGIC) { legacy(bytes)? } else { archive(bytes)? };
    let mut told = Vec::new();
    let entries = state_dict(&pickle, &mut told)?;
    let mut memory = Memory { storages, tensors: HashMap::new(), left: bytes.len().saturating_mul(SHARED) };
    let mut tensors = BTreeMap::new();
    for (key, node) in entries {
        let Node::Tensor(view) = node else {
            return Err(format!("{key} is no tensor: a state dict has tensors only"));
        };
        let tensor = memory.tensor(view).map_err(|what| format!("{key}: {what}"))?;
        if tensors.insert(key.to_owned(), tensor).is_some() {
            return Err(format!("{key} is there twice"));
        }
    }
    Ok((tensors, told))
}

type Storages = HashMap<String, Vec<u8>>;

fn archive(bytes: &[u8]) -> Result<(Pickle, Storages), String> {
    // The archive begins where the file does. Left to find that out, the reader refuses some whole archives, by the
    // lengths of their entries' names.
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let archive = ZipArchive::with_config(config, Cursor::new(bytes));
    let mut archive = archive.map_err(|error| format!("it is cut short or damaged ({error})"))?;
    let names = archive.file_names().map(|name| name.map(|name| name.into_owned()));
    let names: Vec<String> = names.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    let pickled = names.iter().find_map(|name| name.strip_suffix("data.pkl"));
    let root = pickled.ok_or("it is a ZIP archive without `data.pkl`")?;
    // Entries are stored as they are, one behind the other, so that together they are no larger than the file.
    let mut left = bytes.len() as u64;
    let mut content = |name: &str| -> Result<Vec<u8>, String> {
        let entry = archive.by_name(name).map_err(|error| format!("{name}: {error}"))?;
        let size = entry.size();
        if entry.compressed_size() != size {
            return Err(format!("{name} is compressed, which torch.save never does"));
        }
        left = left.checked_sub(size).ok_or_else(|| format!("{name} reaches beyond the file"))?;
        let mut content = Vec::with_capacity(size as usize);
        entry.take(size).read_to_end(&mut content).map_err(|error| format!("{name}: {error}"))?;
        Ok(content)
    };
    let byte_order = format!("{root}byteorder");
    if names.contains(&byte_order) && content(&byte_order)? != b"little" {
        return Err("it was written on a big-endian machine".to_owned());
    }
    let pickle = machine::read(&content(&format!("{root}data.pkl"))?)?;
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
        let pickle = machine::read(rest)?;
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

/// The entries of the state dict: the whole value, or what one of [`DICTIONARIES`] in it holds.
fn state_dict<'a>(pickle: &'a Pickle, told: &mut Vec<String>) -> Result<Vec<(&'a str, &'a Node)>, String> {
    let entries = pickle.entries(pickle.root()).ok_or("it holds no dictionary with text as keys")?;
    let is_tensor = |node: &Node| matches!(node, Node::Tensor(_));
    for dictionary in DICTIONARIES {
        let Some((_, node)) = entries.iter().find(|(key, _)| *key == dictionary) else { continue };
        let Some(inner) = pickle.entries(node).filter(|inner| inner.iter().any(|(_, node)| is_tensor(node)))
        else {
            continue;
        };
        told.push(format!("the tensors below `{dictionary}` were taken"));
        let beside = entries.iter().filter(|(key, node)| *key != dictionary && is_tensor(node));
        let beside: Vec<&str> = beside.map(|(key, _)| *key).collect();
        if !beside.is_empty() {
            told.push(format!("tensors beside `{dictionary}` were passed over: {}", beside.join(", ")));
        }
        return Ok(inner);
    }
    if entries.iter().any(|(_, node)| is_tensor(node)) {
        return Ok(entries);
    }
    let keys: Vec<&str> = entries.iter().map(|(key, _)| *key).collect();
    Err(format!("no state dict in it: its keys are {keys:?}; expected tensors, or one of {DICTIONARIES:?}"))
}

/// Storages, and the tensors made of them.
struct Memory {
    storages: Storages,
    /// Each storage that was used, with all of its elements.
    tensors: HashMap<String, (Kind, Tensor)>,
    /// Bytes that may still be given to tensors.
    left: usize,
}

impl Memory {
    /// A tensor of its own, row-major; an error where the view reaches beyond the storage.
    fn tensor(&mut self, view: &View) -> Result<Tensor, String> {
        let View { storage, offset, size, stride } = view;
        let whole = self.whole(view)?;
        let beyond = || {
            let elements = storage.elements;
            format!("size {size:?}, stride {stride:?}, offset {offset} reach beyond {elements} elements")
        };
        if size.len() != stride.len() || size.iter().chain(stride).chain([offset]).any(|&number| number < 0) {
            return Err(beyond());
        }
        let count = size.iter().try_fold(1i64, |count, &size| count.checked_mul(size)).ok_or_else(beyond)?;
        if count == 0 {
            let empty = Tensor::f_zeros(size.as_slice(), (storage.kind, whole.device()));
            return empty.map_err(|error| error.to_string());
        }
        let reach = size.iter().zip(stride).try_fold(*offset, |reach, (size, stride)| {
            (size - 1).checked_mul(*stride).and_then(|step| reach.checked_add(step))
        });
        // One element at many indices could ask for any amount of memory.
        if reach.is_none_or(|reach| reach >= storage.elements) || count > storage.elements {
            return Err(beyond());
        }
        let bytes = count as usize * storage.kind.elt_size_in_bytes();
        self.left = self.left.checked_sub(bytes).ok_or("its tensors share more memory than any model's")?;
        let copied = || {
            // Not `contiguous`, with which a tensor may keep all of its storage.
            let mut own = Tensor::f_empty(size.as_slice(), (storage.kind, whole.device()))?;
            own.f_copy_(&whole.f_as_strided(size, stride, *offset)?)?;
            Ok(own)
        };
        copied().map_err(|error: tch::TchError| error.to_string())
    }

    /// All elements of the view's storage.
    fn whole(&mut self, view: &View) -> Result<Tensor, String> {
        let storage = &view.storage;
        if let Some((kind, tensor)) = self.tensors.get(&storage.key) {
            if (*kind, tensor.numel() as i64) != (storage.kind, storage.elements) {
                return Err(format!("storage {} is used as two", storage.key));
            }
            return Ok(tensor.shallow_clone());
        }
        let bytes = self.storages.get(&storage.key).ok_or("its elements are not in the file")?;
        let elements = bytes.len() / storage.kind.elt_size_in_bytes();
        if i64::try_from(elements) != Ok(storage.elements) {
            return Err(format!("{} elements were expected, {elements} are there", storage.elements));
        }
        let bytes = &bytes[..elements * storage.kind.elt_size_in_bytes()];
        let tensor = Tensor::f_from_data_size(bytes, &[storage.elements], storage.kind);
        let tensor = tensor.map_err(|error| error.to_string())?;
        self.storages.remove(&storage.key);
        self.tensors.insert(storage.key.clone(), (storage.kind, tensor.shallow_clone()));
        Ok(tensor)
    }
}
