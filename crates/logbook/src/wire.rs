//! Protocol Buffers' wire format, written by hand.
//!
//! Event files need four kinds of field and some twenty messages, none of which will change: they are on people's
//! disks. `prost` would bring a derive macro and generated types for what is a line a field here.
//!
//! ```text
//! varint       number << 3 | 0   7 bits a byte, lowest first, the highest bit set but for the last byte
//! double       number << 3 | 1   8 bytes, little-endian
//! bytes        number << 3 | 2   length as varint, bytes: text, messages, packed numbers
//! float        number << 3 | 5   4 bytes, little-endian
//! ```
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/>.

/// A message that is being written. A field is written whether or not it is the default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    pub(crate) fn new() -> Message {
        Message::default()
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn varint(mut self, field: u32, value: u64) -> Message {
        self.key(field, 0);
        self.raw(value);
        self
    }

    pub(crate) fn double(mut self, field: u32, value: f64) -> Message {
        self.key(field, 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn float(mut self, field: u32, value: f32) -> Message {
        self.key(field, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn bytes(mut self, field: u32, bytes: &[u8]) -> Message {
        self.key(field, 2);
        self.raw(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    pub(crate) fn text(self, field: u32, text: &str) -> Message {
        self.bytes(field, text.as_bytes())
    }

    pub(crate) fn message(self, field: u32, message: Message) -> Message {
        self.bytes(field, &message.0)
    }

    /// Repeated doubles, packed.
    pub(crate) fn doubles(self, field: u32, values: &[f64]) -> Message {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.bytes(field, &bytes)
    }

    fn key(&mut self, field: u32, kind: u64) {
        self.raw(u64::from(field) << 3 | kind);
    }

    fn raw(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the encoding's documentation.
    #[test]
    fn documented_messages_have_the_documented_bytes() {
        assert_eq!(Message::new().varint(1, 150).into_bytes(), [0x08, 0x96, 0x01]);
        assert_eq!(Message::new().text(2, "testing").into_bytes(), b"\x12\x07testing");
        let inner = Message::new().varint(1, 150);
        assert_eq!(Message::new().message(3, inner).into_bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
    }

    #[test]
    fn numbers_have_their_width() {
        assert_eq!(Message::new().varint(2, u64::MAX).into_bytes().len(), 1 + 10);
        assert_eq!(Message::new().double(16, 1.0).into_bytes().len(), 2 + 8);
        assert_eq!(Message::new().float(2, -1.0).into_bytes(), [0x15, 0, 0, 0x80, 0xbf]);
        assert_eq!(Message::new().doubles(6, &[1.0, 2.0]).into_bytes().len(), 1 + 1 + 16);
    }
}
