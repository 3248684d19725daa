//! Build script of every package that links libtorch: its binaries and tests find the libraries by themselves.

#![allow(clippy::print_stdout, reason = "cargo reads the standard output of build scripts")]

pub(crate) fn main() {
    // Whatever is named keeps cargo from running this anew for every change of a source, and every package has this.
    println!("cargo::rerun-if-changed=Cargo.toml");
    match std::env::var("DEP_TCH_LIBTORCH_LIB") {
        Ok(lib) => println!("cargo::rustc-link-arg=-Wl,-rpath,{lib}"),
        Err(_) => {
            println!("cargo::error=torch-sys named no libtorch folder: is it a dependency of this package?")
        }
    }
}
