//! The stage `phantom`.

fn main() -> std::process::ExitCode {
    stage::main::<phantom::Phantom>()
}
