//! What the network sees of radiographs, through the program: what a checkpoint says of it decides about its scores.
#![allow(clippy::unwrap_used)]

mod bench;

use bench::{Bench, SIDE, first, radiograph, radiograph_of};
use bones::Size;
use half::f16;
use pixels::{Filter, Fit, Resized};
use serde_json::json;
use shard::{Record, Writer};

const MODEL: &str = "segformer/mit_b0";

fn size(width: u32, height: u32) -> Size {
    Size::new(width, height).unwrap()
}

/// The size of the scores of the first record.
fn extent(records: &[Record]) -> Size {
    planes::scores(&records[0]).unwrap().size()
}

#[test]
fn scores_are_of_the_radiograph_alone_and_masks_as_large_as_it() {
    let bench = Bench::of(MODEL);
    bench.write("wide.shard", &[radiograph_of(1, [96, 72])]);
    bench.write("high.shard", &[radiograph_of(1, [50, 90])]);
    for (input, scores, masks) in
        [("wide.shard", size(64, 48), size(96, 72)), ("high.shard", size(36, 64), size(50, 90))]
    {
        let found = bench.predicted(input, "--exact");
        assert_eq!(extent(&found), scores);
        assert_eq!(first(&found).len(), 29 * scores.pixels() as usize);
        for kind in ["", "--quantise 8"] {
            assert_eq!(extent(&bench.predicted(input, kind)), scores, "{kind}");
        }
        let found = bench.predicted(input, "--emit masks");
        assert_eq!(planes::masks(&found[0]).unwrap().size(), masks);
    }
    bench.describe(|checkpoint| checkpoint["input"]["placement"] = json!("stretch"));
    assert_eq!(extent(&bench.predicted("wide.shard", "--exact")), size(SIDE, SIDE));
}

/// Of the same radiograph laid onto black by hand, the scores are the same where it is.
#[test]
fn around_the_radiograph_is_black() {
    let bench = Bench::of(MODEL);
    let record = radiograph_of(1, [64, 40]);
    let image = planes::take_image(&mut record.clone()).unwrap();
    bench.write("record.shard", &[record]);
    let mut square = radiograph(1);
    let black = |rows: usize| vec![0; rows * 64];
    let grey = [black(12), image.pixels().to_vec(), black(12)].concat();
    square.planes.clear();
    planes::set_image(&mut square, planes::Image::new(size(64, 64), grey).unwrap());
    bench.write("square.shard", &[square]);
    let whole = first(&bench.predicted("square.shard", "--exact"));
    let expected: Vec<f16> =
        whole.chunks(64 * 64).flat_map(|class| &class[12 * 64..52 * 64]).copied().collect();
    assert_eq!(first(&bench.predicted("record.shard", "--exact")), expected);
}

#[test]
fn a_checkpoint_of_before_there_were_placements_stretches() {
    let bench = Bench::of(MODEL);
    bench.write("wide.shard", &[radiograph_of(1, [96, 72]), radiograph_of(2, [50, 90])]);
    let padded = bench.predicted("wide.shard", "--exact");
    bench.describe(|checkpoint| checkpoint["input"]["placement"] = json!("stretch"));
    let stretched = bench.predicted("wide.shard", "--exact");
    bench.describe(|checkpoint| {
        checkpoint["format"] = json!(1);
        checkpoint["input"].as_object_mut().unwrap().remove("placement");
    });
    let before = bench.predicted("wide.shard", "--exact");
    assert_eq!(before, stretched);
    assert_ne!(extent(&before), extent(&padded));
    // Formats to come, and a format 2 that lacks what it must say, are refused.
    bench.describe(|checkpoint| checkpoint["format"] = json!(2));
    let said = bench.run("wide.shard", "none.shard", "").refused(65);
    assert!(said.contains("checkpoint.json") && said.contains("placement"), "{said}");
    bench.describe(|checkpoint| checkpoint["format"] = json!(3));
    let said = bench.run("wide.shard", "none.shard", "").refused(65);
    assert!(said.contains("checkpoint.json") && said.contains("format"), "{said}");
}

