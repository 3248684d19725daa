//! The stack machine that makes a pickle's values without executing anything.
//!
//! A pickle is a program (Python's `pickletools` documents it), and reading one the usual way calls whatever functions
//! it names. This machine knows the instructions that `torch.save` writes and the handful of [`Callable`]s that rebuild
//! tensors, and refuses everything else by name.

use std::collections::HashMap;

use super::pickle::{CALLABLES, Callable, Id, Node, Pickle, Storage, View};

/// Reads the pickle at the beginning of `bytes`; an error says what was refused.
pub(super) fn read(bytes: &[u8]) -> Result<Pickle, String> {
    Machine {
        bytes,
        at: 0,
        nodes: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        copies: COPIES.saturating_mul(bytes.len()),
    }
    .run()
}

/// What may be copied of values that a pickle uses again, for each of its bytes. Two bytes are enough to ask for a copy
/// of a value, however large.
const COPIES: usize = 64;

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    stack: Vec<Id>,
    /// Heights of the stack at which a MARK stands.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    /// What may still be copied of other values.
    copies: usize,
}

const TRUNCATED: &str = "it ends in the middle";
const MALFORMED: &str = "the pickle is malformed";

impl Machine<'_> {
    fn run(mut self) -> Result<Pickle, String> {
        loop {
            match self.byte()? {
                // PROTO, FRAME: of no consequence here.
                0x80 => drop(self.take(1)?),
                0x95 => drop(self.take(8)?),
                b'.' => {
                    let root = self.pop()?;
                    return Ok(Pickle { nodes: self.nodes, root, length: self.at });
                }
                b'(' => self.marks.push(self.stack.len()),
                b'0' => drop(self.pop()?),
                b'N' => self.push(Node::None),
                0x88 => self.push(Node::Bool(true)),
                0x89 => self.push(Node::Bool(false)),
                b'J' => {
                    let value = i32::from_le_bytes(self.array()?);
                    self.push(Node::Int(value.into()));
                }
                b'K' => {
                    let value = self.byte()?;
                    self.push(Node::Int(value.into()));
                }
                b'M' => {
                    let value = u16::from_le_bytes(self.array()?);
                    self.push(Node::Int(value.into()));
                }
                0x8a => self.long()?,
                b'G' => {
                    let value = f64::from_be_bytes(self.array()?);
                    self.push(Node::Float(value));
                }
                b'X' => {
                    let length = u32::from_le_bytes(self.array()?);
                    self.text(length as usize)?;
                }
                0x8c => {
                    let length = self.byte()?;
                    self.text(length.into())?;
                }
                b'}' => self.push(Node::Dict(Vec::new())),
                b']' => self.push(Node::List(Vec::new())),
                b')' => self.push(Node::Tuple(Vec::new())),
                b't' => {
                    let items = self.pop_to_mark()?;
                    self.push(Node::Tuple(items));
                }
                count @ 0x85..=0x87 => {
                    let items = self.pop_many(usize::from(count - 0x84))?;
                    self.push(Node::Tuple(items));
                }
                b's' => {
                    let items = self.pop_many(2)?;
                    self.set(items)?;
                }
                b'u' => {
                    let items = self.pop_to_mark()?;
                    self.set(items)?;
                }
                b'a' => {
                    let items = self.pop_many(1)?;
                    self.append(items)?;
                }
                b'e' => {
                    let items = self.pop_to_mark()?;
                    self.append(items)?;
                }
                b'q' => {
                    let slot = self.byte()?;
                    self.remember(slot.into())?;
                }
                b'r' => {
                    let slot = u32::from_le_bytes(self.array()?);
                    self.remember(slot)?;
                }
                0x94 => self.remember(self.memo.len() as u32)?,
                b'h' => {
                    let slot = self.byte()?;
                    self.recall(slot.into())?;
                }
                b'j' => {
                    let slot = u32::from_le_bytes(self.array()?);
                    self.recall(slot)?;
                }
                b'c' => {
                    let (module, name) = (self.line()?, self.line()?);
                    self.push(Node::Callable(known(&module, &name)?));
                }
                0x93 => {
                    let names = self.pop_many(2)?;
                    let [Node::Text(module), Node::Text(name)] = [0, 1].map(|at| &self.nodes[names[at]])
                    else {
                        return Err(MALFORMED.to_owned());
                    };
                    let callable = known(module, name)?;
                    self.push(Node::Callable(callable));
                }
                b'Q' => self.persistent()?,
                b'R' => self.call()?,
                b'b' => {
                    // Attributes of an OrderedDict, which is where a state dict keeps the versions of its modules.
                    self.pop()?;
                    if !matches!(self.top()?, Node::Dict(_)) {
                        return Err("it sets attributes of something that is no dictionary".to_owned());
                    }
                }
                other => return Err(format!("it uses the pickle instruction {other:#04x}")),
            }
        }
    }

    /// Counts what is copied of other values.
    fn copy(&mut self, count: usize) -> Result<(), String> {
        self.copies = self.copies.checked_sub(count).ok_or("it copies its values without end")?;
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<&[u8], String> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.bytes.len());
        let taken = &self.bytes[self.at..end.ok_or(TRUNCATED)?];
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        self.take(N)?.try_into().map_err(|_| TRUNCATED.to_owned())
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn line(&mut self) -> Result<String, String> {
        let end = self.bytes[self.at..].iter().position(|&byte| byte == b'\n').ok_or(TRUNCATED)?;
        let text = String::from_utf8_lossy(self.take(end)?).into_owned();
        self.byte()?;
        Ok(text)
    }

    fn text(&mut self, length: usize) -> Result<(), String> {
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| "it has text that is not UTF-8")?;
        let text = text.to_owned();
        self.push(Node::Text(text));
        Ok(())
    }

    /// LONG1: little-endian two's complement of any length.
    fn long(&mut self) -> Result<(), String> {
        let length = self.byte()?;
        let bytes = self.take(length.into())?;
        let negative = bytes.last().is_some_and(|&byte| byte >= 0x80);
        let mut wide = [if negative { 0xff } else { 0 }; 16];
        wide.get_mut(..bytes.len()).ok_or("it has a number of more than 128 bits")?.copy_from_slice(bytes);
        // Legacy files begin with a magic number of 80 bits, which is compared as bytes: it need not fit.
        let value = i128::from_le_bytes(wide).clamp(i64::MIN.into(), i64::MAX.into());
        self.push(Node::Int(value as i64));
        Ok(())
    }

    fn push(&mut self, node: Node) {
        self.stack.push(self.nodes.len());
        self.nodes.push(node);
    }

    fn top(&mut self) -> Result<&mut Node, String> {
        let id = *self.stack.last().ok_or(MALFORMED)?;
        Ok(&mut self.nodes[id])
    }

    fn pop(&mut self) -> Result<Id, String> {
        self.pop_many(1).map(|items| items[0])
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Id>, String> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let start = self.stack.len().checked_sub(count).filter(|&start| start >= floor).ok_or(MALFORMED)?;
        Ok(self.stack.split_off(start))
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self.marks.pop().ok_or(MALFORMED)?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn set(&mut self, items: Vec<Id>) -> Result<(), String> {
        let Node::Dict(pairs) = self.top()? else { return Err(MALFORMED.to_owned()) };
        if !items.len().is_multiple_of(2) {
            return Err(MALFORMED.to_owned());
        }
        pairs.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1])));
        Ok(())
    }

    fn append(&mut self, items: Vec<Id>) -> Result<(), String> {
        let Node::List(list) = self.top()? else { return Err(MALFORMED.to_owned()) };
        list.extend(items);
        Ok(())
    }

    fn remember(&mut self, slot: u32) -> Result<(), String> {
        self.memo.insert(slot, *self.stack.last().ok_or(MALFORMED)?);
        Ok(())
    }

    fn recall(&mut self, slot: u32) -> Result<(), String> {
        self.stack.push(*self.memo.get(&slot).ok_or(MALFORMED)?);
        Ok(())
    }

    /// BINPERSID: `("storage", type, key, location, elements[, view])`.
    fn persistent(&mut self) -> Result<(), String> {
        let id = self.pop()?;
        let Node::Tuple(items) = &self.nodes[id] else { return Err(MALFORMED.to_owned()) };
        // Releases have written five items or six.
        if items.len() > 6 {
            return Err(MALFORMED.to_owned());
        }
        let items: Vec<&Node> = items.iter().map(|&id| &self.nodes[id]).collect();
        let [
            Node::Text(tag),
            Node::Callable(Callable::StorageType(kind)),
            Node::Text(key),
            _,
            Node::Int(elements),
            ..,
        ] = items.as_slice()
        else {
            return Err(MALFORMED.to_owned());
        };
        if tag != "storage" || *elements < 0 || !matches!(items.get(5), None | Some(Node::None)) {
            return Err(MALFORMED.to_owned());
        }
        let storage = Storage { kind: *kind, key: key.clone(), elements: *elements };
        self.copy(storage.key.len())?;
        self.push(Node::Storage(storage));
        Ok(())
    }

    /// REDUCE: a callable and a tuple of its arguments.
    fn call(&mut self) -> Result<(), String> {
        let ids = self.pop_many(2)?;
        let (Node::Callable(callable), Node::Tuple(arguments)) = (&self.nodes[ids[0]], &self.nodes[ids[1]])
        else {
            return Err(MALFORMED.to_owned());
        };
        let size = |id: &Id| match &self.nodes[*id] {
            Node::Tuple(ids) | Node::List(ids) => 1 + ids.len(),
            Node::Storage(storage) => 1 + storage.key.len(),
            Node::Tensor(view) => 1 + view.storage.key.len() + 2 * view.size.len(),
            _ => 1,
        };
        let callable = *callable;
        self.copy(arguments.iter().map(size).sum())?;
        let Node::Tuple(arguments) = &self.nodes[ids[1]] else { return Err(MALFORMED.to_owned()) };
        let arguments: Vec<&Node> = arguments.iter().map(|&id| &self.nodes[id]).collect();
        let result = match (callable, arguments.as_slice()) {
            (Callable::OrderedDict, []) => Some(Node::Dict(Vec::new())),
            (Callable::OrderedDict, [Node::List(pairs)]) => self.pairs(pairs).map(Node::Dict),
            (Callable::RebuildParameter, [Node::Tensor(view), ..]) => Some(Node::Tensor(view.clone())),
            (Callable::Size, [Node::Tuple(sizes)]) => Some(Node::Tuple(sizes.clone())),
            (
                Callable::RebuildTensor,
                [Node::Storage(storage), Node::Int(offset), Node::Tuple(size), Node::Tuple(stride), ..],
            ) => self.integers(size).zip(self.integers(stride)).map(|(size, stride)| {
                Node::Tensor(View { storage: storage.clone(), offset: *offset, size, stride })
            }),
            _ => None,
        };
        let node =
            result.ok_or_else(|| format!("it calls {callable:?} with other arguments than torch.save"))?;
        self.push(node);
        Ok(())
    }

    fn integers(&self, ids: &[Id]) -> Option<Vec<i64>> {
        ids.iter().map(|&id| if let Node::Int(value) = self.nodes[id] { Some(value) } else { None }).collect()
    }

    fn pairs(&self, ids: &[Id]) -> Option<Vec<(Id, Id)>> {
        let pair = |&id: &Id| match &self.nodes[id] {
            Node::List(items) | Node::Tuple(items) => {
                <[Id; 2]>::try_from(items.as_slice()).ok().map(Into::into)
            }
            _ => None,
        };
        ids.iter().map(pair).collect()
    }
}

/// What a pickle means by a module's name, where that is one of [`CALLABLES`].
fn known(module: &str, name: &str) -> Result<Callable, String> {
    let found = CALLABLES.iter().find(|(at, called, _)| (*at, *called) == (module, name));
    found.map(|&(_, _, callable)| callable).ok_or_else(|| {
        let [module, name] = [module, name].map(|text| text.chars().take(80).collect::<String>());
        format!(
            "it refers to `{module}.{name}`; only tensors in dictionaries are read, and nothing is ever executed: \
             save `model.state_dict()` alone, or convert it to safetensors"
        )
    })
}
