//! `overlay`: records → pictures of bones on their radiographs.

fn main() -> std::process::ExitCode {
    stage::main::<overlay::Overlay>()
}
