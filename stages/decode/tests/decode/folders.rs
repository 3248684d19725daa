//! Folders, files and names: what is found, what is passed over, and what can't be used.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use crate::data::{Data, annotation, flat};

#[test]
fn names_and_links_that_can_not_be_used_are_named() {
    let odd = std::ffi::OsStr::from_bytes(b"P/\xff.png");
    let data = Data::new().add(odd, flat(1)).add("P/2.png", flat(9));
    data.decode(&[]).fails(65, &["error: data/P/\u{fffd}.png: ", "not UTF-8"]);
    assert_eq!(data.decode(&["--skip-bad", "1"]).keys(), ["P/2"]);

    let data = Data::new().add("P/2.png", flat(9));
    symlink("..", data.path("P/up")).unwrap();
    data.decode(&[]).fails(65, &["error: data/P/up: is a link to data, the folder that it is in"]);
    assert_eq!(data.decode(&["--skip-bad", "1"]).keys(), ["P/2"]);

    let data = Data::new().add("P/2.png", flat(9));
    symlink("nowhere", data.path("P/1.png")).unwrap();
    data.decode(&[]).fails(74, &["error: data/P/1.png: "]);
    assert_eq!(data.decode(&["--skip-bad", "1"]).keys(), ["P/2"]);

    let data =
        Data::new().add("a/P/1.png", flat(1)).add("b/P/1.bmp", flat(2)).add("b/.hidden/P/1.png", flat(3));
    data.decode(&[]).fails(65, &["data/b/P/1.bmp: record P/1: data/a/P/1.png is the image of that key"]);
    let run = data.decode(&["--skip-bad", "1"]);
    assert_eq!((run.keys(), run.records[0].attributes["source"].as_str()), (vec!["P/1"], "a/P/1.png"));
}

#[test]
fn usage_errors_and_missing_inputs_have_their_exit_codes() {
    let data = Data::new().add("P/1.png", flat(1));
    data.decode_from(&["nowhere"], &[]).fails(74, &["nowhere"]);
    data.decode_from(&[], &[]).fails(2, &["give a folder or files"]);
    data.decode(&["--split", "train"]).fails(65, &["data: has no folder `train`"]);
    data.decode(&["--size", "0"]).fails(2, &["--size"]);
    data.decode(&["--window-percentiles", "9,3"]).fails(2, &["LOW,HIGH"]);
    data.decode(&["--labels", "maybe"]).fails(2, &["require"]);
}

#[test]
fn single_files_and_several_roots_are_read_as_one_stream() {
    let data =
        Data::new().add("P/1.png", flat(1)).add("Q/0.png", flat(2)).add("Q/0.json", annotation("Ulna", "[]"));
    let run = data.decode_from(&["data/P/1.png"], &[]);
    assert_eq!((run.keys(), run.records[0].attributes["source"].as_str()), (vec!["P/1"], "1.png"));
    let run = data.decode_from(&["data/P", "data/Q"], &["--labels", "none"]);
    assert_eq!(run.keys(), ["Q/0", "P/1"]);
    assert_eq!(run.summary.unwrap().inputs.len(), 2);
    assert_eq!(
        data.decode_from(&["data/Q/0.png", "data/Q/0.json"], &["--labels", "require"]).keys(),
        ["Q/0"]
    );
}

#[test]
fn nothing_to_decode_is_no_success() {
    let data = Data::new()
        .add("train/DCM/P/a_R.dcm", "a radiograph")
        .add("train/DCM/P/b_L", "a radiograph")
        .add("train/DCM/P/c_R.WebP", "a radiograph");
    let words = [
        "data: has no image files (.png, .jpg, .jpeg, .bmp, .tif, .tiff)",
        "3 other files: 1 without an extension, 1 .dcm, 1 .webp",
        "--allow-empty",
    ];
    data.decode(&[]).fails(65, &words);
    data.decode(&["--labels", "none"]).fails(65, &words);
    for arguments in [&["--labels", "require"][..], &["--labels", "require", "--allow-empty"]] {
        data.decode(arguments)
            .fails(65, &["has no image files", "--labels require asks for annotated images"]);
    }
    let run = data.decode(&["--allow-empty"]);
    assert_eq!((run.code, run.records.len(), run.header.as_ref().unwrap().planes.len()), (0, 0, 2));
    assert_eq!((run.count("ignored files"), run.count("ignored .dcm files")), (3, 1));
    assert_eq!(run.count("ignored files without an extension"), 1);
    Data::new().add(".hidden", "").decode(&[]).fails(65, &["there are no other files either"]);

    let data = Data::new().add("P/1.png", "no image");
    data.decode(&["--skip-bad", "1"]).fails(65, &["data: none of its 1 images was decoded; --allow-empty"]);
    assert_eq!(data.decode(&["--skip-bad", "1", "--allow-empty"]).code, 0);
}

#[test]
fn what_is_passed_over_is_told() {
    let data = (0..7).fold(Data::new(), |data, i| data.add(format!("P/{i}.dcm"), ""));
    let run = data.add("P/7.png", flat(1)).add("readme.txt", "").decode(&[]);
    let words = "passed over what is neither an image nor an annotation (7 .dcm, 1 .txt): P/0.dcm, P/1.dcm, P/2.dcm, \
                 P/3.dcm, P/4.dcm, … (8 in all)";
    run.fails(0, &[words]);
    assert_eq!(run.summary.as_ref().unwrap().notes, [words]);
}
