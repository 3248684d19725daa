set positional-arguments

# List the recipes.
_list:
    @{{ just_executable() }} --justfile {{ justfile() }} --list --unsorted

# Set libtorch up in .libtorch/ (LIBTORCH or LIBTORCH_USE_PYTORCH=1 name your own).
setup:
    setup/libtorch

# Build every binary, optimised, into target/release.
build: setup
    cargo build --release --workspace --bins

# Build every binary, then run all tests.
test: setup
    cargo build --workspace --bins --tests
    cargo test --workspace

# The main job on drawn hands: from nothing to a scored submission and pictures.
demo *arguments: build
    target/release/runner pipelines/demo.toml "$@"

# Crops of wrists and fingertips: just offline-aug --set data.root=/path/to/data
offline-aug *arguments: build
    target/release/runner pipelines/offline-aug.toml "$@"

# Write the JSON Schemas of all formats from their types (--check: only say which are stale).
schemas *arguments: setup
    cargo run --quiet -p schemas -- "$@"

# Check formatting and lints.
lint: setup
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# Format the sources.
fmt:
    cargo fmt --all

# Compare every zoo model, or just parity 'unet/*', with its reference implementation in a scratch environment.
parity *pattern: setup
    tests/golden/zoo/parity target/parity "$@"

# Measure ossa beside its Python peers (pip-installed into target/bench; 3 GB, --without-torch 150 MB); benches/RESULTS.md.
bench *ARGS: build
    cargo run --quiet --release --package ossa-bench -- "$@"

# Fuzz one of fuzz/fuzz_targets for some seconds (needs a nightly compiler and cargo-fuzz): just fuzz polygon_fill 600
fuzz target seconds="60":
    mkdir -p fuzz/corpus/{{ target }}
    cargo +nightly fuzz run {{ target }} fuzz/corpus/{{ target }} fuzz/seeds/{{ target }} -- -max_total_time={{ seconds }} \
        -rss_limit_mb=1024 -timeout=20 -dict=fuzz/dictionaries/{{ target }}.dict

# Remove what pipelines have produced.
clean-runs:
    rm -rf runs
