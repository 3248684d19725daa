//! The binary of the stage; see the library.

fn main() -> std::process::ExitCode {
    zoo::keep_freed_memory();
    stage::main::<train::Train>()
}
