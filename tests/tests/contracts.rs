//! Files that must agree: events, template, functions, README. MiniStack's `TestEventPattern` is the reference for the rules
//! of the template and for the pattern matcher.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use trimtab_cli::pattern::Pattern;
use trimtab_cli::rules::{self, matching};
use trimtab_cloud::{Cloud, root};
use trimtab_core::event::{Body, Event};
use trimtab_tests::{events, routes};

const FUNCTIONS: [&str; 9] =
    ["deploy", "evaluate", "guard", "integrate", "lineage", "monitor", "notify", "reconcile", "retrain"];

#[test]
fn event_serialization_round_trips() {
    let routes = routes();
    for (name, event) in events() {
        let read = Event::parse(&event).unwrap_or_else(|error| panic!("{name}: {error}"));
        let again: Value = serde_json::from_str(&event.to_string()).unwrap();
        assert_eq!(Event::parse(&again).unwrap(), read, "{name}");
        let is_routed = routes.get(&name).is_some_and(|functions| !functions.is_empty());
        assert!(!is_routed || read.body != Body::Unknown, "{name}: a rule matches it, and no function can read it");
    }
}

#[test]
fn events_have_one_account_and_unique_ids() {
    let mut ids = BTreeSet::new();
    for (name, event) in events() {
        // Endpoints of stages may be in other accounts, which forward their events.
        let account = match name.as_str() {
            "sagemaker/endpoint-of-staging-in-service.json" => "210987654321",
            "sagemaker/endpoint-of-third-account.json" => "333333333333",
            _ => "123456789012",
        };
        assert_eq!((&event["account"], &event["region"]), (&json!(account), &json!("eu-west-1")), "{name}");
        assert!(ids.insert(event["id"].to_string()), "{name}: duplicate id");
    }
}

#[test]
fn routes_list_every_event() {
    let on_record: Vec<String> = routes().into_keys().collect();
    let mut there: Vec<String> = events().into_keys().collect();
    there.sort();
    let mut sorted = on_record;
    sorted.sort();
    assert_eq!(sorted, there);
}

