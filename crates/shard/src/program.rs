//! The exit codes, standard streams, outputs and faults of a program: what `shard` and every stage have in common at a
//! shell.

mod exit;
mod panic;
mod sink;
mod words;

pub use exit::Exit;
pub use panic::{Panic, guarded};
pub use sink::{NOT_TO_A_TERMINAL, Sink};
pub use words::{
    STANDARD_INPUT, STANDARD_OUTPUT, input_name, is_standard, output_name, say, say_whole, shortened,
};
