//! A record's content: its planes' bytes, one after another, as one zstd frame.

use std::cell::RefCell;
use std::io;

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe;

use crate::format::LEVEL;
use crate::head::PlaneHead;

thread_local! {
    // A zstd context is some megabytes of tables: made once a thread, used for every record.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Compresses the parts, one after another, into one frame.
pub(crate) fn compress(parts: &[&[u8]]) -> io::Result<Vec<u8>> {
    let joined;
    let content = match parts {
        [one] => *one,
        _ => {
            joined = parts.concat();
            &joined
        }
    };
    COMPRESSOR.with_borrow_mut(|slot| {
        let compressor = match slot {
            Some(compressor) => compressor,
            None => slot.insert(Compressor::new(LEVEL)?),
        };
        let mut frame = compressor.compress(content)?;
        // The bound of what does not compress is reserved above; a record may wait in a queue for long.
        frame.shrink_to_fit();
        Ok(frame)
    })
}

/// The bytes of `planes` from one whole frame; their lengths are bounded, and together exactly what it holds.
pub(crate) fn decompress(frame: &[u8], planes: &[PlaneHead]) -> Result<Vec<Vec<u8>>, String> {
    let total = planes.iter().map(|plane| plane.length).sum::<u64>();
    match zstd_safe::find_frame_compressed_size(frame) {
        Ok(length) if length == frame.len() => {}
        Ok(length) => {
            return Err(format!("its content is {} bytes, but the zstd frame {length}", frame.len()));
        }
        Err(code) => {
            return Err(format!("its content is no zstd frame: {}", zstd_safe::get_error_name(code)));
        }
    }
    match zstd_safe::get_frame_content_size(frame) {
        Ok(Some(stated)) if stated == total => {}
        stated => {
            let stated =
                stated.ok().flatten().map_or("an unknown number of".to_owned(), |size| size.to_string());
            return Err(format!("its planes have {total} bytes, but its zstd frame {stated}"));
        }
    }
    let mut content = DECOMPRESSOR
        .with_borrow_mut(|slot| {
            let decompressor = match slot {
                Some(decompressor) => decompressor,
                None => slot.insert(Decompressor::new()?),
            };
            let mut content = Vec::with_capacity(total as usize);
            decompressor.decompress_to_buffer(frame, &mut content)?;
            Ok(content)
        })
        .map_err(|error: io::Error| format!("its content does not decompress: {error}"))?;
    if content.len() as u64 != total {
        return Err(format!("its planes have {total} bytes, but its zstd frame {}", content.len()));
    }
    // Split from the back: the first plane, most often the image and nearly all of the bytes, is not copied.
    let mut split = Vec::with_capacity(planes.len());
    let mut end = content.len();
    for plane in planes.iter().skip(1).rev() {
        end -= plane.length as usize;
        split.push(content.split_off(end));
    }
    if !planes.is_empty() {
        split.push(content);
    }
    split.reverse();
    Ok(split)
}
