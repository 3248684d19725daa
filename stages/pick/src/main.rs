//! The binary of the stage; see the library.

fn main() -> std::process::ExitCode {
    stage::main::<pick::Pick>()
}
