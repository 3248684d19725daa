//! Compiles the few calls into libtorch that tch does not offer, and tells tests where libtorch is.

use std::env;
use std::path::PathBuf;

#[path = "../../setup/rpath.rs"]
mod rpath;

const SOURCES: [&str; 3] = ["src/cost.cpp", "src/runtime.cpp", "src/segment.cpp"];

fn main() {
    rpath::main();
    // As torch-sys does: headers beside the libraries unless LIBTORCH_INCLUDE says otherwise.
    let torch = env::var_os("LIBTORCH_INCLUDE")
        .or_else(|| env::var_os("DEP_TCH_LIBTORCH_LIB").map(|lib| PathBuf::from(lib).join("..").into()))
        .map(PathBuf::from)
        .unwrap_or_default();
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .warnings(false)
        // A few calls an image: what takes long about them is their headers.
        .opt_level(1)
        .debug(false)
        .include(torch.join("include"))
        .files(SOURCES)
        .compile("zoo_runtime");
    println!("cargo::rerun-if-env-changed=LIBTORCH_INCLUDE");
    println!("cargo::rerun-if-changed=build.rs");
    SOURCES.iter().for_each(|source| println!("cargo::rerun-if-changed={source}"));
}
