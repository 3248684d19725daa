//! Files that are no weights, or damaged ones, are refused with what is wrong: nothing panics, and nothing asks for more
//! memory than a file can be worth.

#![allow(clippy::unwrap_used)]

mod archive;

use std::fs;
use std::path::Path;

use archive::{Value, save};
use tch::{Kind, Tensor};
use zoo::weights::{Source, WeightsError};

/// The refusal of a file with these bytes.
fn refusal(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    let error = Source::File(path.clone()).tensors().unwrap_err();
    assert!(
        matches!(error, WeightsError::Foreign { .. } | WeightsError::Format { .. }),
        "{name} is bad data: {error}"
    );
    let words = error.to_string();
    assert!(words.contains(path.to_str().unwrap()), "{words}");
    words
}

fn small() -> Vec<u8> {
    let weight = Value::of(&Tensor::ones([2, 3], (Kind::Float, tch::Device::Cpu)));
    save("small", &Value::Dict(vec![("weight".to_owned(), weight)]))
}

/// An archive around this pickle.
fn pickled(pickle: &[u8]) -> Vec<u8> {
    archive::around("small", pickle, &[])
}

/// A safetensors file with this header.
fn safetensors(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

#[test]
fn what_is_no_file_of_weights_is_told_for_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&[u8], &str); 7] = [
        (b"", "it is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"<!DOCTYPE html><title>404</title>", "it is a web page"),
        (b"\x80\x04\x95\x0a\x00", "a pickle that torch.save did not write"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"hello", "it begins with the bytes [68, 65, 6c, 6c, 6f]; expected safetensors"),
        (&[7; 100], "expected safetensors, or what torch.save writes"),
    ];
    for (bytes, expected) in cases {
        let words = refusal(folder.path(), "foreign", bytes);
        assert!(words.contains(expected), "{words}");
    }
    let of_folder = Source::File(folder.path().to_owned()).tensors().unwrap_err();
    assert!(matches!(of_folder, WeightsError::Foreign { .. }), "{of_folder}");
    assert!(of_folder.to_string().contains("it is a folder: name a file in it"), "{of_folder}");
    let absent = Source::File(folder.path().join("absent")).tensors().unwrap_err();
    assert!(matches!(absent, WeightsError::Io(_)) && absent.to_string().contains("absent"), "{absent}");
}

#[test]
fn an_archive_cut_short_anywhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let whole = small();
    for length in (4..whole.len()).step_by(7) {
        let words = refusal(folder.path(), "cut.pt", &whole[..length]);
        assert!(words.contains("not a whole state dict of PyTorch"), "{words}");
    }
}

#[test]
fn a_byte_that_flipped_anywhere_breaks_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let whole = small();
    let path = folder.path().join("flipped.pt");
    for at in 0..whole.len() {
        for bits in [0x01, 0xff] {
            let mut flipped = whole.clone();
            flipped[at] ^= bits;
            fs::write(&path, flipped).unwrap();
            let _ = Source::File(path.clone()).tensors();
        }
    }
}

#[test]
fn lengths_beyond_the_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let whole = small();
    // Sizes of entries, in the central directory.
    let directory = whole.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let mut large = whole.clone();
    large[directory + 20..directory + 28].copy_from_slice(&[0xf0, 0xff, 0xff, 0x7f, 0xf0, 0xff, 0xff, 0x7f]);
    refusal(folder.path(), "large.pt", &large);
    // The number of entries, in both end records.
    let [wide, narrow] =
        [b"PK\x06\x06", b"PK\x05\x06"].map(|end| whole.windows(4).position(|four| four == end).unwrap());
    let mut many = whole.clone();
    many[wide + 24..wide + 40].fill(0x7f);
    many[narrow + 8..narrow + 12].fill(0x7f);
    refusal(folder.path(), "many.pt", &many);
    // Every entry is another name of the same bytes.
    let names: Vec<String> = (0..500).map(|number| format!("small/data/{number}")).collect();
    let overlapping = archive::overlapping(&names, &[0; 5000]);
    let words = refusal(folder.path(), "overlapping.pt", &overlapping);
    assert!(words.contains("reaches beyond the file"), "{words}");
}

