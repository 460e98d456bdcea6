//! The state that each flow must have reached at the end of its run: one function for each flow, in a file for each
//! function of Trimtab that the flow exercises most.

mod deploy;
mod deploy_targets;
mod evaluate;
mod guard;
mod integrate;
mod long_flows;
mod monitor;
mod retrain;

use std::collections::BTreeSet;

use crate::flow::{Case, Flow};
use crate::promise::{Promise, Violation};
use crate::services::Services;

/// The end of one run, and the violations that were found so far.
struct End<'a> {
    flow: Flow,
    services: &'a Services,
    found: Vec<Violation>,
}

impl End<'_> {
    /// A violation of [`Promise::Ends`] unless the condition holds.
    fn must(&mut self, holds: bool, what: &str) {
        if !holds {
            self.found.push(Violation::lost(what.to_owned()));
        }
    }

    /// The number of messages whose key, `<kind> on <dedup key>`, starts with this text.
    fn messages(&self, start: &str) -> usize {
        self.services.messages.keys().filter(|message| message.starts_with(start)).count()
    }

    fn has_message(&self, start: &str) -> bool {
        self.messages(start) > 0
    }

    /// Requires a message whose key starts with this text.
    fn must_report(&mut self, start: &str) {
        let holds = self.has_message(start);
        self.must(holds, &format!("there is no message \"{start}\""));
    }

    fn must_have_runs(&mut self, count: usize) {
        let started = self.services.runs.len();
        self.must(started == count, &format!("{started} runs were started, not {count}"));
    }

    fn must_serve(&mut self, version: u32) {
        let live = self.live();
        self.must(live == Some(version), &format!("version {version} is not live, but {live:?}"));
    }

    /// The version that the endpoint without stages serves.
    fn live(&self) -> Option<u32> {
        let config = self.services.endpoint.as_ref()?.config.as_ref()?;
        self.services.configs.get(config).copied()
    }

    /// Whether an aggregate of this name has an open incident, a current rollout or a queued version.
    fn is_open(&self, name: &str) -> bool {
        let mut states = self
            .services
            .aggregates
            .iter()
            .filter(|(id, _)| id.name == name)
            .filter_map(|(_, record)| record.state.as_ref());
        states.any(|state| ["incident", "current", "queued"].iter().any(|field| !state[*field].is_null()))
    }

    fn must_close_incident(&mut self) {
        let open = self.is_open("incident");
        self.must(!open, "the incident is still open");
    }

    /// Whether an older version reached `deploy` after a newer one, through the failure queue, and was skipped.
    fn skipped(&self, model: &str, version: u32) -> bool {
        self.has_message(&format!("Rollout Skipped on rollout/{model}/{version}"))
    }
}

/// All violations of what the flow must have reached.
pub(super) fn ends(case: &Case, services: &Services) -> Vec<Violation> {
    let mut end = End { flow: case.flow, services, found: Vec::new() };
    retrain::check(&mut end);
    integrate::check(&mut end);
    evaluate::check(&mut end);
    deploy::check(&mut end);
    deploy_targets::check(&mut end);
    guard::check(&mut end);
    monitor::check(&mut end);
    long_flows::check(&mut end, case);
    every_flow(&mut end);
    end.found
}

/// The conditions of all flows: no open rollout, scaling of what is live, and a message for each version that went live.
fn every_flow(end: &mut End<'_>) {
    // No version was live when the operator requested the rollback: a queued version waits for the operator again.
    let refused = end.flow == Flow::OperatorRollback && end.has_message("Rollback Refused on asked/churn");
    let open = end.is_open("rollout");
    end.must(refused || !open, "a rollout is still open");
    if !end.services.lived.is_empty() && !refused {
        end.must(end.services.scaled > 0, "autoscaling was not configured");
        end.must(end.services.scheduled == 2, "the scheduled scaling was not configured");
    }
    // An operator may bring a version back without a rollout of its own.
    if end.flow != Flow::OperatorRollback {
        each_live_version_is_reported(end);
    }
}

fn each_live_version_is_reported(end: &mut End<'_>) {
    let lived = &end.services.lived;
    for version in BTreeSet::from_iter(lived) {
        let times = lived.iter().filter(|other| *other == version).count();
        let reported = end.messages(&format!("Rollout Succeeded on rollout/churn/{version}/"))
            + end.messages(&format!("Rollout Rolled Back on rollout/churn/{version}/"));
        end.must(
            reported >= times,
            &format!("version {version} went live {times} times, and {reported} were reported"),
        );
    }
}
