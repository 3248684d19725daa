//! The exit code of a program.

use std::process::ExitCode;

/// How a program ended.
///
/// | exit code | meaning |
/// |---|---|
/// | 0 | complete |
/// | 2 | wrong usage |
/// | 65 | bad data: the message names file, record and reason |
/// | 70 | a fault of the program |
/// | 74 | the operating system refused to read or write |
/// | 75 | try again later, such as when another process writes the same output |
/// | 141 | the reader of standard output left (silent) |
///
/// The numbers are those of `sysexits.h`; 141 is what a shell says of a program that SIGPIPE ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Exit {
    /// Complete.
    Complete = 0,
    /// Wrong usage.
    Usage = 2,
    /// Bad data.
    BadData = 65,
    /// A fault of the program.
    Fault = 70,
    /// The operating system refused to read or write.
    Io = 74,
    /// Try again later.
    TryAgain = 75,
    /// The reader of standard output left.
    ReaderLeft = 141,
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
