//! The values of a pickle of PyTorch's: text, numbers, dictionaries, and tensors as views into storages.
//!
//! They live in one list and refer to each other by index, so that no file can make a reader recurse.

use tch::Kind;

/// A place in [`Pickle::nodes`].
pub(super) type Id = usize;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Callable(Callable),
    Storage(Storage),
    Tensor(View),
}

/// What a pickle may name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Callable {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Size,
    StorageType(Kind),
}

/// Elements in memory, kept beside the pickle under a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Storage {
    pub(super) kind: Kind,
    pub(super) key: String,
    pub(super) elements: i64,
}

/// A tensor: a view into a storage, in elements.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct View {
    pub(super) storage: Storage,
    pub(super) offset: i64,
    pub(super) size: Vec<i64>,
    pub(super) stride: Vec<i64>,
}

/// A pickle that was read.
#[derive(Debug)]
pub(super) struct Pickle {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Id,
    /// Bytes that it took.
    pub(super) length: usize,
}

impl Pickle {
    pub(super) fn root(&self) -> &Node {
        &self.nodes[self.root]
    }

    /// Every value, in the order in which they were made.
    pub(super) fn all(&self) -> &[Node] {
        &self.nodes
    }

    pub(super) fn get(&self, id: Id) -> &Node {
        &self.nodes[id]
    }

    /// Key and value of each entry of a dictionary whose keys are text.
    pub(super) fn entries<'a>(&'a self, dict: &'a Node) -> Option<Vec<(&'a str, &'a Node)>> {
        let Node::Dict(pairs) = dict else { return None };
        let entry = |&(key, value): &(Id, Id)| match self.get(key) {
            Node::Text(key) => Some((key.as_str(), self.get(value))),
            _ => None,
        };
        pairs.iter().map(entry).collect()
    }
}

/// Module, name and meaning of everything that a pickle may name.
pub(super) const CALLABLES: [(&str, &str, Callable); 14] = [
    ("collections", "OrderedDict", Callable::OrderedDict),
    ("torch._utils", "_rebuild_tensor_v2", Callable::RebuildTensor),
    ("torch._utils", "_rebuild_parameter", Callable::RebuildParameter),
    ("torch", "Size", Callable::Size),
    ("torch", "FloatStorage", Callable::StorageType(Kind::Float)),
    ("torch", "DoubleStorage", Callable::StorageType(Kind::Double)),
    ("torch", "HalfStorage", Callable::StorageType(Kind::Half)),
    ("torch", "BFloat16Storage", Callable::StorageType(Kind::BFloat16)),
    ("torch", "LongStorage", Callable::StorageType(Kind::Int64)),
    ("torch", "IntStorage", Callable::StorageType(Kind::Int)),
    ("torch", "ShortStorage", Callable::StorageType(Kind::Int16)),
    ("torch", "CharStorage", Callable::StorageType(Kind::Int8)),
    ("torch", "ByteStorage", Callable::StorageType(Kind::Uint8)),
    ("torch", "BoolStorage", Callable::StorageType(Kind::Bool)),
];
