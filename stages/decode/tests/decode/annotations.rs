//! Annotations: which belong to which radiograph, and what can't be meant.

use std::collections::BTreeMap;

use crate::data::{Data, annotation, flat};

#[test]
fn records_carry_where_they_come_from() {
    let data = Data::new()
        .add("train/DCM/ID002/image9.png", flat(1))
        .add("train/DCM/ID001/image8_L.png", flat(2))
        .add("train/DCM/ID001/image7_R.png", flat(3))
        .add("train/outputs_json/ID002/image9.json", annotation("Ulna", "[[1.9, 2.9], [3, 0]]"))
        .add("train/outputs_json/ID001/image8_L.json", annotation("Radius", "[]"))
        .add("train/outputs_json/ID001/image7_R.json", annotation("finger-1", "[[0, 0]]"))
        .add("meta_data.xlsx", "the table of patients, which is for `split`")
        .add("notes.txt", "no image");
    let run = data.decode(&["--size", "2"]);
    assert_eq!(run.code, 0, "{}", run.words);
    assert_eq!(run.keys(), ["ID001/image7_R", "ID001/image8_L", "ID002/image9"]);
    let attributes: BTreeMap<&str, &str> =
        run.records[0].attributes.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let expected = [
        ("image_name", "image7_R.png"),
        ("patient", "ID001"),
        ("side", "R"),
        ("size", "4 4"),
        ("source", "train/DCM/ID001/image7_R.png"),
    ];
    assert_eq!(attributes, BTreeMap::from(expected));
    assert_eq!(run.records[2].attributes.get("side"), None);
    let (size, outlines) = planes::polygons(&run.records[2]).unwrap();
    assert_eq!((size.width(), size.height(), outlines[0].ring.clone()), (4, 4, vec![[1, 2], [3, 0]]));
    assert_eq!(run.records[0].plane("image").unwrap().shape, [2, 2]);
    let header = run.header.as_ref().unwrap();
    assert_eq!(header.classes.len(), 29);
    assert_eq!(header.attributes["filter"], "linear");
    assert_eq!(header.attributes["image_size"], "2");
    assert_eq!(header.attributes["placement"], "pad");
    assert_eq!(run.count("ignored files"), 1);
    assert_eq!(run.count("bones without an outline"), 28 + 28 + 29);
}

#[test]
fn what_is_unpaired_is_told() {
    let data = Data::new()
        .add("train/DCM/P/1.png", flat(1))
        .add("train/outputs_json/P/1.json", annotation("Ulna", "[]"))
        .add("train/outputs_json/Q/7.json", "not even JSON")
        .add("test/DCM/T/2.png", flat(2));
    let run = data.decode(&[]);
    assert_eq!((run.code, run.keys()), (0, vec!["P/1"]));
    assert!(
        run.words.contains("images left out, as they have no annotation: test/DCM/T/2.png;"),
        "{}",
        run.words
    );
    assert!(run.words.contains("annotations of no image: train/outputs_json/Q/7.json"), "{}", run.words);
    assert_eq!(
        (run.count("images without an annotation"), run.count("annotations without an image")),
        (1, 1)
    );

    data.decode(&["--labels", "require"]).fails(65, &["data/test/DCM/T/2.png: record T/2", "no annotation"]);
    assert_eq!(data.decode(&["--labels", "require", "--skip-bad", "1"]).keys(), ["P/1"]);

    let run = data.decode(&["--labels", "none"]);
    assert_eq!(run.keys(), ["T/2", "P/1"]);
    assert!(run.header.unwrap().plane("polygons").is_none());
    let run = data.decode(&["--split", "test"]);
    assert_eq!(run.keys(), ["T/2"]);
    assert!(run.header.unwrap().plane("polygons").is_none());
    assert_eq!(run.records[0].attributes["source"], "test/DCM/T/2.png");
}