#[test]
fn pickles_that_do_other_than_build_tensors_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let storage = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpu\x8a\x08".to_vec();
    let sized = |elements: i64| [storage.as_slice(), &elements.to_le_bytes(), b"tQ"].concat();
    let tensor = |elements: i64, shape: &[u8]| {
        let head = b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n(".to_vec();
        [head, sized(elements), b"K\0".to_vec(), shape.to_vec(), b"\x89NtRs.".to_vec()].concat()
    };
    let huge = |count: usize| b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f".repeat(count);
    let copies = [b"\x80\x02(".to_vec(), b"K\x01".repeat(5000), b"tq\x00".to_vec()].concat();
    let copied = [copies, b"ctorch\nSize\nh\x00\x85R".repeat(5000), b".".to_vec()].concat();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"\x80\x02\xfe.".to_vec(), "the pickle instruction 0xfe"),
        (b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R.".to_vec(), "`os.system`"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.".to_vec(), "`os.system`"),
        (b"".to_vec(), "it ends in the middle"),
        (b"\x80\x02X\xff\xff\xff\xff".to_vec(), "it ends in the middle"),
        (b"\x80\x02ttt.".to_vec(), "malformed"),
        (b"\x80\x02h\x07.".to_vec(), "malformed"),
        (b"\x80\x02K\x01.".to_vec(), "no dictionary with text as keys"),
        (b"\x80\x02}.".to_vec(), "no state dict in it"),
        (copied, "copies its values without end"),
        (tensor(6, b"K\x06\x85K\x01\x85"), "its elements are not in the file"),
        (tensor(-1, b"K\x06\x85K\x01\x85"), "malformed"),
        (tensor(i64::MAX, &[b"(".as_slice(), &huge(3), b"t(", &huge(3), b"t"].concat()), "w: "),
    ];
    for (pickle, expected) in cases {
        let words = refusal(folder.path(), "pickle.pt", &pickled(&pickle));
        assert!(words.contains(expected), "{words}, but {expected} was expected");
    }
    // With the storage there, but a view that reaches beyond it, or asks for more elements than it has.
    let views: [&[u8]; 4] =
        [b"K\x07\x85K\x01\x85", b"K\x06\x85K\x02\x85", b"K\x07\x85K\0\x85", b"K\x06K\x01\x86K\x01\x85"];
    for view in views {
        let bytes = archive::around("small", &tensor(6, view), &[&[0; 24]]);
        let words = refusal(folder.path(), "view.pt", &bytes);
        assert!(words.contains("reach beyond 6 elements"), "{words}");
    }
    let short = archive::around("small", &tensor(6, b"K\x06\x85K\x01\x85"), &[&[0; 20]]);
    assert!(refusal(folder.path(), "short.pt", &short).contains("6 elements were expected, 5 are there"));
}

#[test]
fn damaged_safetensors_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let one = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    let two = |second: &str| {
        format!(
            r#"{{"a":{{"dtype":"F32","shape":[2],"data_offsets":[0,8]}},"b":{{"dtype":"F32","shape":[2],"data_offsets":{second}}}}}"#
        )
    };
    let shaped = |shape: &str| format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":[0,8]}}}}"#);
    let mut long = safetensors(one, &[0; 8]);
    long[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("cut", safetensors(one, &[0; 7])),
        ("with more behind", safetensors(one, &[0; 9])),
        ("overlapping", safetensors(&two("[4,12]"), &[0; 12])),
        ("with a hole", safetensors(&two("[12,20]"), &[0; 20])),
        ("the wrong way round", safetensors(&two("[16,8]"), &[0; 16])),
        ("of another size", safetensors(&shaped("[3]"), &[0; 8])),
        ("too large to count", safetensors(&shaped("[4294967296,4294967296,2]"), &[0; 8])),
        ("with negative sizes", safetensors(&shaped("[-2]"), &[0; 8])),
        ("of an unknown type", safetensors(&one.replace("F32", "F99"), &[0; 8])),
        ("no JSON", safetensors("{\"a\":", &[0; 8])),
        ("with a header beyond the file", long),
        ("nothing but a header", b"\x10\0\0\0\0\0\0\0{".to_vec()),
    ];
    for (what, bytes) in cases {
        let words = refusal(folder.path(), "bad.safetensors", &bytes);
        assert!(words.contains("not a whole safetensors file"), "{what}: {words}");
    }
    // No elements, and sizes that no memory has.
    let path = folder.path().join("empty.safetensors");
    let empty =
        r#"{"a":{"dtype":"F32","shape":[0,4611686018427387904,4611686018427387904],"data_offsets":[0,0]}}"#;
    fs::write(&path, safetensors(empty, &[])).unwrap();
    let _ = Source::File(path).tensors();
    let words = refusal(folder.path(), "a.index.json", br#"{"weight_map":{"a":"#);
    assert!(words.contains("not a whole index of shards"), "{words}");
}

#[test]
fn a_safetensors_file_with_any_byte_flipped_breaks_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flipped.safetensors");
    let whole = safetensors(r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, &[0; 8]);
    for at in 0..whole.len() {
        for bits in [0x01, 0x10, 0x80, 0xff] {
            let mut flipped = whole.clone();
            flipped[at] ^= bits;
            fs::write(&path, flipped).unwrap();
            let _ = Source::File(path.clone()).tensors();
        }
    }
}
