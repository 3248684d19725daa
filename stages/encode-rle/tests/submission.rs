//! Submissions through the binary.
#![allow(clippy::unwrap_used)]

use samples::{Ended, masks, write};
use shard::Record;

fn encode(records: &[Record]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("in.shard"), records);
    samples::run(env!("CARGO_BIN_EXE_encode-rle"), folder.path(), "", Some("in.shard"))
}

#[test]
fn images_are_in_the_order_of_their_paths() {
    let shuffled = [masks("ID2/a", &[("Ulna", 3..5)]), masks("ID1/z", &[]), masks("ID1/b", &[])];
    let csv = encode(&shuffled).complete();
    let lines: Vec<&str> = csv.text().lines().collect();
    assert_eq!(lines[0], "image_name,class,rle");
    let images: Vec<&str> = lines[1..].chunks(29).map(|rows| rows[0].split(',').next().unwrap()).collect();
    assert_eq!((lines.len(), images), (1 + 3 * 29, vec!["b.png", "z.png", "a.png"]));
    assert_eq!(lines.last(), Some(&"a.png,Ulna,4 2"));
    let mut sorted = shuffled.to_vec();
    sorted.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(encode(&sorted).stdout, csv.stdout);
}

#[test]
fn no_images_are_a_header() {
    assert_eq!(encode(&[]).complete().text(), "image_name,class,rle\n");
}

#[test]
fn two_images_of_one_name_are_refused() {
    let told = encode(&[masks("ID1/a", &[]), masks("ID2/a", &[])]).refused(65);
    assert!(told.contains("ID2/a: its image name `a.png` is also that of record ID1/a"), "{told}");
}
