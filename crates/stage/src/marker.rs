//! The marker by which a program says, without being started, that it is a stage.
//!
//! A runner must not start a program to find out what it is: `rm --describe` is harmless, but not every program is. So
//! the line
//!
//! ```text
//! ossa-stage-contract:1
//! ```
//!
//! stands somewhere in the file of every stage, the number being the contract's version. [`crate::main`] puts it into the
//! program; a script that wraps a stage has it as a comment of its own.

/// How the marker begins; the contract's version and the end of the line follow.
pub const MARKER: &str = "ossa-stage-contract:";

/// The version of the contract that this crate keeps.
pub const CONTRACT: u32 = 1;

/// The whole marker. Only stages have it: a program that looks for markers has none itself.
static WHOLE: &str = "ossa-stage-contract:1\n";

/// Makes the program that calls it carry the marker.
pub(crate) fn carry() {
    std::hint::black_box(WHOLE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marker_is_of_its_parts() {
        assert_eq!(WHOLE, format!("{MARKER}{CONTRACT}\n"));
    }
}
