//! Arguments that cannot be, through the binary.
#![allow(clippy::unwrap_used)]

#[test]
fn numbers_that_cannot_be_are_usage_errors() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        "--margin=inf",
        "--margin=-inf",
        "--margin=NaN",
        "--margin=-0.1",
        "--margin=10.1",
        "--margin=1e400",
        "--margin=ten",
        "--min-size=0",
        "--min-size=-1",
        "--min-size=65536",
        "--min-size=4294967296",
        "--min-size=inf",
        "--size=0",
        "--size=-512",
        "--size=16385",
        "--size=1e3",
        "--region=knee",
        "--region=",
    ] {
        let region = if arguments.starts_with("--region") { "" } else { "--region wrist" };
        let arguments = format!("{region} {arguments} nothing.shard --out never.shard");
        let ended = samples::run(env!("CARGO_BIN_EXE_offline-crop"), folder.path(), &arguments, None);
        let told = ended.refused(2);
        assert!(told.contains("error:"), "{arguments}: {told}");
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}
