//! Law: outlines that are read, written again in the annotations' layout, are read as the same; errors name a place.
#![no_main]

use decode::annotation;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|bytes: &[u8]| {
    let read = match annotation::read(bytes) {
        Ok(read) => read,
        Err(error) => {
            let text = error.to_string();
            return assert!(text.contains(" column ") || text.contains("annotation "), "no place: {text}");
        }
    };
    let bones: Vec<_> = read.outlines.iter().map(|outline| outline.bone).collect();
    assert!(bones.is_sorted_by(|one, next| one.index() < next.index()));
    let drawn =
        read.outlines.iter().map(|outline| json!({ "label": outline.bone.name(), "points": outline.ring }));
    let again = json!({ "annotations": drawn.collect::<Vec<_>>() }).to_string();
    let again = annotation::read(again.as_bytes()).unwrap();
    assert_eq!((again.replaced.len(), &again.outlines), (0, &read.outlines));
});
