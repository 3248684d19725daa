//! The error handling that libjpeg (mozjpeg's build of libjpeg-turbo) is given: which of its warnings end the reading
//! of a file.
//!
//! libjpeg fills up what is missing in a damaged scan with grey and only warns. Here such a warning is an error. Both
//! unwind with an [`ImageError`], which [`caught`](crate::caught) turns into a result: libjpeg is built to be unwound.

#![allow(unsafe_code, reason = "libjpeg's table of errors and its messages are C")]

use std::ffi::{CStr, c_int};
use std::panic::resume_unwind;

use mozjpeg_sys as ffi;

use crate::error::ImageError;
use crate::jpeg::NAME;

/// The level of messages that are warnings; others trace what is read.
const WARNING: c_int = -1;

/// Warnings about bytes that are passed over without a loss of pixels.
const HARMLESS: [c_int; 4] =
    [ffi::JWRN_EXTRANEOUS_DATA, ffi::JWRN_ADOBE_XFORM, ffi::JWRN_JFIF_MAJOR, ffi::JWRN_BOGUS_ICC];

/// Errors that say what libjpeg does not read, rather than that bytes are wrong.
const UNSUPPORTED: [(c_int, &str); 8] = [
    // Read with a feature of the crate; but a scan cut short could not be told, as zeros are decoded in its stead.
    (ffi::JERR_ARITH_NOTIMPL, "arithmetic coding (which `jpegtran` replaces without a loss)"),
    (ffi::JERR_BAD_PRECISION, "samples of other than 8 bits"),
    (ffi::JERR_CCIR601_NOTIMPL, "CCIR 601 sampling"),
    (ffi::JERR_CONVERSION_NOTIMPL, "channels that are neither grey, RGB, YCbCr nor CMYK"),
    (ffi::JERR_EMPTY_IMAGE, "no height in its header"),
    (ffi::JERR_FRACT_SAMPLE_NOTIMPL, "fractional sampling of channels"),
    (ffi::JERR_IMAGE_TOO_BIG, "a side of more than 65500 pixels"),
    (ffi::JERR_SOF_UNSUPPORTED, "lossless or hierarchical coding"),
];

/// What libjpeg calls on errors and warnings.
pub(crate) fn error_handling() -> ffi::jpeg_error_mgr {
    // SAFETY: a C struct of numbers, nullable pointers and optional functions, for which zeros are values.
    let mut handling: ffi::jpeg_error_mgr = unsafe { std::mem::zeroed() };
    // SAFETY: it only fills the struct, with functions and tables that live as long as the program.
    unsafe { ffi::jpeg_std_error(&mut handling) };
    handling.error_exit = Some(give_up);
    handling.emit_message = Some(heed);
    handling
}

extern "C-unwind" fn give_up(file: &mut ffi::jpeg_common_struct) {
    resume_unwind(Box::new(told(file)))
}

extern "C-unwind" fn heed(file: &mut ffi::jpeg_common_struct, level: c_int) {
    // SAFETY: whoever reads a file has its error handling in place, as it called this.
    let code = unsafe { (*file.err).msg_code };
    if level == WARNING && !HARMLESS.contains(&code) {
        give_up(file);
    }
}

/// The error or warning that libjpeg has just noted.
fn told(file: &mut ffi::jpeg_common_struct) -> ImageError {
    type Declared = unsafe extern "C-unwind" fn(&mut ffi::jpeg_common_struct, &[u8; 80]);
    type Real = unsafe extern "C-unwind" fn(&mut ffi::jpeg_common_struct, &mut [u8; 80]);

    // SAFETY: as in `heed`.
    let (code, format) = unsafe { ((*file.err).msg_code, (*file.err).format_message) };
    if let Some((_, what)) = UNSUPPORTED.iter().find(|(unsupported, _)| *unsupported == code) {
        return ImageError::unsupported(NAME, what);
    }
    let mut text = [0; 80];
    if let Some(format) = format {
        // SAFETY: the C function writes at most 80 bytes, zero-terminated, to where its second argument points; the
        // binding calls that a shared reference.
        unsafe { std::mem::transmute::<Declared, Real>(format)(file, &mut text) };
    }
    let text = CStr::from_bytes_until_nul(&text).unwrap_or_default();
    ImageError::damaged(NAME, text.to_string_lossy())
}
