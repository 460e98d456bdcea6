//! Names that must not depend on the process that computes them, nor on its time: idempotency tokens, the names of runs,
//! jobs and builds, the aggregates' keys, and the dedup keys by which readers deduplicate. Each is computed for
//! every event of `events/`, and again under another clock, under another event id, after the intent is on
//! record, and in a second process with a random seed of its own.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_cli::commands::plan;
use trimtab_cli::policies::{self, PolicySet};
use trimtab_cli::rules;
use trimtab_core::event::Event;
use trimtab_core::fact::Fact;
use trimtab_core::memory::run;
use trimtab_core::policy::{OrganizationPolicy, Policy};
use trimtab_core::reactor::{Context, Decide, Preview, Resolved, Subject, resolve};

/// Set in the second process: where it writes what it computed.
const SECOND: &str = "TRIMTAB_TEST_NAMES_GO_TO";

/// An id that no event of `events/` has.
const OTHER_ID: &str = "ffffffff-ffff-4fff-bfff-ffffffffffff";

/// Half a minute is Lambda's retry, three days are an event that waited in a queue.
const LATER: [(&str, i64); 3] = [("the next second", 1), ("Lambda's retry", 90), ("three days later", 259_200)];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// What one function makes of one event: the variant, the event and the function, and the names.
type Names = BTreeMap<String, Value>;

/// The policy of a model, or of the organization, or neither.
type Policies = (Option<Arc<Policy>>, Option<Arc<OrganizationPolicy>>);

/// The policies that a function decides this event by; `None` if it decides nothing.
fn owner<D: Decide>(event: &Event, set: &PolicySet) -> Option<Policies> {
    let subject = Some(D::subject(event)).filter(|subject| *subject != Subject::Lookup)?;
    match run(resolve(subject, D::is_on, set, async { Ok(None) })).unwrap().unwrap() {
        Resolved::Model(policy) => Some((Some(policy), None)),
        Resolved::Organization(policy) => Some((None, Some(policy))),
        Resolved::Platform => Some((None, None)),
        Resolved::NotConcerned(_) | Resolved::Unrecorded(_) | Resolved::Unknown(_) => None,
    }
}

fn calls<A: serde::Serialize>(actions: &[A]) -> Vec<Value> {
    actions.iter().map(|action| serde_json::to_value(action).unwrap()).collect()
}

fn dedup_keys(facts: &[Fact]) -> Vec<String> {
    facts.iter().map(|fact| format!("{}: {}", fact.kind.as_str(), fact.dedup_key())).collect()
}

fn decided<D: Preview>(raw: &Value, set: &PolicySet, later: i64) -> Option<Value> {
    let event = Event::parse(raw).unwrap();
    let (policy, organization) = owner::<D>(&event, set)?;
    let (policy, organization) = (policy.as_deref(), organization.as_deref());
    let (before, observed) = (D::State::default(), D::preview(&event));
    let now = event.envelope.time + SignedDuration::from_secs(later);
    let at = |state: &D::State, now: Timestamp| {
        D::decide(&Context { event: &event, policy, organization, state, observed: &observed, now })
    };
    let plan = at(&before, now);
    let after = plan.state.clone().unwrap_or(before);
    let next = now + SignedDuration::from_secs(60);
    let left = D::pending_actions(
        &after,
        &Context { event: &event, policy, organization, state: &after, observed: &observed, now: next },
    );
    Some(json!({
        "aggregate": D::aggregate(&event, policy),
        "calls": calls(&plan.actions),
        "dedup_keys": dedup_keys(&plan.facts),
        "calls that finish the intent": calls(&left),
        "calls when delivered again": calls(&at(&after, next).actions),
    }))
}

fn names(raw: &Value, function: &str, set: &PolicySet, later: i64) -> Option<Value> {
    match function {
        "integrate" => decided::<integrate::Integrate>(raw, set, later),
        "retrain" => decided::<retrain::Retrain>(raw, set, later),
        "evaluate" => decided::<evaluate::Evaluation>(raw, set, later),
        "deploy" => decided::<deploy::Deploy>(raw, set, later),
        "monitor" => decided::<monitor::Monitor>(raw, set, later),
        "notify" => decided::<notify::Notify>(raw, set, later),
        "lineage" => decided::<lineage::Lineage>(raw, set, later),
        "guard" => decided::<guard::Guard>(raw, set, later),
        "reconcile" => decided::<reconcile::Reconcile>(raw, set, later),
        other => panic!("{other} is in a rule and not here: its names are not checked"),
    }
}

/// All names of this process, under each variant.
fn all() -> BTreeMap<String, Names> {
    let set = policies::read(&root().join("policies")).unwrap();
    let rules = rules::embedded().unwrap();
    let routes: BTreeMap<String, Value> =
        serde_json::from_str(&std::fs::read_to_string(root().join("events/routes.json")).unwrap()).unwrap();
    let mut all: BTreeMap<String, Names> = BTreeMap::new();
    for file in routes.keys() {
        let (raw, _) = plan::read(&root().join("events").join(file)).unwrap();
        for function in rules::matching(&rules, &raw) {
            let mut put = |variant: &str, raw: &Value, later| {
                if let Some(names) = names(raw, &function, &set, later) {
                    all.entry(variant.to_owned()).or_default().insert(format!("{function} on {file}"), names);
                }
            };
            put("as it came", &raw, 0);
            for (variant, seconds) in LATER {
                put(variant, &raw, seconds);
            }
            let mut again = raw.clone();
            again["id"] = json!(OTHER_ID);
            put("under another id", &again, 0);
        }
    }
    all
}

