//! `decode`: image files → records.

fn main() -> std::process::ExitCode {
    stage::main::<decode::Decode>()
}