#[test]
fn template_folders_book_and_makefile_name_the_same_functions() {
    let rules = rules::embedded().unwrap();
    let in_template: BTreeSet<&str> = rules.iter().map(|rule| rule.function.as_str()).collect();
    let folders = std::fs::read_dir(root().join("functions")).unwrap();
    let folders: BTreeSet<String> = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let overview = std::fs::read_to_string(root().join("docs/concepts/overview.md")).unwrap();
    let headings: BTreeSet<&str> =
        overview.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`')).collect();
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    let built = makefile.lines().find_map(|line| line.strip_prefix("FUNCTIONS := ")).unwrap();
    let expected = BTreeSet::from(FUNCTIONS);
    assert_eq!(in_template, expected, "infra/template.yaml");
    assert_eq!(folders.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected, "functions/");
    assert_eq!(headings, expected, "docs/concepts/overview.md: a heading ### `name` for each");
    assert_eq!(built.split(' ').collect::<BTreeSet<_>>(), expected, "Makefile");
}

/// Whether the pattern matches according to MiniStack; `None` if MiniStack rejects the pattern.
async fn judge(client: &reqwest::Client, url: &str, pattern: &Value, event: &Value) -> Option<bool> {
    let answer = client
        .post(url)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "AWSEvents.TestEventPattern")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=t/20260101/eu-west-1/events/aws4_request, SignedHeaders=host, Signature=0",
        )
        .body(json!({"EventPattern": pattern.to_string(), "Event": event.to_string()}).to_string())
        .send()
        .await
        .unwrap();
    let said: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    said["Result"].as_bool()
}

#[tokio::test]
async fn pattern_matcher_agrees_with_ministack() {
    let cloud = Cloud::start(&root().join("target/tests/contracts"), ([127, 0, 0, 1], 0).into()).await.unwrap();
    let (client, url) = (reqwest::Client::builder().no_proxy().build().unwrap(), cloud.ministack());
    rules_match_recorded_events(&client, &url).await;
    generated_patterns(&client, &url).await;
    cloud.stop().await;
}

async fn rules_match_recorded_events(client: &reqwest::Client, url: &str) {
    let (rules, events, routes) = (rules::embedded().unwrap(), events(), routes());
    for rule in &rules {
        let mut taken = 0;
        for (name, event) in &events {
            // The service reads RFC 3339 only; EventBridge rewrites the envelope's time when it delivers.
            let mut asked = event.clone();
            asked["time"] = json!("2026-11-20T09:00:00Z");
            let verdict = judge(client, url, &rule.json, &asked).await;
            let ours = Pattern::parse(&rule.json).unwrap().matches(&asked);
            assert_eq!(verdict, Some(ours), "{}.{} on {name}", rule.function, rule.name);
            taken += u32::from(rule.takes(event));
        }
        assert!(taken > 0, "{}.{} takes no event of events/", rule.function, rule.name);
    }
    for (name, event) in &events {
        assert_eq!(&matching(&rules, event), &routes[name], "{name}");
    }
}

/// The number of generated pairs of pattern and event.
const PAIRS: usize = 600;

async fn generated_patterns(client: &reqwest::Client, url: &str) {
    let mut runner = TestRunner::deterministic();
    let (mut matched, mut missed) = (0, 0);
    for _ in 0..PAIRS {
        let pattern = a_pattern().new_tree(&mut runner).unwrap().current();
        let event = an_event().new_tree(&mut runner).unwrap().current();
        let ours = Pattern::parse(&pattern).unwrap().matches(&event);
        assert_eq!(judge(client, url, &pattern, &event).await, Some(ours), "{pattern} on {event}");
        if ours { matched += 1 } else { missed += 1 }
    }
    assert!(matched > PAIRS / 20 && missed > PAIRS / 20, "{matched} matched, {missed} did not: that proves little");
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["alpha", "alphabet", "beta", "ALPHA", "bet", "a"]).prop_map(str::to_owned)
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => word().prop_map(Value::String),
        1 => (0..4i64).prop_map(|number| json!(number)),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Null),
        1 => prop::collection::vec(word(), 1..3).prop_map(|words| json!(words)),
    ]
}

fn an_event() -> impl Strategy<Value = Value> {
    let inner = prop::collection::btree_map(prop::sample::select(vec!["x", "y"]), leaf(), 1..3);
    (leaf(), inner).prop_map(|(first, inner)| {
        json!({"version": "0", "id": "1", "source": "test", "detail-type": "t", "account": "123456789012",
            "time": "2026-11-20T09:00:00Z", "region": "eu-west-1", "resources": [], "detail": {"a": first, "b": inner}})
    })
}

fn test() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => word().prop_map(Value::String),
        1 => (0..4i64).prop_map(|number| json!(number)),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => word().prop_map(|word| json!({"prefix": word})),
        1 => word().prop_map(|word| json!({"suffix": word})),
        1 => word().prop_map(|word| json!({"equals-ignore-case": word})),
        1 => word().prop_map(|word| json!({"wildcard": format!("{word}*")})),
        1 => word().prop_map(|word| json!({"anything-but": word})),
        1 => word().prop_map(|word| json!({"anything-but": {"prefix": word}})),
        1 => (0..4i64).prop_map(|bound| json!({"numeric": [">=", bound]})),
        1 => any::<bool>().prop_map(|there| json!({"exists": there})),
    ]
}

fn a_pattern() -> impl Strategy<Value = Value> {
    let tests = || prop::collection::vec(test(), 1..3);
    prop_oneof![
        tests().prop_map(|tests| json!({"detail": {"a": tests}})),
        (tests(), tests()).prop_map(|(a, x)| json!({"detail": {"a": a, "b": {"x": x}}})),
        (tests(), tests()).prop_map(|(a, y)| json!({"detail": {"$or": [{"a": a}, {"b": {"y": y}}]}})),
    ]
}