#[test]
fn annotations_that_can_not_be_meant_are_named() {
    let with = |json: &str| {
        Data::new()
            .add("d/P/1.png", flat(1))
            .add("j/P/1.json", json)
            .add("d/P/0.png", flat(0))
            .add("j/P/0.json", annotation("Ulna", "[[0, 0]]"))
    };
    for (json, words) in [
        (annotation("Radus", "[]"), r#"unknown label "Radus"; did you mean `Radius`?"#),
        (annotation("Ulna", "[[1e300, 0]]"), "point 1 is"),
        (annotation("Ulna", "[[NaN, 0]]"), "annotation 1 (`Ulna`): point 1 is (NaN, 0)"),
        ("garbage".to_owned(), "is no annotation"),
        (String::new(), "is no annotation"),
        ("[".repeat(9999), "is no annotation"),
    ] {
        let data = with(&json);
        data.decode(&[]).fails(65, &["data/j/P/1.json: record P/1: ", words]);
        let run = data.decode(&["--skip-bad", "1"]);
        assert_eq!((run.code, run.keys()), (0, vec!["P/0"]));
        assert_eq!(run.summary.unwrap().records.skipped[0].record, "P/1");
    }
}

#[test]
fn names_pair_in_whatever_form_unicode_has_them() {
    // "Hand": composed (NFC), as most systems write it, and decomposed (NFD), as macOS does.
    let (composed, decomposed) = ("\u{c190}", "\u{1109}\u{1169}\u{11ab}");
    let label = annotation("Ulna", "[[1, 1]]");
    let data = Data::new()
        .add(format!("DCM/{decomposed}/{composed}1.png"), flat(1))
        .add(format!("json/{composed}/{decomposed}1.json"), &label);
    let run = data.decode(&["--labels", "require"]);
    assert_eq!((run.code, run.keys()), (0, vec!["\u{c190}/\u{c190}1"]), "{}", run.words);
    assert_eq!(run.records[0].attributes["patient"], composed);
    assert_eq!(run.records[0].attributes["source"], format!("DCM/{decomposed}/{composed}1.png"));

    let data = data.add(format!("DCM/{composed}/{decomposed}1.png"), flat(2));
    let paths =
        [format!("data/DCM/{decomposed}/{composed}1.png"), format!("data/DCM/{composed}/{decomposed}1.png")];
    data.decode(&[]).fails(65, &[&paths[0], &paths[1], "is the image of that key already", "NFC"]);
}

#[test]
fn labels_that_occur_twice_are_told() {
    let twice =
        r#"{"annotations": [{"label": "Ulna", "points": [[1, 1]]}, {"label": "Ulna", "points": [[2, 2]]}]}"#;
    let data = Data::new().add("d/P/1.png", flat(1)).add("j/P/1.json", twice);
    let run = data.decode(&[]);
    run.fails(0, &["labels that occur twice, of which the later outline holds: data/j/P/1.json (Ulna)"]);
    assert_eq!(run.count("duplicate labels"), 1);
    assert_eq!(run.summary.as_ref().unwrap().notes.len(), 1);
    assert_eq!(planes::polygons(&run.records[0]).unwrap().1[0].ring, [[2, 2]]);
}

#[test]
fn json_of_windows_and_of_python_is_read() {
    let label = annotation("Ulna", "[[1, 1]]");
    let data = Data::new()
        .add("d/P/1.png", flat(1))
        .add("j/P/1.json", format!("\u{feff}{label}"))
        .add("d/P/2.png", flat(2))
        .add("j/P/2.json", label.replacen('{', r#"{"spacing": NaN, "range": [-Infinity, Infinity], "#, 1));
    let run = data.decode(&["--labels", "require"]);
    assert_eq!((run.code, run.keys()), (0, vec!["P/1", "P/2"]), "{}", run.words);
    assert!(run.records.iter().all(|record| planes::polygons(record).unwrap().1[0].ring == [[1, 1]]));
}
