//! What a logbook leaves in its folder.

#![allow(clippy::unwrap_used, reason = "a test that can't set itself up should panic")]

mod reading;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use logbook::curves::{Curves, Line, Panel, Training};
use logbook::{Ending, Logbook, Speed};
use reading::{event_files, events, records};
use serde_json::json;

fn png() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 5, 3);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&[9; 45]).unwrap();
    bytes
}

#[test]
fn everything_told_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Logbook::open(folder.path(), "sgd/fold0", 0).unwrap();
    book.hparams(&json!({"lr": 0.1}), &["dice"]).unwrap();
    book.scalar("loss", 1, 0.5).unwrap();
    book.scalar("loss", u64::from(u32::MAX) + 1, f64::INFINITY).unwrap();
    book.image("worst", 2, &png()).unwrap();
    book.histogram("weights", 3, &[1.0, 2.0, f32::NAN]).unwrap();
    book.end(Ending::Failure).unwrap();
    assert_eq!(book.folder(), folder.path().join("sgd/fold0"));
    let files = event_files(book.folder());
    assert_eq!(files.len(), 1);
    let events = events(&fs::read(&files[0]).unwrap());
    assert_eq!(events[0].text(3), "brain.Event:2");
    assert!(events.is_sorted_by_key(|event| event.double(1)), "times");
    let tags: Vec<String> = events[2..].iter().map(|event| event.message(5).message(1).text(1)).collect();
    let hparams =
        ["experiment", "session_start_info", "session_end_info"].map(|name| format!("_hparams_/{name}"));
    let [experiment, start, end] = hparams.each_ref().map(String::as_str);
    assert_eq!(tags, [experiment, start, "loss", "loss", "worst", "weights", end]);
    let steps: Vec<u64> = events.iter().map(|event| event.varint(2)).collect();
    assert_eq!(steps, [0, 0, 0, 0, 1, 1 << 32, 2, 3, 0]);
    let image = events[6].message(5).message(1).message(4);
    assert_eq!([1, 2, 3].map(|field| image.varint(field)), [3, 5, 3], "height, width, colours");
    assert_eq!(events[7].message(5).message(1).message(5).double(3), 2.0, "not-finite values are left out");
}

/// A kill at any byte leaves the whole records before it, whatever comes after.
#[test]
fn a_file_that_was_cut_short_reads_up_to_its_last_whole_record() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Logbook::open(folder.path(), ".", 0).unwrap();
    book.scalar("a", 1, 1.0).unwrap();
    book.scalar("b", 2, 2.0).unwrap();
    book.flush().unwrap();
    let file = fs::read(&event_files(folder.path())[0]).unwrap();
    let (all, rest) = records(&file);
    assert_eq!((all.len(), rest), (4, 0));
    for length in 0..file.len() {
        let (whole, rest) = records(&file[..length]);
        assert_eq!(whole, all[..whole.len()]);
        assert_eq!(whole.iter().map(|data| data.len() + 16).sum::<usize>() + rest, length);
    }
}

#[test]
fn nothing_is_written_in_part_and_dropping_writes_all() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Logbook::open(folder.path(), ".", 0).unwrap();
    let length = || fs::metadata(&event_files(folder.path())[0]).unwrap().len();
    let opened = length();
    book.scalar("a", 1, 1.0).unwrap();
    assert_eq!(length(), opened);
    for step in 0..100_000 {
        book.scalar("long enough that a megabyte is soon full", step, 1.0).unwrap();
    }
    assert!(length() > opened, "memory is bounded");
    let (_, rest) = records(&fs::read(&event_files(folder.path())[0]).unwrap());
    assert_eq!(rest, 0);
    drop(book);
    assert_eq!(events(&fs::read(&event_files(folder.path())[0]).unwrap()).len(), 2 + 100_001);
}

#[test]
fn a_run_that_goes_on_adds_a_file_that_comes_last_and_voids_what_it_does_again() {
    let folder = tempfile::tempdir().unwrap();
    // Of another process whose clock was ahead.
    fs::write(folder.path().join("events.out.tfevents.4000000000.host.1.0"), "").unwrap();
    fs::write(folder.path().join("events.out.tfevents.other"), "").unwrap();
    let mut last = String::new();
    for step in [0, 800, 900] {
        drop(Logbook::open(folder.path(), ".", step).unwrap());
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let files = event_files(folder.path());
        let newest = files.iter().rev().find(|path| !name(path).ends_with("other")).unwrap();
        assert!(name(newest) > last, "{last} then {newest:?}");
        assert!(name(newest).starts_with("events.out.tfevents.40000000"));
        last = name(newest);
        let events = events(&fs::read(newest).unwrap());
        assert_eq!((events[1].varint(2), events[1].message(7).varint(1)), (step, 1), "SessionLog.START");
    }
    assert_eq!(event_files(folder.path()).len(), 5);
}

