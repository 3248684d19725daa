//! Data sets as the binary writes them.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bones::Bone;
use calamine::{Data, Reader, Xlsx, open_workbook};
use serde_json::Value;
use tempfile::TempDir;

fn phantom(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_phantom")).args(args).args(["--progress", "off"]).output().unwrap()
}

/// Draws into a fresh folder.
fn drawn(args: &[&str]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("hands");
    let output = phantom(&[&["--out", root.to_str().unwrap()], args].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (folder, root)
}

/// All files below `root` by their relative paths.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut stack = vec![root.to_owned()];
    while let Some(folder) = stack.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                stack.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

fn annotations(bytes: &[u8]) -> Vec<(String, Vec<[i64; 2]>)> {
    let json: Value = serde_json::from_slice(bytes).unwrap();
    let list = json["annotations"].as_array().unwrap();
    list.iter()
        .map(|annotation| {
            let points: Vec<[i64; 2]> = serde_json::from_value(annotation["points"].clone()).unwrap();
            assert_eq!(annotation["type"], "poly_seg");
            (annotation["label"].as_str().unwrap().to_owned(), points)
        })
        .collect()
}

#[test]
fn same_seed_same_bytes_at_any_thread_count_and_image_count() {
    let args =
        ["--size", "256", "--seed", "11", "--split", "both", "--test-count", "2", "--difficulty", "hard"];
    let (_keep, one) = drawn(&[&args[..], &["--count", "6", "--threads", "1"]].concat());
    let (_keep, two) = drawn(&[&args[..], &["--count", "6", "--threads", "2"]].concat());
    let (_keep, fewer) = drawn(&[&args[..], &["--count", "4", "--threads", "2"]].concat());
    let (one, two, fewer) = (files(&one), files(&two), files(&fewer));
    assert_eq!(one, two);
    assert_eq!(one.len(), 6 * 2 + 2 + 1);
    for (name, bytes) in fewer.iter().filter(|(name, _)| *name != "meta_data.xlsx") {
        assert_eq!(one.get(name), Some(bytes), "{name}");
    }
    let (_keep, other) = drawn(&["--size", "256", "--seed", "12", "--count", "2"]);
    assert!(files(&other).values().all(|bytes| !one.values().any(|known| known == bytes)));
}

#[test]
fn bytes_are_the_same_on_every_machine() {
    let (_keep, root) = drawn(&["--size", "192", "--seed", "1", "--count", "2"]);
    // FNV-1a over names and contents. A new value means that every data set of every seed has changed.
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for (name, bytes) in files(&root).iter().filter(|(name, _)| name.ends_with(".json")) {
        for byte in name.as_bytes().iter().chain(bytes) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    for (name, bytes) in files(&root).iter().filter(|(name, _)| name.ends_with(".png")) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        for byte in name.as_bytes().iter().chain(&pixels) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    assert_eq!(hash, PINNED, "{hash:#x}");
}

const PINNED: u64 = 0xf8d1_e894_0bad_d14e;

#[test]
fn every_training_image_has_29_closed_outlines_inside_it() {
    let (_keep, root) = drawn(&["--count", "4", "--seed", "2"]);
    let files = files(&root);
    let mut images = 0;
    for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with(".json")) {
        images += 1;
        assert!(
            files.contains_key(&name.replace("/outputs_json/", "/DCM/").replace(".json", ".png")),
            "{name}"
        );
        let mut labels: Vec<String> = Vec::new();
        for (label, points) in annotations(bytes) {
            let range = if label == "Radius" || label == "Ulna" { 200..=1200 } else { 17..=60 };
            assert!(range.contains(&points.len()), "{name}: {label} has {} vertices", points.len());
            assert!(
                points.iter().flatten().all(|v| (0..2048).contains(v)),
                "{name}: {label} leaves the image"
            );
            labels.push(label);
        }
        assert_ne!(labels, Bone::NAMES, "annotations come in any order");
        labels.sort();
        let mut expected = Bone::NAMES.map(str::to_owned).to_vec();
        expected.sort();
        assert_eq!(labels, expected);
    }
    assert_eq!(images, 4);
}

#[test]
fn layout_and_names_are_the_competitions() {
    let (_keep, root) = drawn(&["--count", "8", "--split", "both", "--test-count", "4", "--size", "64"]);
    let names: Vec<String> = files(&root).into_keys().collect();
    let ids = |half: &str| {
        let prefix = format!("{half}/DCM/");
        let of_half = names.iter().filter_map(|name| name.strip_prefix(&prefix)?.split_once('/'));
        let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
        of_half.for_each(|(id, file)| ids.entry(id.to_owned()).or_default().push(file.to_owned()));
        ids
    };
    let (train, test) = (ids("train"), ids("test"));
    assert_eq!(train.keys().collect::<Vec<_>>(), ["ID001", "ID002", "ID003", "ID005"]);
    assert_eq!(test.keys().collect::<Vec<_>>(), ["ID004", "ID008"]);
    assert!(!names.iter().any(|name| name.starts_with("test/outputs_json")), "test labels are kept back");
    for (id, files) in train.iter().chain(&test) {
        assert_eq!(files.len(), 2, "{id}");
        for (file, side) in files.iter().zip(["_R", "_L"]) {
            let stem = file.strip_suffix(".png").unwrap().strip_prefix("image").unwrap();
            let digits = stem.strip_suffix(side).unwrap_or(stem);
            assert_eq!(digits.len(), 13, "{file}");
            assert!(digits.bytes().all(|b| b.is_ascii_digit()), "{file}: the right hand sorts first");
        }
    }
    let sides = train.values().flatten().filter(|file| file.contains('_')).count();
    assert!(sides > 0, "some names tell the side");
}

#[test]
fn the_table_of_patients_can_be_read_and_is_dirty() {
    let (_keep, root) = drawn(&["--count", "80", "--size", "16", "--seed", "4"]);
    let mut workbook: Xlsx<_> = open_workbook(root.join("meta_data.xlsx")).unwrap();
    let sheet = workbook.worksheet_range_at(0).unwrap().unwrap();
    let rows: Vec<&[Data]> = sheet.rows().collect();
    let head: Vec<String> = rows[0].iter().take(5).map(Data::to_string).collect();
    assert_eq!(head, ["ID", "나이", "성별", "체중(몸무게)", "키(신장)"]);
    assert_eq!(rows.len(), 41);
    // Numbers, where the folders are ID001, ID002, ID003, ID005 …
    let ids: Vec<&Data> = rows[1..].iter().map(|row| &row[0]).collect();
    assert_eq!(ids[..4], [1.0, 2.0, 3.0, 5.0].map(Data::Float).each_ref());
    let sexes: Vec<String> = rows[1..].iter().map(|row| row[2].to_string()).collect();
    assert!(sexes.iter().all(|sex| sex.contains('남') || sex.contains('여')), "{sexes:?}");
    assert!(sexes.iter().any(|sex| sex.starts_with("_x0008_")), "{sexes:?}");
    assert!(sexes.iter().any(|sex| sex.trim() != sex), "{sexes:?}");
}

#[test]
fn the_table_has_a_sixth_column_without_a_name_even_where_nobody_has_a_remark() {
    let (_keep, root) = drawn(&["--count", "2", "--size", "16"]);
    let mut workbook: Xlsx<_> = open_workbook(root.join("meta_data.xlsx")).unwrap();
    let sheet = workbook.worksheet_range_at(0).unwrap().unwrap();
    assert_eq!((sheet.height(), sheet.width()), (2, 6));
    assert_eq!(sheet.get((0, 5)), Some(&Data::Empty));
}

#[test]
fn tiny_images_of_many_seeds_do_not_fail() {
    for seed in 0..14 {
        let seed = seed.to_string();
        let size = if seed.len() == 1 { "16" } else { "33" };
        let (_keep, root) = drawn(&[
            "--count",
            "5",
            "--size",
            size,
            "--seed",
            &seed,
            "--difficulty",
            "hard",
            "--label-noise",
            "--split",
            "both",
            "--test-labels",
        ]);
        for (name, bytes) in files(&root).iter().filter(|(name, _)| name.ends_with(".json")) {
            assert_eq!(annotations(bytes).len(), 29, "{name}");
        }
    }
}

#[test]
fn label_noise_moves_outlines_and_leaves_images_alone() {
    let (_keep, clean) = drawn(&["--count", "2", "--size", "512"]);
    let (_keep, noisy) = drawn(&["--count", "2", "--size", "512", "--label-noise", "0.8"]);
    for ((name, clean), noisy) in files(&clean).iter().zip(files(&noisy).values()) {
        assert_eq!(clean == noisy, !name.ends_with(".json"), "{name}");
    }
}

#[test]
fn statistics_meet_the_figures() {
    let output = phantom(&["--stats", "--count", "24", "--size", "1024", "--seed", "9"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = String::from_utf8(output.stdout).unwrap();
    // Vertex counts are those of full-size images; two dozen images leave the rest some scatter.
    let off = table.lines().filter(|line| line.ends_with(" off") && !line.contains("vertices")).count();
    let ok = table.lines().filter(|line| line.ends_with(" ok")).count();
    assert!(ok > 80 && off < 12, "{table}");
    for outline in ["finger-10, length", "finger-7, width / length", "Capitate, length", "grey of phalanges"]
    {
        assert!(
            table.lines().any(|line| line.starts_with(outline) && line.ends_with(" ok")),
            "{outline}\n{table}"
        );
    }
}

#[test]
fn statistics_of_a_data_set_on_disk_are_those_of_the_phantoms_themselves() {
    let args = ["--count", "4", "--size", "256", "--seed", "6"];
    let (_keep, root) = drawn(&args);
    let fresh = phantom(&[&args[..], &["--stats"]].concat());
    let read = phantom(&["--stats", "--of", root.to_str().unwrap()]);
    let lines = |output: &Output| {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        // Neither the patients' heights nor which half an image is of are read back.
        text.lines()
            .filter(|l| {
                !l.starts_with("r of height") && !l.starts_with("share of bent") && !l.contains("figures met")
            })
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&fresh), lines(&read));
    let missing = phantom(&["--stats", "--of", root.join("train").to_str().unwrap()]);
    assert_eq!(missing.status.code(), Some(65));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no labelled radiograph"));
}

#[test]
fn wrong_arguments_are_usage_errors() {
    for args in [
        "--difficulty=brutal",
        "--difficulty=inf",
        "--difficulty=NaN",
        "--difficulty=-0.1",
        "--size=7",
        "--size=8193",
        "--size=-64",
        "--size=1e3",
        "--label-noise=2",
        "--label-noise=inf",
        "--label-noise=NaN",
        "--label-noise=-1",
        "--count=0",
        "--count=-1",
        "--count=inf",
        "--count=2097151",
        "--count=1000000000000",
        "--count=18446744073709551615",
        "--count=99999999999999999999",
        "--split=both --test-count=-1",
        "--split=both --test-count=1000000000000",
        "--split=both --count=2097150 --test-count=1",
        "--split=both --count=2097150",
        "--test-count=4",
        "--stats --count=65537",
        "--stats --split=both --count=65536 --test-count=1",
        "--of=x",
        "--count=1 --size=16 nothing-to-read",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("never");
        let mut all: Vec<&str> = args.split(' ').collect();
        all.extend(["--out", out.to_str().unwrap()]);
        let output = phantom(&all);
        assert_eq!(output.status.code(), Some(2), "{args}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{args}");
    }
}

/// As many images as can be: they are not listed before they are drawn.
#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_the_count() {
    let folder = tempfile::tempdir().unwrap();
    let peak = |count: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_phantom"))
            .args(["--count", count, "--size", "16", "--threads", "1", "--progress", "off", "--out"])
            .arg(folder.path().join(count))
            .spawn()
            .unwrap();
        // Something is drawn.
        let images = || {
            let output = Command::new("find").arg(folder.path()).args(["-name", "*.png"]).output().unwrap();
            output.stdout.len()
        };
        let before = images();
        while images() == before {
            assert_eq!(child.try_wait().unwrap(), None, "it ended before it drew anything");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap()
    };
    let (some, most) = (peak("20000"), peak("2097150"));
    assert!(most < some + 16 * 1024, "{some} kB for 20000 images, {most} kB for 2097150");
}
