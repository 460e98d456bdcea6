//! Work in flight of a model, read from the aggregates that the functions store in the ledger.

use jiff::Timestamp;
use serde_json::Value;
use trimtab_core::reactor::InFlight;
use trimtab_ledger::Aggregate;

/// The work in flight of this aggregate, such as `rollout of version 3 (rollout#prod)`; `None` in a stable state.
#[must_use]
pub fn in_flight(aggregate: &Aggregate, now: Timestamp) -> Option<String> {
    let Aggregate { name, record } = aggregate;
    let work = match record.lease_until {
        Some(until) if until > now => Some("an invocation that is acting now".to_owned()),
        // The claim is still there without a record: the attempt failed, and the next event resumes it.
        Some(_) => Some("an attempt that did not complete".to_owned()),
        None if !record.outbox.is_empty() => Some("an attempt that did not complete".to_owned()),
        None => record.state.as_ref().and_then(|state| of_state(name, state)),
    };
    Some(format!("{} ({name})", work?))
}

/// The work that the state of the aggregate describes.
fn of_state(name: &str, state: &Value) -> Option<String> {
    match function_of(name)? {
        "deploy" => of::<deploy::Deploy>(state),
        "evaluate" => of::<evaluate::Evaluation>(state),
        "integrate" => of::<integrate::Integrate>(state),
        "monitor" => of::<monitor::Monitor>(state),
        "retrain" => of::<retrain::Retrain>(state),
        _ => None,
    }
}

/// The function that owns the aggregates of this name: the part before `#` is one function's alone.
#[must_use]
pub fn function_of(aggregate: &str) -> Option<&'static str> {
    match aggregate.split('#').next()? {
        "rollout" => Some("deploy"),
        "candidate" | "candidates" => Some("evaluate"),
        "finding" => Some("guard"),
        "branches" | "build" | "execution" | "image" | "merge" => Some("integrate"),
        "lineage" => Some("lineage"),
        "monitoring" => Some("monitor"),
        "digest" | "message" => Some("notify"),
        "reconcile" => Some("reconcile"),
        "incident" => Some("retrain"),
        _ => None,
    }
}

fn of<F: InFlight>(state: &Value) -> Option<String> {
    match serde_json::from_value(state.clone()) {
        Ok(state) => F::in_flight(&state),
        // Of another version, perhaps: work that cannot be excluded is not cut off.
        Err(_) => Some(format!("a state of {} that this version cannot read", F::FUNCTION)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use trimtab_core::event::Event;
    use trimtab_core::reactor::Decide;

    use super::*;

    fn names_of<D: Decide>(function: &str, names: &mut BTreeSet<String>) {
        let events = concat!(env!("CARGO_MANIFEST_DIR"), "/../events");
        for directory in std::fs::read_dir(events).unwrap().filter_map(|entry| entry.ok()?.path().read_dir().ok()) {
            for file in directory {
                let raw = std::fs::read_to_string(file.unwrap().path()).unwrap();
                let Ok(event) = Event::parse(&serde_json::from_str(&raw).unwrap()) else { continue };
                let name = D::aggregate(&event, None);
                assert_eq!(function_of(&name), Some(function), "{name}");
                names.insert(name);
            }
        }
    }

    /// A prefix that no function uses any more would let its aggregates grow without end.
    #[test]
    fn aggregates_belong_to_their_function_and_expiring_ones_exist() {
        let mut names = BTreeSet::new();
        names_of::<deploy::Deploy>("deploy", &mut names);
        names_of::<evaluate::Evaluation>("evaluate", &mut names);
        names_of::<guard::Guard>("guard", &mut names);
        names_of::<integrate::Integrate>("integrate", &mut names);
        names_of::<lineage::Lineage>("lineage", &mut names);
        names_of::<monitor::Monitor>("monitor", &mut names);
        names_of::<notify::Notify>("notify", &mut names);
        names_of::<reconcile::Reconcile>("reconcile", &mut names);
        names_of::<retrain::Retrain>("retrain", &mut names);
        for prefix in trimtab_ledger::EXPIRING {
            assert!(names.iter().any(|name| name.starts_with(prefix)), "{prefix}: {names:?}");
        }
    }
}
