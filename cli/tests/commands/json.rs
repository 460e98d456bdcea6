//! `--output json`: the shapes that programs read.

use serde_json::{Value, json};
use trimtab_core::plan::Decision;
use trimtab_core::port::{AggregateId, Ledger};

use crate::cloud::{CHURN, Cloud, Folder, RECIPIENT, TOPIC, block};
use crate::support::{entry, ledger, noon};

/// The JSON that the command prints, with the times of this run replaced.
fn json_of(cloud: &Cloud, arguments: &[&str]) -> Value {
    let ended = cloud.run(&[arguments, &["--output", "json"]].concat());
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{arguments:?}");
    let mut value: Value = serde_json::from_str(&ended.out).unwrap();
    for time in ["since", "at"] {
        if value.get(time).is_some() {
            let text = value[time].as_str().unwrap().to_owned();
            value[time] = json!("[time]");
            if let Some(key) = value.get("dedup_key").and_then(Value::as_str) {
                value["dedup_key"] = json!(key.replace(&text, "[time]"));
            }
        }
    }
    value
}

/// A ledger with one record and one dead letter.
fn recorded() -> Cloud {
    let cloud = Cloud::new();
    let id = AggregateId { owner: "churn".into(), name: "incident".into() };
    block(ledger(&cloud.table).finish(&id, 0, None, &entry("churn", "e-1", Decision::Acted))).unwrap();
    let event = json!({"id": "e-2", "detail-type": "Rollout Failed"});
    block(ledger(&cloud.table).dead_letter(&entry("churn", "e-2", Decision::Failed), &event)).unwrap();
    cloud
}

#[test]
fn json_of_lists() {
    let cloud = recorded();
    insta::assert_json_snapshot!(json!({
        "history churn": json_of(&cloud, &["history", "churn"]),
        "history": json_of(&cloud, &["history"]),
        "dead-letters": json_of(&cloud, &["dead-letters"]),
        "redrive --dry-run": json_of(&cloud, &["redrive", "--dry-run"]),
    }));
}

#[test]
fn json_of_requests() {
    let of = |arguments: &[&str]| json_of(&Cloud::new(), arguments);
    insta::assert_json_snapshot!(json!({
        "reconcile": of(&["reconcile", "churn"]),
        "retrain": of(&["retrain", "churn", "--reason", "new labels", "--request", "ticket-7"]),
        "promote": of(&["promote", "churn", "3", "--to", "prod"]),
        "rollback": of(&["rollback", "churn", "--to", "2"]),
        "pause": of(&["pause", "churn"]),
        "pause all": of(&["pause"]),
        "resume": of(&["resume", "churn"]),
    }));
}

#[test]
fn json_of_apply_and_remove() {
    let cloud = Cloud::new();
    let organization = ("organization.toml", "version = 1\n[guard]\ntags = [\"owner\"]\n");
    let policy = format!("{CHURN}{RECIPIENT}");
    let folder = Folder::new("json", &[("churn.toml", &policy), organization]);
    let check = json_of(&cloud, &["apply", "--check", "--policies", folder.path()]);
    let apply = json_of(&cloud, &["apply", "--policies", folder.path(), "--topic", TOPIC]);
    *cloud.filter.lock().unwrap() = Some(r#"{"audience":[{"prefix":"churn/"}]}"#.to_owned());
    let id = AggregateId { owner: "churn".into(), name: "lineage#1".into() };
    block(ledger(&cloud.table).claim(&id, 0, &json!({}), &[], noon())).unwrap();
    let planned = json_of(&cloud, &["remove", "churn", "--topic", TOPIC, "--dry-run"]);
    let removed = json_of(&cloud, &["remove", "churn", "--topic", TOPIC, "--force"]);
    insta::assert_json_snapshot!(json!({
        "apply --check": check, "apply": apply, "remove --dry-run": planned, "remove --force": removed,
    }));
}