/// Values that are times and no names: the first decision of a call, by which its run is found again, and the time of a
/// fact.
const TIMES: [&str; 2] = ["since", "at"];

/// Names that hold the time at which something began, and why they may. That time is stored before the
/// first call, so that every attempt derives the same name from it; another attempt of the version has another name.
const OF_THE_BEGINNING: [(&str, &str, &str); 4] = [
    ("deploy", "CreateTransformJob/job", "SageMaker never frees a job's name, and a version can be tried again"),
    ("deploy", "StartPipelineExecution/token", "CodePipeline answers a token of before with the execution of before"),
    ("deploy", "CreateStack/token", "CloudFormation refuses the token of another round's change"),
    (
        "monitor",
        "Monitoring Requested",
        "each look asks again, and the jobs that it leads to are named by what they watch",
    ),
];

/// The names in this value by their paths, without the times.
fn places(function: &str, value: &Value, place: &str, found: &mut BTreeMap<String, Value>) {
    let stable = |place: &str| !OF_THE_BEGINNING.iter().any(|(of, name, _)| *of == function && place.ends_with(name));
    match value {
        Value::Object(map) => {
            let action = map.get("action").and_then(Value::as_str).map(|action| format!("{place}/{action}"));
            let place = action.as_deref().unwrap_or(place);
            for (name, value) in map.iter().filter(|(name, _)| !TIMES.contains(&name.as_str())) {
                places(function, value, &format!("{place}/{name}"), found);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                places(function, value, &format!("{place}/{index}"), found);
            }
        }
        Value::String(text) if text.starts_with("Monitoring Requested: ") && function == "monitor" => {
            let known = text.rsplit_once('/').map(|(known, _)| known);
            found.insert(place.to_owned(), json!(known));
        }
        value if stable(place) => {
            found.insert(place.to_owned(), value.clone());
        }
        _ => {}
    }
}

fn stable(what: &str, names: &Value) -> BTreeMap<String, Value> {
    let function = what.split(' ').next().unwrap();
    let mut found = BTreeMap::new();
    places(function, names, "", &mut found);
    found
}

/// The names as a second process computes them, with its own hash seeds, at another time of the day.
fn second_process() -> BTreeMap<String, Names> {
    let path = std::env::temp_dir().join(format!("trimtab-names-{}.json", std::process::id()));
    let mut second = Command::new(std::env::current_exe().unwrap());
    second.args(["--exact", "names_and_tokens_are_the_same_in_every_process"]).env(SECOND, &path);
    let output = second.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let there = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    std::fs::remove_file(path).unwrap();
    there
}

#[test]
fn names_and_tokens_are_the_same_in_every_process() {
    if let Some(path) = std::env::var_os(SECOND) {
        std::fs::write(path, serde_json::to_string(&all()).unwrap()).unwrap();
        return;
    }
    let (here, there) = (all(), second_process());
    let first = &here["as it came"];
    for (process, all) in [("this process", &here), ("a second process", &there)] {
        for (variant, names) in all {
            for (what, wanted) in first {
                let (wanted, got) = (stable(what, wanted), stable(what, &names[what]));
                let differs = wanted.iter().find(|(place, name)| got.get(*place) != Some(name));
                if let Some((place, name)) = differs {
                    panic!(
                        "a name depends on more than what it is about: {what}, {variant}, {process}: {place} was \
                         {name} and is {:?}",
                        got.get(place)
                    );
                }
                assert_eq!(wanted.len(), got.len(), "{what}, {variant}, {process}: other calls or facts");
            }
        }
    }
}

/// The calls without the time at which a fact is said.
fn said(calls: &Value) -> Value {
    let mut calls = calls.clone();
    for call in calls.as_array_mut().unwrap() {
        call.as_object_mut().unwrap().remove("at");
    }
    calls
}

#[test]
fn an_intent_is_finished_by_the_very_same_calls() {
    let mut finished = 0;
    for (variant, names) in all() {
        for (what, names) in names {
            let calls = said(&names["calls"]);
            let (left, again) =
                (said(&names["calls that finish the intent"]), said(&names["calls when delivered again"]));
            for (how, other) in [("taken up", &left), ("delivered again", &again)] {
                if *other != json!([]) {
                    assert_eq!(*other, calls, "{what}, {variant}: {how} a minute later, another call is made");
                    finished += 1;
                }
            }
            assert!(calls == json!([]) || left == calls || again == calls, "{what}, {variant}: the intent is lost");
        }
    }
    assert!(finished > 100, "only {finished} intents: the events no longer ask for anything");
}

#[test]
fn every_exception_names_something_that_begins() {
    let (now, later) = ("as it came", "three days later");
    let all = all();
    for (function, name, why) in OF_THE_BEGINNING {
        let differs = |what: &String| {
            let text = |variant: &str| all[variant][what].to_string();
            let named = name.split('/').next().unwrap();
            what.starts_with(function) && text(now).contains(named) && text(now) != text(later)
        };
        assert!(all[now].keys().any(differs), "{function} names nothing by the time any more: {name}. {why}");
    }
}
