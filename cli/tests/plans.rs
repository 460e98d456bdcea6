//! What `trimtab plan` says: for every event of `events/`, on record, so that a change of a decision
//! shows as a difference of the record; and what it says of what is none.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn plan(set: &Path, event: &Path, format: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trimtab"));
    command.arg("plan").arg("--policies").arg(set).arg(event).args(["--format", format]);
    command.output().unwrap()
}

fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn every_event_has_its_plan_on_record() {
    let routes: BTreeMap<String, Vec<String>> =
        serde_json::from_str(&std::fs::read_to_string(root().join("events/routes.json")).unwrap()).unwrap();
    let mut plans = BTreeMap::new();
    for (name, functions) in routes {
        let output = plan(&root().join("policies"), &root().join("events").join(&name), "json");
        assert_eq!(said(&output), (Some(0), String::new()), "{name}");
        let planned: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let named: Vec<&str> = planned.iter().filter_map(|plan| plan["function"].as_str()).collect();
        assert_eq!(named, functions, "{name}");
        plans.insert(name, planned);
    }
    insta::assert_json_snapshot!(plans);
}

#[test]
fn a_person_reads_what_why_and_what_is_done() {
    let output = plan(&root().join("policies"), &root().join("events/sagemaker/package-approved.json"), "text");
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stdout));
}

#[test]
fn what_is_no_event_ends_with_2_and_one_line() {
    let folder = std::env::temp_dir().join(format!("trimtab-plans-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let event = root().join("events/codecommit/push-main.json");
    let wrong = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (set, nothing) = (root().join("policies"), folder.join("nothing"));
    std::fs::create_dir_all(&nothing).unwrap();
    let policies = folder.join("policies");
    std::fs::create_dir_all(&policies).unwrap();
    std::fs::write(policies.join("churn.toml"), "version = 1\nmodel = \"churn\"\nbudget = 3\n").unwrap();
    let cases = [
        (set.clone(), wrong("no-json.json", "push!"), "not JSON"),
        (set.clone(), wrong("a-list.json", "[]"), "expected a JSON object"),
        (set.clone(), wrong("no-time.json", r#"{"source": "aws.s3", "detail": {}}"#), "time"),
        (set, folder.join("missing.json"), "missing.json"),
        (nothing, event.clone(), "no policy here"),
        (policies, event, "churn.toml"),
    ];
    for (set, event, words) in cases {
        let output = plan(&set, &event, "json");
        let (code, line) = said(&output);
        assert_eq!((code, output.stdout.len()), (Some(2), 0), "{line}");
        let lines: Vec<&str> = line.trim_end().lines().collect();
        let hinted = lines.len() == 2 && lines[1].starts_with("hint: ");
        assert!(lines[0].starts_with("error: ") && (lines.len() == 1 || hinted), "{line}");
        assert!(line.contains(words), "{line}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
