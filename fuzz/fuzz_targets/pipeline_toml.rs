//! Law: every fault of a pipeline file is on one of its lines or a setting, and is told again in the same words.
//!
//! What follows a zero byte are settings, as `--set` gives them. There are no stages to be asked for their cards.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use runner::parse::fault::Origin;
use runner::store::memo::Memo;
use runner::check::stages::Stages;

fuzz_target!(|text: &str| {
    let mut parts = text.split('\0');
    let file = parts.next().unwrap_or_default();
    let settings: Vec<String> = parts.map(str::to_owned).collect();
    let nowhere = Path::new("/nonexistent");
    let check = || {
        let stages = Stages::new(Some(nowhere), None);
        runner::check("fuzz.toml", file, &settings, &stages, &Memo::load(nowhere)).map(|_| ())
    };
    let faults = check().expect_err("no stage is there, but the pipeline may run");
    assert_eq!(check(), Err(faults.clone()));
    assert!(!faults.faults.is_empty() && faults.faults.is_sorted());
    for fault in &faults.faults {
        assert!(!fault.text.is_empty());
        match &fault.origin {
            Origin::Line(line) => assert!((1..=file.split('\n').count()).contains(line), "{fault:?}"),
            Origin::Flag(flag) => assert!(settings.contains(flag), "{fault:?}"),
        }
    }
});
