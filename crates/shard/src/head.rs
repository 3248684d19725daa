//! A record's head: everything about a record but its planes' bytes. The only module that knows bincode.

use std::collections::BTreeMap;

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};

use crate::format::{
    CHECKSUM, MAX_COMPRESSED, MAX_CONTENT, MAX_DIMENSIONS, MAX_HEAD, MAX_KEY, MAX_PLANES, PREFIX,
};
use crate::record::{Dtype, Encoding, Header, Record};

/// The payload of the longest head frame.
const LIMIT: usize = MAX_HEAD as usize - PREFIX - CHECKSUM;

const CONFIG: bincode::config::Configuration<
    bincode::config::LittleEndian,
    bincode::config::Fixint,
    bincode::config::Limit<LIMIT>,
> = bincode::config::standard().with_fixed_int_encoding().with_limit::<LIMIT>();

/// A plane without its bytes.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct PlaneHead {
    /// The plane's name.
    pub name: String,
    /// Its element type.
    pub dtype: Dtype,
    /// Its extents, outermost first.
    pub shape: Vec<u64>,
    /// How its bytes stand for its elements.
    pub encoding: Encoding,
    /// The number of its bytes, uncompressed.
    pub length: u64,
}

/// A record without its planes' bytes; of every head that exists, the limits hold.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub(crate) struct Head {
    pub(crate) key: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) planes: Vec<PlaneHead>,
    /// Bytes of the content frame.
    pub(crate) compressed: u64,
    /// xxh3-128 of the content frame.
    pub(crate) checksum: u128,
}

impl Head {
    /// The head of `record`, before its content is compressed.
    pub(crate) fn of(record: &Record) -> Result<Head, String> {
        let planes = record.planes.iter().map(|plane| PlaneHead {
            name: plane.name.clone(),
            dtype: plane.dtype,
            shape: plane.shape.clone(),
            encoding: plane.encoding,
            length: plane.bytes.len() as u64,
        });
        let head = Head {
            key: record.key.clone(),
            attributes: record.attributes.clone(),
            planes: planes.collect(),
            compressed: 0,
            checksum: 0,
        };
        head.check()?;
        Ok(head)
    }

    /// The payload of the head frame.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let bytes = bincode::encode_to_vec(self, CONFIG).map_err(|error| error.to_string())?;
        match bytes.len() <= LIMIT {
            true => Ok(bytes),
            false => {
                Err(format!("attributes and planes' names take {} bytes; the limit is {LIMIT}", bytes.len()))
            }
        }
    }

    /// Reads the payload of a head frame and checks every limit.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Head, String> {
        let (head, used): (Head, usize) =
            bincode::decode_from_slice(bytes, CONFIG).map_err(|error| error.to_string())?;
        if used != bytes.len() {
            return Err(format!("{} bytes follow the record head", bytes.len() - used));
        }
        if head.compressed > MAX_COMPRESSED {
            return Err(format!(
                "a content of {} compressed bytes; the limit is {MAX_COMPRESSED}",
                head.compressed
            ));
        }
        head.check()?;
        Ok(head)
    }

    /// Checks that the planes are those that `header` promises.
    pub(crate) fn fits(&self, header: &Header) -> Result<(), String> {
        let same = self.planes.len() == header.planes.len()
            && self.planes.iter().zip(&header.planes).all(|(plane, spec)| {
                plane.name == spec.name && plane.dtype == spec.dtype && plane.encoding == spec.encoding
            });
        if same {
            return Ok(());
        }
        let planes = self.planes.iter().map(|plane| (plane.name.as_str(), plane.dtype, plane.encoding));
        Err(format!(
            "its planes are [{}], but the stream's header, by {}, says [{}]",
            list(planes),
            header.producer,
            header.plane_list()
        ))
    }

    fn check(&self) -> Result<(), String> {
        if self.key.is_empty() || self.key.len() > MAX_KEY {
            return Err(format!("a key has 1 to {MAX_KEY} bytes, this one has {}", self.key.len()));
        }
        if self.key.contains(char::is_control) {
            return Err("a key has no control characters, such as line breaks".to_owned());
        }
        if self.planes.len() > MAX_PLANES {
            return Err(format!("{} planes; the limit is {MAX_PLANES}", self.planes.len()));
        }
        let mut total = 0_u64;
        for (index, plane) in self.planes.iter().enumerate() {
            plane.check().map_err(|what| format!("plane {}: {what}", plane.name))?;
            if self.planes[..index].iter().any(|other| other.name == plane.name) {
                return Err(format!("two planes are called {}", plane.name));
            }
            total = total.saturating_add(plane.length);
        }
        if total > MAX_CONTENT {
            return Err(format!("its planes have {total} bytes; the limit is {MAX_CONTENT}"));
        }
        Ok(())
    }
}

impl PlaneHead {
    fn check(&self) -> Result<(), String> {
        if self.shape.len() > MAX_DIMENSIONS {
            return Err(format!("{} extents; the limit is {MAX_DIMENSIONS}", self.shape.len()));
        }
        let elements = self.shape.iter().try_fold(1_u64, |product, extent| product.checked_mul(*extent));
        match self.encoding {
            Encoding::Dense => match elements
                .and_then(|elements| elements.checked_mul(self.dtype.size() as u64))
            {
                Some(expected) if expected == self.length => Ok(()),
                _ => Err(format!("{} bytes for the shape {:?} of {}", self.length, self.shape, self.dtype)),
            },
            Encoding::Runs if !self.length.is_multiple_of(8) => {
                Err(format!("{} bytes are no whole number of (end, value) runs", self.length))
            }
            Encoding::Rings if !self.length.is_multiple_of(4) => {
                Err(format!("{} bytes are no whole number of 32-bit numbers", self.length))
            }
            Encoding::Runs | Encoding::Rings => Ok(()),
        }
    }
}

/// Planes for people: `image u8 dense, masks u32 runs`.
pub(crate) fn list<'a>(planes: impl Iterator<Item = (&'a str, Dtype, Encoding)>) -> String {
    planes.map(|(name, dtype, encoding)| format!("{name} {dtype} {encoding}")).collect::<Vec<_>>().join(", ")
}

// The codes of the layout: a variant's position here, whatever its order in the source.
const DTYPES: [Dtype; 6] = [Dtype::U8, Dtype::U16, Dtype::U32, Dtype::I32, Dtype::F16, Dtype::F32];
const ENCODINGS: [Encoding; 3] = [Encoding::Dense, Encoding::Runs, Encoding::Rings];

fn code<T: PartialEq>(table: &[T], value: &T) -> Result<u8, EncodeError> {
    let position = table.iter().position(|entry| entry == value);
    position
        .and_then(|position| u8::try_from(position).ok())
        .ok_or(EncodeError::Other("a value without a code"))
}

fn value<T: Copy>(table: &[T], code: u8, unknown: &'static str) -> Result<T, DecodeError> {
    table.get(usize::from(code)).copied().ok_or(DecodeError::Other(unknown))
}

impl Encode for Dtype {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        code(&DTYPES, self)?.encode(encoder)
    }
}

impl<C> Decode<C> for Dtype {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Dtype, DecodeError> {
        value(&DTYPES, u8::decode(decoder)?, "a dtype that this version does not know")
    }
}

impl Encode for Encoding {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        code(&ENCODINGS, self)?.encode(encoder)
    }
}

impl<C> Decode<C> for Encoding {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Encoding, DecodeError> {
        value(&ENCODINGS, u8::decode(decoder)?, "an encoding that this version does not know")
    }
}

bincode::impl_borrow_decode!(Dtype);
bincode::impl_borrow_decode!(Encoding);
