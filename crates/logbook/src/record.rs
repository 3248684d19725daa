//! A record of an event file: some bytes, framed (TFRecord).
//!
//! ```text
//! 0    8   length n of the data, little-endian
//! 8    4   masked CRC-32C of these 8 bytes, little-endian
//! 12   n   data
//! 12+n 4   masked CRC-32C of the data, little-endian
//! ```
//!
//! A reader that meets a record cut short waits for the rest of it, so a run that was killed leaves a file that can be
//! read up to its last whole record. Source: TensorFlow's `record_writer.h`.

use crc::{CRC_32_ISCSI, Crc, Table};

/// CRC-32C (Castagnoli), as in iSCSI.
const CRC: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

/// Appends the record of `data` to `file`.
pub fn append(file: &mut Vec<u8>, data: &[u8]) {
    let length = (data.len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked(&length).to_le_bytes());
    file.extend(data);
    file.extend(masked(data).to_le_bytes());
}

/// CRC-32C of `bytes`, turned right by 15 bits and raised by a constant.
///
/// Checksums of data that contain checksums are weak; the mask makes one look like other data.
pub fn masked(bytes: &[u8]) -> u32 {
    CRC.checksum(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of RFC 3720, appendix B.4.
    #[test]
    fn the_checksum_is_that_of_iscsi() {
        assert_eq!(CRC.checksum(&[0; 32]), 0x8a91_36aa);
        assert_eq!(CRC.checksum(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(CRC.checksum(&(0..32).collect::<Vec<u8>>()), 0x46dd_794e);
        assert_eq!(CRC.checksum(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn a_mask_can_be_taken_off() {
        let crc = masked(b"123456789").wrapping_sub(0xa282_ead8).rotate_left(15);
        assert_eq!(crc, 0xe306_9283);
    }

    #[test]
    fn a_record_is_sixteen_bytes_longer_than_its_data() {
        let mut file = vec![7];
        append(&mut file, b"abc");
        assert_eq!(file.len(), 1 + 16 + 3);
        assert_eq!(file[..9], [7, 3, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(&file[13..16], b"abc");
    }
}
