//! The plan of every event of `events/`, one snapshot each, so that a change of a decision shows as a change of that
//! event's file; and the refusal of what is not an event.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use trimtab_cli::commands::plan;
use trimtab_cli::{policies, rules};
use trimtab_core::memory::run;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The functions that each event reaches, by `events/routes.json`.
fn routes() -> BTreeMap<String, Vec<String>> {
    serde_json::from_str(&std::fs::read_to_string(root().join("events/routes.json")).unwrap()).unwrap()
}

fn trimtab_plan(policies: &Path, event: &Path, output: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trimtab"));
    command.arg("plan").arg("--policies").arg(policies).arg(event).args(["--output", output]);
    command.output().unwrap()
}

fn ended(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The snapshot of an event: `snapshots/plans/SOURCE/CASE.snap`.
fn snapshot(event: &str) -> (PathBuf, String) {
    let (source, case) = event.trim_end_matches(".json").split_once('/').unwrap();
    (PathBuf::from("snapshots/plans").join(source), case.to_owned())
}

#[test]
fn every_event_has_a_snapshot_of_its_plan() {
    let (set, rules) = (policies::read(&root().join("policies")).unwrap(), rules::embedded().unwrap());
    for (event, functions) in routes() {
        let (raw, parsed) = plan::read(&root().join("events").join(&event)).unwrap();
        let matching = rules::matching(&rules, &raw);
        assert_eq!(matching, functions, "{event}");
        let plans = run(plan::plans(&matching, &parsed, &set)).unwrap().unwrap();
        assert_eq!(plans.0.iter().map(|plan| plan.function).collect::<Vec<_>>(), functions, "{event}");
        let (folder, case) = snapshot(&event);
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.set_snapshot_path(folder);
        settings.set_description(format!("trimtab plan --policies policies events/{event}"));
        settings.bind(|| insta::assert_snapshot!(case, plans.to_string()));
    }
}

#[test]
fn every_snapshot_of_a_plan_has_its_event() {
    let wanted: BTreeSet<PathBuf> = routes()
        .keys()
        .map(|event| {
            let (folder, case) = snapshot(event);
            Path::new("tests").join(folder).join(format!("{case}.snap"))
        })
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/plans");
    for source in std::fs::read_dir(folder).unwrap() {
        for file in std::fs::read_dir(source.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
            assert!(wanted.contains(path), "{} is of no event: delete it", path.display());
        }
    }
}

#[test]
fn plan_prints_text_or_json_of_the_same_value() {
    let event = root().join("events/sagemaker/package-approved.json");
    let text = trimtab_plan(&root().join("policies"), &event, "text");
    let json = trimtab_plan(&root().join("policies"), &event, "json");
    assert_eq!((ended(&text), ended(&json)), ((Some(0), String::new()), (Some(0), String::new())));
    let plans: Value = serde_json::from_slice(&json.stdout).unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    for plan in plans.as_array().unwrap() {
        let heading =
            format!("{}: {} for {}\n", plan["function"].as_str().unwrap(), plan["decision"].as_str().unwrap(), "churn");
        assert!(text.contains(&heading), "{text}");
        for action in plan["actions"].as_array().unwrap() {
            assert!(text.contains(action["action"].as_str().unwrap()), "{text}");
        }
    }
    insta::assert_json_snapshot!(plans);
}

#[test]
fn event_that_no_rule_matches_has_no_plan() {
    let event = root().join("events/unknown/glue-crawler.json");
    let output = |format| trimtab_plan(&root().join("policies"), &event, format).stdout;
    assert_eq!(serde_json::from_slice::<Value>(&output("json")).unwrap(), json!([]));
    assert_eq!(output("text"), b"no function reacts to this event\n");
}

#[test]
fn invalid_event_or_policy_exits_2() {
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
        let output = trimtab_plan(&set, &event, "json");
        let (code, line) = ended(&output);
        assert_eq!((code, output.stdout.len()), (Some(2), 0), "{line}");
        let lines: Vec<&str> = line.trim_end().lines().collect();
        let hinted = lines.len() == 2 && lines[1].starts_with("hint: ");
        assert!(lines[0].starts_with("error: ") && (lines.len() == 1 || hinted), "{line}");
        assert!(line.contains(words), "{line}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
