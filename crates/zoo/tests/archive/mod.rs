//! Archives as PyTorch's `torch.save` writes them since release 1.6.
//!
//! ```text
//! NAME/data.pkl  NAME/.format_version  NAME/.storage_alignment  NAME/byteorder
//! NAME/data/0  NAME/data/1 …  NAME/version  NAME/.data/serialization_id
//! ```
//!
//! Every entry is stored, padded by an extra field so that its bytes begin at a multiple of 64, and followed by a data
//! descriptor; the directory has a 64-bit end record too.

#![allow(dead_code, reason = "no test needs all of it")]

use flate2::Crc;
use tch::{Kind, Tensor};

/// A type of elements: PyTorch's name of its storages.
pub(crate) type Element = &'static str;

/// A value that is saved.
pub(crate) enum Value {
    Int(u8),
    Dict(Vec<(String, Value)>),
    /// Elements, their bytes, and the size.
    Tensor(Element, Vec<u8>, Vec<i64>),
    /// The tensor with this number again, in the same memory.
    Again(usize),
}

impl Value {
    /// A tensor's value.
    pub(crate) fn of(tensor: &Tensor) -> Value {
        let (element, bytes) = match tensor.kind() {
            Kind::Float => ("FloatStorage", 4),
            Kind::Double => ("DoubleStorage", 8),
            Kind::Half => ("HalfStorage", 2),
            Kind::BFloat16 => ("BFloat16Storage", 2),
            Kind::Int64 => ("LongStorage", 8),
            kind => panic!("{kind:?}"),
        };
        let mut content = vec![0; tensor.numel() * bytes];
        tensor.contiguous().copy_data_u8(&mut content, tensor.numel());
        Value::Tensor(element, content, tensor.size())
    }
}

/// The bytes of the file `stem.pt`.
pub(crate) fn save(stem: &str, value: &Value) -> Vec<u8> {
    let mut pickle = Pickle { bytes: b"\x80\x02".to_vec(), tensors: Vec::new() };
    pickle.value(value);
    pickle.bytes.push(b'.');
    let storages: Vec<&[u8]> = pickle.tensors.iter().map(|(_, bytes, _)| *bytes).collect();
    around(stem, &pickle.bytes, &storages)
}

/// The bytes of the file `stem.pt` that has this pickle and these storages.
pub(crate) fn around(stem: &str, pickle: &[u8], storages: &[&[u8]]) -> Vec<u8> {
    let mut archive = Archive::default();
    archive.add(&format!("{stem}/data.pkl"), pickle);
    archive.add(&format!("{stem}/.format_version"), b"1");
    archive.add(&format!("{stem}/.storage_alignment"), b"64");
    archive.add(&format!("{stem}/byteorder"), b"little");
    for (number, bytes) in storages.iter().enumerate() {
        archive.add(&format!("{stem}/data/{number}"), bytes);
    }
    archive.add(&format!("{stem}/version"), b"3\n");
    archive.add(&format!("{stem}/.data/serialization_id"), b"1572819951185464302603857649014850175940");
    archive.finish()
}

/// An archive in which all these names are of the same bytes.
pub(crate) fn overlapping(names: &[String], content: &[u8]) -> Vec<u8> {
    let mut archive = Archive::default();
    archive.add("small/data.pkl", b"\x80\x02}.");
    let at = archive.bytes.len();
    for name in names {
        let sizes = archive.entry(name, at, content);
        if archive.bytes.len() == at {
            archive.local(name, content, &sizes);
        }
    }
    archive.finish()
}

/// A pickle that grows.
struct Pickle<'a> {
    bytes: Vec<u8>,
    tensors: Vec<(Element, &'a [u8], &'a [i64])>,
}

impl<'a> Pickle<'a> {
    fn value(&mut self, value: &'a Value) {
        match value {
            Value::Int(value) => self.bytes.extend([b'K', *value]),
            Value::Dict(entries) => {
                self.bytes.extend(b"}(");
                for (key, value) in entries {
                    self.text(key);
                    self.value(value);
                }
                self.bytes.push(b'u');
            }
            Value::Tensor(element, bytes, size) => {
                self.tensors.push((element, bytes, size));
                self.tensor(self.tensors.len() - 1);
            }
            Value::Again(number) => self.tensor(*number),
        }
    }