#[test]
fn speed_is_a_line_each_and_a_line_cut_short_goes() {
    let folder = tempfile::tempdir().unwrap();
    let speed =
        Speed { step: 3, epoch: 1, seconds: 2.5, images_per_second: 40.0, waiting: 0.25, computing: 0.5 };
    Logbook::open(folder.path(), ".", 0).unwrap().speed(&speed).unwrap();
    let path = folder.path().join("speed.jsonl");
    let mut text = fs::read_to_string(&path).unwrap();
    assert_eq!(
        text,
        "{\"step\":3,\"epoch\":1,\"seconds\":2.5,\"images_per_second\":40.0,\"waiting\":0.25,\"computing\":0.5}\n"
    );
    text.push_str("{\"step\":4,\"ep");
    fs::write(&path, text).unwrap();
    Logbook::open(folder.path(), ".", 3).unwrap().speed(&Speed { step: 4, ..speed }).unwrap();
    let lines = fs::read_to_string(&path).unwrap();
    let read: Vec<Speed> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, [speed, Speed { step: 4, ..speed }]);
}

#[test]
fn names_of_runs_stay_below_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    for run in ["", "..", "a/../../b", "/tmp"] {
        let error = Logbook::open(folder.path(), run, 0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{run}");
        assert!(error.to_string().contains(&format!("{run:?}")), "{error}");
    }
    fs::write(folder.path().join("file"), "").unwrap();
    let error = Logbook::open(folder.path(), "file", 0).unwrap_err();
    assert!(error.to_string().contains("file"), "{error}");
}

#[test]
fn an_image_that_is_no_png_names_its_tag_and_tells_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Logbook::open(folder.path(), ".", 0).unwrap();
    let error = book.image("worst", 7, b"JFIF").unwrap_err();
    assert!(error.to_string().starts_with("worst of step 7: "), "{error}");
    book.flush().unwrap();
    assert_eq!(events(&fs::read(&event_files(folder.path())[0]).unwrap()).len(), 2);
}

#[test]
fn curves_are_one_file_without_scripts_that_shows_each_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = Logbook::open(folder.path(), ".", 0).unwrap();
    let training = Training {
        loss: (1..5000).map(|step| (step, 1.0 / step as f64)).collect(),
        validation_loss: vec![],
        dice: vec![(1, 0.3), (2, f64::NAN), (3, 0.9)],
        learning_rate: vec![(1, 1e-3)],
    };
    book.curves(&Curves::default()).unwrap();
    book.curves(&Curves::of_training("a < b & \"c\"", &training)).unwrap();
    let svg = fs::read_to_string(folder.path().join("curves.svg")).unwrap();
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.ends_with("</svg>\n"));
    assert!(svg.contains("<title>a &lt; b &amp; &quot;c&quot;</title>"));
    assert!(!svg.contains("script") && !svg.contains("NaN") && !svg.contains("inf"));
    assert!(svg.contains("prefers-color-scheme: dark"));
    assert_eq!(svg.matches("<g>").count(), 3);
    assert_eq!(svg.matches("<circle").count(), 2 + 1);
    assert!(svg.contains("<title>epoch 3: 0.9</title>"));
    assert_eq!(svg.matches("line each").count(), 1, "only losses of batches have a mean");
    assert!(svg.len() < 100_000, "{}", svg.len());
}

#[test]
fn odd_curves_are_drawn_or_left_out() {
    let line = |points: Vec<[f64; 2]>| Line { name: "one".to_owned(), points, scatters: true };
    let panel = |points| Panel { title: String::new(), across: String::new(), lines: vec![line(points)] };
    let odd = [vec![], vec![[f64::NAN, 1.0]], vec![[1.0, f64::INFINITY]], vec![[1.0, f64::MAX]]];
    let svg = Curves { title: String::new(), panels: odd.map(panel).into() }.svg();
    assert!(!svg.contains("<g>") && svg.contains("nothing to draw yet"));
    let even = [vec![[1.0, 0.0]], vec![[0.0, 1e-310], [1.0, 0.0]], vec![[0.0, -1e299], [1e299, 1e299]]];
    let svg = Curves { title: String::new(), panels: even.map(panel).into() }.svg();
    assert_eq!(svg.matches("<g>").count(), 3);
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
}
