//! Which programs are started, and what is told of those that don't start.
#![allow(clippy::unwrap_used)]

mod workshop;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};

use workshop::{Ended, Workshop};

const CHAIN: &str = "
[node.numbers]
run = \"count\"

[node.doubled]
run = \"double\"
from = \"numbers\"
";

const MARKER: &str = "# ossa-stage-contract:1\n";

fn script(workshop: &Workshop, path: &str, text: &str) {
    // In the place of a copy of the fixture, and not into the file that it may still be.
    let _ = fs::remove_file(workshop.path(path));
    workshop.write(path, text);
    fs::set_permissions(workshop.path(path), Permissions::from_mode(0o755)).unwrap();
}

/// A workshop whose `double` is a script; the stage itself is at `real/double`.
fn wrapped(script_text: &str) -> Workshop {
    let workshop = Workshop::new(CHAIN);
    fs::create_dir(workshop.path("real")).unwrap();
    fs::rename(workshop.path("stages/double"), workshop.path("real/double")).unwrap();
    script(&workshop, "stages/double", script_text);
    workshop
}

#[test]
fn what_does_not_say_that_it_is_a_stage_is_never_started() {
    let touching = "#!/bin/sh\ntouch started\nexec real/double \"$@\"\n";
    let workshop = wrapped(touching);
    let refused = workshop.runner(&["p.toml"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let told = "p.toml:6: node `doubled`: `double`: stages/double is no stage, and was not started: the line \
                `ossa-stage-contract:1` is nowhere in it\n";
    assert!(refused.stderr.starts_with(told), "{refused:?}");
    assert!(!workshop.path("started").exists());

    // Nor where it is found on the search path, and nor by `why`, `graph` and the dry run.
    let found = |arguments: &[&str]| -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runner"));
        command.args(arguments).current_dir(workshop.path("")).env("PATH", "stages:/usr/bin:/bin");
        command.stdin(Stdio::null()).output().unwrap().into()
    };
    for arguments in [&["p.toml"][..], &["p.toml", "-n"], &["why", "p.toml"], &["graph", "p.toml"]] {
        let refused = found(arguments);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains("stages/double is no stage"), "{refused:?}");
        assert!(!workshop.path("started").exists());
    }

    // Its own comment makes it one.
    script(&workshop, "stages/double", &touching.replace("touch", &format!("{MARKER}touch")));
    assert_eq!(workshop.states(&["p.toml"]), ["numbers ran", "doubled ran"]);
    assert!(workshop.path("started").exists());
    assert_eq!(found(&["p.toml"]).states(), ["numbers hit", "doubled hit"]);
}

#[test]
fn stages_of_another_contract_are_not_started_and_the_runner_is_none() {
    let workshop = wrapped("#!/bin/sh\n# ossa-stage-contract:2\ntouch started\n");
    let refused = workshop.runner(&["p.toml"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("stages/double keeps contract 2, this runner knows 1"), "{refused:?}");
    assert!(!workshop.path("started").exists());
    fs::copy(env!("CARGO_BIN_EXE_runner"), workshop.path("stages/runner")).unwrap();
    workshop.pipeline(&CHAIN.replace("\"double\"", "\"runner\""));
    let refused = workshop.runner(&["p.toml"]);
    assert!(refused.stderr.contains("stages/runner is no stage"), "{refused:?}");
}

#[test]
fn a_stage_that_does_not_start_is_a_fault_of_the_system() {
    let loader = "error while loading shared libraries: libtorch.so: cannot open shared object file";
    let missing = format!("#!/bin/sh\n{MARKER}echo \"double: {loader}\" >&2\nexit 127\n");
    for (text, mode, told) in [
        (format!("#!/bin/sh\n{MARKER}"), 0o644, "Permission denied"),
        (format!("\x7f\x01\x02{MARKER}"), 0o755, "Exec format error"),
        (format!("#!/no/such/interpreter\n{MARKER}"), 0o755, "No such file or directory"),
        (missing, 0o755, loader),
    ] {
        let workshop = wrapped(&text);
        fs::set_permissions(workshop.path("stages/double"), Permissions::from_mode(mode)).unwrap();
        let refused = workshop.runner(&["p.toml"]);
        assert_eq!(refused.code, Some(74), "{refused:?}");
        let start = "p.toml:6: node `doubled`: `double`: stages/double does not start: ";
        assert!(refused.stderr.starts_with(start) && refused.stderr.contains(told), "{refused:?}");
        assert!(!workshop.path("runs").exists());
        // What is to be mended in the file goes first.
        let both = workshop.runner(&["p.toml", "--set", "numbers.cuont=3"]);
        assert_eq!(both.code, Some(2), "{both:?}");
    }
}

#[test]
fn a_stage_that_starts_no_more_is_a_fault_of_the_system_too() {
    let loader = "error while loading shared libraries: libtorch.so: cannot open shared object file";
    for (interpreter, then, told) in [
        ("#!./interpreter", "rm interpreter", "stages/double does not start: No such file or directory"),
        ("#!/bin/sh", "chmod a-x stages/double", "stages/double does not start: Permission denied"),
        ("#!/bin/sh", "true", loader),
    ] {
        let workshop = wrapped(&format!(
            "{interpreter}\n{MARKER}if [ \"$1\" = --describe ]; then {then}; exec real/double \"$@\"; fi\n\
             echo \"double: {loader}\" >&2\nexit 127\n"
        ));
        symlink("/bin/sh", workshop.path("interpreter")).unwrap();
        let failed = workshop.runner(&["p.toml"]);
        assert_eq!(failed.code, Some(74), "{failed:?}");
        assert_eq!(failed.states(), ["numbers ran", "doubled failed"]);
        assert!(failed.stderr.contains(told), "{failed:?}");
    }
}
