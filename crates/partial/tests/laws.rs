//! What holds for everything that is written: whole or not there, and nothing lost.

#![allow(clippy::unwrap_used, reason = "a test that can't set itself up should panic")]

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use partial::{Existing, PartialFile, PartialFolder};
use tempfile::TempDir;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

fn folder_with(path: &Path, existing: Existing, text: &str) -> PartialFolder {
    let folder = PartialFolder::create(path, existing).unwrap();
    fs::create_dir(folder.growing().join("deep")).unwrap();
    fs::write(folder.growing().join("deep/text"), text).unwrap();
    folder
}

fn text_of(folder: &Path) -> String {
    fs::read_to_string(folder.join("deep/text")).unwrap()
}

#[test]
fn a_file_has_its_name_only_when_it_is_committed() {
    let root = TempDir::new().unwrap();
    let path = root.path().join("new/deeper/out");
    let mut file = PartialFile::create(&path, Existing::Keep).unwrap();
    file.write_all(b"whole").unwrap();
    assert_eq!(names(path.parent().unwrap()), ["out.partial"]);
    file.commit().unwrap();
    assert_eq!(names(path.parent().unwrap()), ["out"]);
    assert_eq!(fs::read(&path).unwrap(), b"whole");

    drop(PartialFile::create(&path, Existing::Replace).unwrap());
    assert_eq!(
        (names(path.parent().unwrap()), fs::read(&path).unwrap()),
        (vec!["out".to_owned()], b"whole".to_vec())
    );
}

#[test]
fn a_second_writer_is_refused_and_told_of_the_first() {
    let root = TempDir::new().unwrap();
    let (file, folder) = (root.path().join("file"), root.path().join("folder"));
    let first = PartialFile::create(&file, Existing::Replace).unwrap();
    let second = PartialFile::create(&file, Existing::Replace).unwrap_err();
    assert_eq!(second.kind(), ErrorKind::WouldBlock);
    assert!(second.to_string().contains(&format!("process {}", std::process::id())), "{second}");
    first.commit().unwrap();

    let first = folder_with(&folder, Existing::Replace, "first");
    for begin in [PartialFolder::create, PartialFolder::resume] {
        let second = begin(&folder, Existing::Replace).unwrap_err();
        assert_eq!(second.kind(), ErrorKind::WouldBlock, "{second}");
    }
    assert_eq!(text_of(first.growing()), "first");
    first.commit().unwrap();
    assert_eq!(text_of(&folder), "first");
}

#[test]
fn what_has_the_name_is_kept_or_replaced_as_asked() {
    let root = TempDir::new().unwrap();
    let path = root.path().join("out");
    folder_with(&path, Existing::Keep, "old").commit().unwrap();
    assert_eq!(PartialFolder::create(&path, Existing::Keep).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(PartialFile::create(&path, Existing::Replace).unwrap_err().kind(), ErrorKind::AlreadyExists);
    folder_with(&path, Existing::Replace, "new").commit().unwrap();
    assert_eq!((names(root.path()), text_of(&path)), (vec!["out".to_owned()], "new".to_owned()));

    let file = root.path().join("file");
    partial::write(&file, "old").unwrap();
    assert_eq!(PartialFile::create(&file, Existing::Keep).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(PartialFolder::create(&file, Existing::Keep).unwrap_err().kind(), ErrorKind::AlreadyExists);
    partial::write(&file, "new").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert_eq!(names(root.path()), ["file", "out"]);
}

#[test]
fn what_appeared_meanwhile_is_kept_and_so_is_what_was_written() {
    let root = TempDir::new().unwrap();
    let path = root.path().join("folder");
    let folder = folder_with(&path, Existing::Keep, "mine");
    fs::create_dir_all(path.join("deep")).unwrap();
    fs::write(path.join("deep/text"), "theirs").unwrap();
    let error = folder.commit().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("folder.partial"), "{error}");
    assert_eq!(
        (text_of(&path), text_of(&root.path().join("folder.partial"))),
        ("theirs".into(), "mine".into())
    );

    let path = root.path().join("file");
    let mut file = PartialFile::create(&path, Existing::Keep).unwrap();
    file.write_all(b"mine").unwrap();
    fs::write(&path, "theirs").unwrap();
    assert_eq!(file.commit().unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&path).unwrap(), b"theirs");
    assert_eq!(fs::read(root.path().join("file.partial")).unwrap(), b"mine");
}

