//! Hostile events, generated from the events of `events/`: every field of every event, with every kind of value that
//! is not expected there. `README.md` lists the tests that use them.

#![allow(clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

/// Texts for the place of any text: of shells, templates, paths, terminals and headers; invisible, long and reserved.
const TEXTS: [&str; 18] = [
    "$(rm -rf /)",
    "`id`",
    "; DROP TABLE ledger;--",
    "<script>alert(1)</script>",
    "${jndi:ldap://x/y}",
    "{{7*7}}",
    "%s%s%n%x",
    "../../../../etc/passwd",
    "\u{1b}]0;owned\u{7}",
    "main\r\nSubject: pay now",
    "\u{202e}main",
    "ma\u{200b}in",
    "-oProxyCommand=x",
    "refs/heads/main:refs/heads/x",
    "null",
    "__proto__",
    "\u{feff}main",
    "main\u{2028}x",
];

/// Ends for an ARN, behind `arn:aws:SERVICE:REGION:ACCOUNT:TYPE/`; and whole ARNs.
const ARN_ENDS: [&str; 7] =
    ["", "churn", "churn/0", "churn/-1", "churn/99999999999999999999", "../churn/1", "churn/1/2"];
const ARNS: [&str; 4] = [
    "arn::::::",
    "arn:aws:sagemaker:eu-west-1::model-package/churn/1",
    "arn:aws:sagemaker:eu-west-1:999999999999:model-package/churn/3",
    "arn:aws-cn:sagemaker:cn-north-1:123456789012:model-package/churn/4",
];

/// Values for the place of a time.
const TIMES: [&str; 12] = [
    "yesterday",
    "2026-13-45T99:99:99Z",
    "0000-00-00T00:00:00Z",
    "+999999-12-31T23:59:59Z",
    "-009999-01-01T00:00:00Z",
    "2026-11-20T03:04:60Z",
    "2026-11-20",
    "2026-11-20T03:04:05",
    "9999-12-31T23:59:59Z",
    "2026-11-20T03:04:05+99:99",
    "2026-02-30T00:00:00Z",
    "1e400",
];

/// The events of `events/` by their names, such as `codecommit/push-main`.
pub fn events() -> Vec<(String, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|path| path.join("events/routes.json").exists());
    let root = root.unwrap().join("events");
    let mut found = Vec::new();
    for source in std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let files = std::fs::read_dir(source).unwrap().map(|entry| entry.unwrap().path());
        for path in files.filter(|path| path.extension().is_some_and(|ending| ending == "json")) {
            let name = path.strip_prefix(&root).unwrap().with_extension("").display().to_string();
            found.push((name, serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap()));
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

/// The first event of each source and detail type; of Trimtab's own facts, which have one shape, two.
pub fn representatives() -> Vec<(String, Value)> {
    let mut known = BTreeSet::new();
    let kind = |event: &Value| match event["source"].as_str() {
        Some("trimtab") => event["detail"]["details"].as_object().is_some_and(serde_json::Map::is_empty).to_string(),
        source => format!("{source:?} {}", event["detail-type"]),
    };
    events().into_iter().filter(|(_, event)| known.insert(kind(event))).collect()
}

/// The mutations of one event, each with a name such as `codecommit/push-main /detail/commitId: null`.
pub fn mutations(name: &str, event: &Value) -> Vec<(String, Value)> {
    let mut paths = Vec::new();
    fields(event, "", &mut paths);
    let mut mutated = Vec::new();
    for path in paths {
        let mut missing = event.clone();
        remove(&mut missing, &path);
        mutated.push((format!("{name} {path}: missing"), missing));
        let original = event.pointer(&path).unwrap();
        for (kind, value) in values(original) {
            let mut changed = event.clone();
            *changed.pointer_mut(&path).unwrap() = value;
            mutated.push((format!("{name} {path}: {kind}"), changed));
        }
    }
    for (kind, field, value) in [
        ("another account", "account", "999999999999"),
        ("Trimtab's own source", "source", "trimtab"),
        ("an unknown source", "source", "com.example.forged"),
    ] {
        let mut forged = event.clone();
        forged[field] = json!(value);
        mutated.push((format!("{name}: {kind}"), forged));
    }
    mutated
}

/// Values for the place of this one.
fn values(original: &Value) -> Vec<(String, Value)> {
    let mut values = vec![
        ("null".to_owned(), Value::Null),
        ("a list".to_owned(), json!(["x", 1, null, {}])),
        ("an object".to_owned(), json!({"x": {"y": []}})),
        ("true".to_owned(), json!(true)),
        ("a number".to_owned(), json!(7)),
        ("a negative number".to_owned(), json!(-1)),
        ("a huge integer".to_owned(), json!(u64::MAX)),
        ("a huge number".to_owned(), json!(1e308)),
        ("an empty text".to_owned(), json!("")),
        ("control characters".to_owned(), json!("a\u{0}b\u{1b}[31mc\r\nd\u{7f}")),
        ("a very long text".to_owned(), json!("long ".repeat(4000))),
        ("wide characters".to_owned(), json!("\u{1f600}".repeat(400))),
    ];
    let Value::String(text) = original else { return values };
    let mut add = |kind: &str, text: String| values.push((format!("{kind} {text:?}"), Value::String(text)));
    TEXTS.iter().for_each(|text| add("text", (*text).to_owned()));
    if let Some((before, _)) = text.split_once('/').filter(|_| text.starts_with("arn:")) {
        ARN_ENDS.iter().for_each(|end| add("ARN", format!("{before}/{end}")));
        ARNS.iter().for_each(|arn| add("ARN", (*arn).to_owned()));
    }
    if text.starts_with("20") && text.contains('T') {
        TIMES.iter().for_each(|time| add("time", (*time).to_owned()));
    }
    values
}

/// The paths of all fields and members within a value, as JSON pointers.
fn fields(value: &Value, path: &str, found: &mut Vec<String>) {
    let mut child = |name: &str, inner: &Value| {
        let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
        found.push(path.clone());
        fields(inner, &path, found);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(name, inner)| child(name, inner)),
        Value::Array(list) => list.iter().enumerate().for_each(|(place, inner)| child(&place.to_string(), inner)),
        _ => {}
    }
}

fn remove(event: &mut Value, path: &str) {
    let (parent, name) = path.rsplit_once('/').unwrap();
    match event.pointer_mut(parent).unwrap() {
        Value::Object(map) => {
            map.remove(&name.replace("~1", "/").replace("~0", "~"));
        }
        Value::Array(list) => {
            list.remove(name.parse().unwrap());
        }
        _ => {}
    }
}
