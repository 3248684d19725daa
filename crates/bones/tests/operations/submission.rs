use std::io::{BufReader, Read};

use bones::submission::{Index, LONGEST_LINE, Submission, SubmissionError, Writer, read};
use bones::{Bone, BoneSet, Mask};
use proptest::prelude::*;

use crate::dense::{any_mask, size};

fn parse(text: &str) -> Result<Submission, SubmissionError> {
    read(text.as_bytes())
}

fn write(images: &[(&str, &Mask)]) -> String {
    let mut writer = Writer::new(Vec::new()).unwrap();
    for (name, mask) in images {
        writer.push(name, mask).unwrap();
    }
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

fn bone(name: &str) -> Bone {
    Bone::from_name(name).unwrap()
}

#[test]
fn a_file_has_a_header_and_29_rows_for_each_image() {
    let mask = Mask::from_dense(size(2, 1), &[BoneSet::EMPTY, BoneSet::of(bone("Radius"))]).unwrap();
    let text = write(&[("b.png", &mask), ("a.png", &Mask::empty(size(2, 1)))]);
    let lines: Vec<&str> = text.split('\n').collect();
    assert_eq!(lines.len(), 1 + 2 * 29 + 1);
    assert_eq!(lines[0], "image_name,class,rle");
    assert_eq!(lines[1], "b.png,finger-1,");
    assert_eq!(lines[28], "b.png,Radius,2 1");
    assert_eq!(lines[58], "a.png,Ulna,");
    assert_eq!(lines[59], "");
}

#[test]
fn a_name_with_a_line_break_is_refused() {
    let mut writer = Writer::new(Vec::new()).unwrap();
    let error = writer.push("a\nb.png", &Mask::empty(size(1, 1))).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn a_bone_without_any_row_is_no_opinion_and_an_empty_field_is_one() {
    let text = "image_name,class,rle\na.png,Radius,1 2\nb.png,Ulna,\nb.png,Lunate\n";
    let opinion: BoneSet = ["Radius", "Ulna", "Lunate"].into_iter().map(bone).collect();
    assert_eq!(parse(text).unwrap().opinion(), opinion);
    let index = Index::read(text.as_bytes()).unwrap();
    // Ulna and Lunate of a, Radius of b: left out, as what is empty may be.
    assert_eq!((index.opinion(), index.rows_left_out()), (opinion, 3));
    assert_eq!(parse("image_name,class,rle\n").unwrap().opinion(), BoneSet::EMPTY);
}

/// A submission with one line of `filler` bytes, which is never held whole.
fn with_a_line_of(filler: usize) -> Result<Index, SubmissionError> {
    let row = "a.png,Ulna,".as_bytes();
    let rest = std::io::repeat(b' ').take((filler - row.len()) as u64);
    Index::read(BufReader::new("image_name,class,rle\n".as_bytes().chain(row).chain(rest).chain(&b"\n"[..])))
}

#[test]
fn a_line_over_the_limit_is_refused_before_it_is_held() {
    assert!(with_a_line_of(LONGEST_LINE).is_ok());
    let told = with_a_line_of(LONGEST_LINE + 1).unwrap_err().to_string();
    assert_eq!(told, "line 2 is longer than 32 MiB, which no row of a submission is");
    // An endless line ends too.
    let endless = Index::read(BufReader::new(std::io::repeat(b'x'))).unwrap_err();
    assert!(endless.to_string().contains("line 1 is longer"), "{endless}");
    let held = vec![b'x'; LONGEST_LINE + 1];
    assert!(matches!(read(&held[..]), Err(SubmissionError::LongLine { line: 1 })));
}

#[test]
fn many_ways_to_write_the_same() {
    let plain = "image_name,class,rle\nb.png,Ulna,1 2\na.png,finger-1,\na.png,Radius,3 1 5 1\n";
    for text in [
        plain.to_owned(),
        plain.replace('\n', "\r\n"),
        format!("\u{feff}{plain}"),
        plain.trim_end().to_owned(),
        plain.replace("finger-1,\n", "finger-1\n"),
        plain.replace("3 1 5 1", "\"3 1 5 1\"").replace("b.png", "\"b.png\"").replace("rle", "\"rle\""),
        plain.replace("finger-1,\n", "finger-1,\"\"\n\n\r\n"),
        ",class,rle,image_name\n0,Ulna,1 2,b.png\n1,finger-1,,a.png\n2,Radius,3 1 5 1,a.png\n".to_owned(),
    ] {
        let submission = parse(&text).unwrap();
        assert_eq!(submission.images().collect::<Vec<_>>(), ["a.png", "b.png"], "{text:?}");
        assert_eq!(submission.rle("a.png", bone("finger-1")), Some(""), "{text:?}");
        assert_eq!(submission.rle("a.png", bone("Radius")), Some("3 1 5 1"), "{text:?}");
        assert_eq!(submission.rle("b.png", bone("Ulna")), Some("1 2"), "{text:?}");
        assert_eq!(submission.rle("b.png", bone("Radius")), None, "{text:?}");
        assert_eq!(submission.missing("b.png"), BoneSet::ALL - BoneSet::of(bone("Ulna")));
        assert_eq!(submission.mask("a.png", size(3, 2)).unwrap().areas()[27], 2);
    }
    assert_eq!(parse("image_name,class,rle\n").unwrap().images().count(), 0);
}

#[test]
fn errors_name_the_line() {
    let message = |rows: &str| parse(&format!("image_name,class,rle\n{rows}")).unwrap_err().to_string();
    assert_eq!(
        message("a.png,Ulna,\nb.png,Ulna,\na.png,Ulna,1 2"),
        "lines 2 and 4 both give `Ulna` of `a.png`; remove one of them"
    );
    assert_eq!(message("\na.png,ulna,"), "line 3: no class is called `ulna`; did you mean `Ulna`?");
    assert_eq!(message("a.png,Hammate,"), "line 2: no class is called `Hammate`; did you mean `Hamate`?");
    assert_eq!(message("a.png,Ulna,1 2,x"), "line 2 has 4 fields, the header has 3");
    assert_eq!(message("a.png"), "line 2 has 1 fields, the header has 3");
    for row in ["a.png,\"Ulna,", "a.png,\"Ulna\"x,", "\"a.png,Ulna\n\",,"] {
        assert!(message(row).starts_with("line 2 has a quoted field"), "{row}");
    }
    assert!(parse("").unwrap_err().to_string().contains("no column `image_name`"));
    assert!(parse("image,class,rle\n").unwrap_err().to_string().contains("no column `image_name`"));
    assert!(parse("image_name,class\na,b\n").unwrap_err().to_string().contains("no column `rle`"));
    let error = read(&b"image_name,class,rle\na.png,Ulna,\xff\n"[..]).unwrap_err();
    assert_eq!(error.to_string(), "line 2 is not UTF-8; save the CSV as UTF-8");
}

#[test]
fn masks_that_can_not_be_made_say_where() {
    let submission = parse("image_name,class,rle\na.png,Ulna,1 2\na.png,Radius,1 2 3\n").unwrap();
    let error = submission.mask("a.png", size(4, 4)).unwrap_err().to_string();
    assert!(error.starts_with("line 3 (`Radius` of `a.png`): pair 2"), "{error}");
    let error = submission.mask("c.png", size(4, 4)).unwrap_err().to_string();
    assert_eq!(error, "the submission has no row for the image `c.png`");
}

proptest! {
    #[test]
    fn reading_undoes_writing(masks in prop::collection::btree_map("[a-z ,\"é_.]{0,6}", any_mask(12), 0..4)) {
        let images: Vec<(&str, &Mask)> = masks.iter().map(|(name, mask)| (name.as_str(), mask)).collect();
        let submission = parse(&write(&images)).unwrap();
        prop_assert_eq!(submission.images().collect::<Vec<_>>(), masks.keys().collect::<Vec<_>>());
        for (name, mask) in &masks {
            prop_assert_eq!(&submission.mask(name, mask.size()).unwrap(), mask);
            prop_assert!(submission.missing(name).is_empty());
        }
    }

    #[test]
    fn no_text_panics(text in "(image_name,class,rle\n)?[a,\"\r\n0-9 Ulna]{0,40}") {
        let _ = parse(&text);
    }
}