#[test]
fn an_empty_folder_is_in_nobodys_way() {
    let root = TempDir::new().unwrap();
    let path = root.path().join("out");
    fs::create_dir(&path).unwrap();
    folder_with(&path, Existing::Keep, "new").commit().unwrap();
    assert_eq!(text_of(&path), "new");
}

#[test]
fn what_a_killed_writer_left_is_taken_over_or_resumed() {
    let root = TempDir::new().unwrap();
    let path = root.path().join("out");
    std::mem::forget(folder_with(&path, Existing::Keep, "half"));
    // A process that ends loses its locks; this one does not, so the folder changes hands by a copy.
    let left = root.path().join("out.partial");
    fs::rename(&left, root.path().join("moved")).unwrap();
    fs::create_dir_all(left.join("deep")).unwrap();
    fs::copy(root.path().join("moved/deep/text"), left.join("deep/text")).unwrap();

    let resumed = PartialFolder::resume(&path, Existing::Keep).unwrap();
    assert_eq!(text_of(resumed.growing()), "half");
    drop(resumed);
    assert!(left.exists(), "what can be resumed stays");
    let fresh = PartialFolder::create(&path, Existing::Keep).unwrap();
    assert!(names(fresh.growing()).is_empty());
    drop(fresh);
    assert!(!left.exists());
}

#[test]
fn a_refused_writer_leaves_what_can_be_resumed() {
    let root = TempDir::new().unwrap();
    let path = root.path().join("out");
    drop({
        let folder = PartialFolder::resume(&path, Existing::Keep).unwrap();
        fs::write(folder.growing().join("state"), "a night's work").unwrap();
        folder
    });
    fs::create_dir(&path).unwrap();
    fs::write(path.join("theirs"), "").unwrap();
    assert!(PartialFolder::create(&path, Existing::Keep).is_err());
    assert_eq!(fs::read(root.path().join("out.partial/state")).unwrap(), b"a night's work");
}

#[test]
fn what_stepped_aside_before_a_kill_comes_back() {
    let root = TempDir::new().unwrap();
    let path = root.path().join("out");
    folder_with(&path, Existing::Keep, "old").commit().unwrap();
    fs::rename(&path, root.path().join("out.replaced")).unwrap();
    let folder = folder_with(&path, Existing::Replace, "new");
    assert_eq!(text_of(&path), "old");
    folder.commit().unwrap();
    assert_eq!((names(root.path()), text_of(&path)), (vec!["out".to_owned()], "new".to_owned()));
}

#[test]
fn a_link_is_replaced_and_not_what_it_points_at() {
    let root = TempDir::new().unwrap();
    let (target, link) = (root.path().join("target"), root.path().join("link"));
    folder_with(&target, Existing::Keep, "old").commit().unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    folder_with(&link, Existing::Replace, "new").commit().unwrap();
    assert_eq!((text_of(&target), text_of(&link)), ("old".to_owned(), "new".to_owned()));
    assert_eq!(names(root.path()), ["link", "target"]);
}

#[test]
fn a_path_without_a_name_is_refused() {
    for path in ["/", "..", "a/.."] {
        assert_eq!(
            PartialFolder::create(path, Existing::Replace).unwrap_err().kind(),
            ErrorKind::InvalidFilename
        );
        assert_eq!(
            PartialFile::create(path, Existing::Replace).unwrap_err().kind(),
            ErrorKind::InvalidFilename
        );
    }
}
