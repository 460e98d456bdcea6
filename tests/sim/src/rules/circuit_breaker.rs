//! The circuit breaker: after a number of consecutive drift runs that did not end the drift, it opens. Then there is
//! one page, and one run per budget window, until the drift ends (a budget window passes without it) or a commit is
//! trained. Without faults, drift that no limit defers gets its run without delay: the limits are not stricter than the
//! policy either.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::policy_text::Limits;
use super::{Begun, World, broken};
use crate::journal::{Entry, Happening};
use crate::promise::{Promise, Violation};
use crate::services::Function;

/// The largest delay of a run that no limit defers.
const AT_ONCE: SignedDuration = SignedDuration::from_mins(1);

/// A drift that no run has ended yet.
#[derive(Default)]
struct Streak<'a> {
    /// The number of its runs, and the dedup keys of its pages.
    runs: usize,
    pages: BTreeSet<&'a str>,
    /// The time of its last alarm.
    last_alarm: Option<Timestamp>,
}

pub(super) fn holds(world: &World<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (name, model) in &world.promised.models {
        if let Some(limits) = &model.limits {
            found.extend(of_model(world, name, limits));
        }
    }
    found
}

fn of_model(world: &World<'_>, name: &str, limits: &Limits) -> Vec<Violation> {
    let (runs, mut found, mut streak) = (world.runs(name), Vec::new(), Streak::default());
    let mut known = BTreeSet::new();
    for entry in world.journal() {
        match &entry.happening {
            Happening::Delivered { function: Function::Retrain, event } if is_new(&mut known, drift(event, name)) => {
                let over = |last: Timestamp| entry.at.duration_since(last) >= limits.per;
                if streak.last_alarm.is_some_and(over) {
                    streak = Streak::default();
                }
                streak.last_alarm = Some(entry.at);
                if world.is_smooth() && !is_answered(world, limits, &runs, &streak, entry) {
                    let what = "drift that no limit defers got no run".to_owned();
                    found.push(broken(Promise::Circuit, name, entry, what));
                }
            }
            Happening::RunBegan(_) => {
                let Some(run) = runs.iter().find(|run| std::ptr::eq(run.entry, entry)) else { continue };
                match run.word {
                    "drift" => {
                        if streak.runs >= limits.circuit_breaker_threshold && rests(&runs, entry) < Some(limits.per) {
                            let what = format!(
                                "{} is drift run {} in a row, and no budget window has passed",
                                run.name,
                                streak.runs + 1
                            );
                            found.push(broken(Promise::Circuit, name, entry, what));
                        }
                        streak.runs += 1;
                    }
                    // The model changed: later drift is a new one.
                    "build" | "image" | "operator" => {
                        streak = Streak { last_alarm: streak.last_alarm, ..Streak::default() }
                    }
                    _ => {}
                }
            }
            Happening::Message { kind, model, dedup_key, .. } if kind == "Circuit Opened" && model == name => {
                streak.pages.insert(dedup_key);
                if streak.runs < limits.circuit_breaker_threshold {
                    let what = format!("the circuit was opened after {} drift runs", streak.runs);
                    found.push(broken(Promise::Circuit, name, entry, what));
                }
                if streak.pages.len() > 1 {
                    let what = format!("one drift has {} pages", streak.pages.len());
                    found.push(broken(Promise::Circuit, name, entry, what));
                }
            }
            _ => {}
        }
    }
    found
}

fn is_new(known: &mut BTreeSet<String>, transition: Option<String>) -> bool {
    transition.is_some_and(|transition| known.insert(transition))
}

/// The transition of an alarm of this model whose actions are not suppressed.
fn drift(event: &Value, model: &str) -> Option<String> {
    let (name, state) = (event["detail"]["alarmName"].as_str()?, &event["detail"]["state"]);
    let counts = event["source"] == "aws.cloudwatch" && state["actionsSuppressedBy"].is_null();
    (counts && name.starts_with(&format!("{model}-prod-"))).then(|| format!("{name} {}", state["timestamp"]))
}

/// The time since the last run ended; `None` during a run.
fn rests(runs: &[Begun<'_>], entry: &Entry) -> Option<SignedDuration> {
    let earlier = runs.iter().filter(|run| run.entry.at < entry.at);
    let mut longest = Some(SignedDuration::MAX);
    for run in earlier {
        let since = run.ended.filter(|(ended, _)| *ended <= entry.at).map(|(ended, _)| entry.at.duration_since(ended));
        longest = longest.zip(since).map(|(one, other)| one.min(other));
    }
    longest
}

/// Whether the drift has its run, or a limit of the policy defers it, with a page if that is the circuit breaker.
fn is_answered(world: &World<'_>, limits: &Limits, runs: &[Begun<'_>], streak: &Streak<'_>, alarm: &Entry) -> bool {
    let begun = |run: &Begun<'_>| run.entry.at >= alarm.at && run.entry.at.duration_since(alarm.at) < AT_ONCE;
    if runs.iter().any(begun) || world.is_paused(alarm) {
        return true;
    }
    let Some(rested) = rests(runs, alarm) else { return true };
    let spent = runs.iter().filter(|run| run.entry.at < alarm.at && alarm.at.duration_since(run.entry.at) < limits.per);
    if rested < limits.cool_down {
        return true;
    }
    if streak.runs >= limits.circuit_breaker_threshold && rested < limits.per {
        let pages = world.journal().iter().filter(|entry| {
            let page = matches!(&entry.happening, Happening::Message { kind, .. } if kind == "Circuit Opened");
            page && entry.at.duration_since(alarm.at) < AT_ONCE
        });
        return pages.count() > 0;
    }
    spent.count() >= limits.runs
}