#[test]
fn images_that_were_resized_otherwise_are_refused_with_what_to_do() {
    let bench = Bench::of(MODEL);
    let radiograph = radiograph_of(1, [96, 72]);
    bench.write("whole.shard", std::slice::from_ref(&radiograph));
    let resized = |fit: Fit, name: &str| {
        let form = Resized { size: SIDE, filter: Filter::Linear, fit };
        let records = [radiograph.clone(), radiograph_of(2, [64, 64])].map(|mut record| {
            let image = planes::take_image(&mut record).unwrap();
            let image = form.apply(image, planes::Extent::of(&record).unwrap().size).unwrap();
            planes::set_image(&mut record, image);
            record
        });
        let mut header = samples::header(vec![planes::image_spec()]);
        form.write(&mut header);
        let mut writer = Writer::create(bench.folder.path().join(name), header).unwrap();
        records.iter().for_each(|record| writer.push(record).unwrap());
        writer.commit().unwrap();
    };
    resized(Fit::Pad, "pad.shard");
    resized(Fit::Stretch, "stretch.shard");
    let whole = first(&bench.predicted("whole.shard", "--exact"));
    assert_eq!(first(&bench.predicted("pad.shard", "--exact")), whole, "resized before or now");
    let said = bench.run("stretch.shard", "none.shard", "").refused(65);
    let remedy = "`decode --size 64 --filter linear --placement pad`, or `decode` without `--size`";
    assert!(said.contains("stretch.shard: record ID001/a") && said.contains(remedy), "{said}");
    // It is so for each record: a square one is as good either way.
    let left = bench.predicted("stretch.shard", "--exact --skip-bad 1");
    assert_eq!(left.iter().map(|record| record.key.as_str()).collect::<Vec<_>>(), ["ID002/a"]);
    bench.describe(|checkpoint| checkpoint["input"]["placement"] = json!("stretch"));
    assert_eq!(bench.predicted("stretch.shard", "--exact").len(), 2);
    bench.run("pad.shard", "none.shard", "").refused(65);
}

#[test]
fn windows_are_blended_at_their_scale() {
    let bench = Bench::of(MODEL);
    bench.write("large.shard", &[radiograph_of(1, [150, 128]), radiograph_of(2, [40, 200])]);
    bench.write("square.shard", &[radiograph_of(1, [96, 96])]);
    bench.write("small.shard", &[radiograph_of(1, [90, 60])]);
    let whole = bench.predicted("square.shard", "--exact");
    bench.describe(|checkpoint| checkpoint["input"]["windows"] = json!({ "side": 96, "stride": 48 }));
    // One window over all is the whole, bit for bit.
    assert_eq!(bench.predicted("square.shard", "--exact"), whole);
    // Two thirds of the radiograph's pixels, however large it is.
    let found = bench.predicted("large.shard", "--exact");
    assert_eq!(extent(&found), size(100, 85));
    assert_eq!(extent(&found[1..]), size(27, 133));
    assert_eq!(extent(&bench.predicted("small.shard", "--exact")), size(60, 40));
    let masks = bench.predicted("large.shard", "--emit masks");
    assert_eq!(planes::masks(&masks[0]).unwrap().size(), size(150, 128));
    // The stride may change, but leaves no gaps; batches make no difference.
    assert_eq!(bench.predicted("large.shard", "--exact --stride 48 --batch 1"), found);
    assert_ne!(first(&bench.predicted("large.shard", "--exact --stride 20")), first(&found));
    let said = bench.run("large.shard", "none.shard", "--stride 97").refused(2);
    assert!(said.contains("--stride 97 leaves gaps between windows of 96: give 96 at most"), "{said}");
    bench.run("large.shard", "none.shard", "--stride 0").refused(2);
    bench.describe(|checkpoint| {
        checkpoint["input"].as_object_mut().unwrap().remove("windows");
    });
    let said = bench.run("large.shard", "none.shard", "--stride 48").refused(2);
    assert!(said.contains("this one sees radiographs whole"), "{said}");
}

#[test]
fn equalisation_of_the_input_is_part_of_prediction() {
    let bench = Bench::of(MODEL);
    bench.write("one.shard", &[radiograph_of(1, [96, 72])]);
    let plain = first(&bench.predicted("one.shard", "--exact"));
    bench.describe(|checkpoint| checkpoint["input"]["clahe"] = json!({ "clip_limit": 2.0, "tiles": [8, 8] }));
    let equalised = first(&bench.predicted("one.shard", "--exact"));
    assert_eq!(equalised.len(), plain.len());
    assert_ne!(equalised, plain);
}

#[test]
fn a_checkpoint_that_makes_no_sense_is_refused() {
    for (field, value, expected) in [
        ("size", json!(0), "size"),
        ("size", json!(70), "70x70 does not fit"),
        ("placement", json!("crop"), "expected `pad` or `stretch`"),
        ("windows", json!({ "side": 0, "stride": 1 }), "windows"),
        ("windows", json!({ "side": 96, "stride": 0 }), "windows"),
        ("windows", json!({ "side": 96, "stride": 97 }), "windows"),
        ("clahe", json!({ "clip_limit": -1.0, "tiles": [8, 8] }), "clahe"),
        ("clahe", json!({ "clip_limit": 2.0, "tiles": [0, 8] }), "tiles"),
    ] {
        let bench = Bench::of(MODEL);
        bench.write("one.shard", &[radiograph(1)]);
        bench.describe(|checkpoint| checkpoint["input"][field] = value.clone());
        let said = bench.run("one.shard", "none.shard", "").refused(65);
        assert!(said.contains("checkpoint.json: ") && said.contains(expected), "{field} {value}: {said}");
        assert!(!bench.folder.path().join("none.shard").exists());
    }
}