    fn tensor(&mut self, number: usize) {
        let (element, _, size) = self.tensors[number];
        self.bytes.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        self.text("storage");
        self.bytes.extend(format!("ctorch\n{element}\n").bytes());
        self.text(&number.to_string());
        self.text("cpu");
        self.long(size.iter().product());
        self.bytes.extend(b"tQK\x00(");
        size.iter().for_each(|&size| self.long(size));
        self.bytes.extend(b"t(");
        (1..=size.len()).for_each(|axis| self.long(size[axis..].iter().product()));
        self.bytes.extend(b"t\x89ccollections\nOrderedDict\n)RtR");
    }

    fn text(&mut self, text: &str) {
        self.bytes.push(b'X');
        self.bytes.extend((text.len() as u32).to_le_bytes());
        self.bytes.extend(text.bytes());
    }

    fn long(&mut self, value: i64) {
        self.bytes.extend(b"\x8a\x08");
        self.bytes.extend(value.to_le_bytes());
    }
}

/// A ZIP archive that grows.
#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    entries: u64,
}

impl Archive {
    fn add(&mut self, name: &str, content: &[u8]) {
        let sizes = self.entry(name, self.bytes.len(), content);
        self.local(name, content, &sizes);
    }

    /// An entry of the directory; checksum and sizes.
    fn entry(&mut self, name: &str, at: usize, content: &[u8]) -> Vec<u8> {
        let mut crc = Crc::new();
        crc.update(content);
        let sizes = [crc.sum(), content.len() as u32, content.len() as u32].map(u32::to_le_bytes).concat();
        self.directory.extend(b"PK\x01\x02\x00\x00\x00\x00\x08\x08\x00\x00\x00\x00\x00\x00");
        self.directory.extend(&sizes);
        self.directory.extend((name.len() as u16).to_le_bytes());
        self.directory.extend([0; 12]);
        self.directory.extend((at as u32).to_le_bytes());
        self.directory.extend(name.bytes());
        self.entries += 1;
        sizes
    }

    /// What stands before and behind an entry's bytes, and these.
    fn local(&mut self, name: &str, content: &[u8], sizes: &[u8]) {
        let padding = (64 - (self.bytes.len() + 30 + name.len() + 4) % 64) % 64;
        self.bytes.extend(b"PK\x03\x04\x00\x00\x08\x08\x00\x00\x00\x00\x00\x00");
        self.bytes.extend([0; 12]);
        self.bytes.extend([name.len() as u16, 4 + padding as u16].map(u16::to_le_bytes).concat());
        self.bytes.extend(name.bytes());
        self.bytes.extend(b"FB");
        self.bytes.extend((padding as u16).to_le_bytes());
        self.bytes.extend(vec![b'Z'; padding]);
        self.bytes.extend(content);
        self.bytes.extend(b"PK\x07\x08");
        self.bytes.extend(sizes);
    }

    fn finish(mut self) -> Vec<u8> {
        let (at, size) = (self.bytes.len() as u64, self.directory.len() as u64);
        let end = at + size;
        self.bytes.append(&mut self.directory);
        self.bytes.extend(b"PK\x06\x06");
        self.bytes.extend(44u64.to_le_bytes());
        self.bytes.extend([0x1e, 0x03, 0x2d, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for number in [self.entries, self.entries, size, at] {
            self.bytes.extend(number.to_le_bytes());
        }
        self.bytes.extend(b"PK\x06\x07\x00\x00\x00\x00");
        self.bytes.extend(end.to_le_bytes());
        self.bytes.extend(1u32.to_le_bytes());
        self.bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
        self.bytes.extend([self.entries as u16; 2].map(u16::to_le_bytes).concat());
        self.bytes.extend([size as u32, at as u32].map(u32::to_le_bytes).concat());
        self.bytes.extend([0, 0]);
        self.bytes
    }
}
