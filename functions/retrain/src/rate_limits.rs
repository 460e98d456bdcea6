//! The limits: cool-down, circuit, budget; which hold for what, and how it is told that one does.

use jiff::Timestamp;
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::plan::Reason;
use trimtab_core::policy::{Policy, Retrain as Limits};
use trimtab_core::text::digest;

use crate::incident::{Kind, State, Streak, Trigger};

/// The limit that keeps this trigger from a run now, if one does.
pub(crate) fn limit(state: &State, limits: &Limits, trigger: &Trigger, now: Timestamp) -> Option<Reason> {
    let cooling = || {
        let until = state.cooling_until(limits.cool_down, now)?;
        Some(cool_down(state, limits, until, trigger.kind))
    };
    let of_its_kind = match trigger.kind {
        Kind::Drift => cooling().or_else(|| state.in_vain(limits, now).map(|streak| circuit_open(streak, limits))),
        Kind::Data | Kind::Features if limits.gathering().cool_down => cooling(),
        Kind::Data | Kind::Features | Kind::Build | Kind::Image | Kind::Schedule | Kind::Operator => None,
    };
    of_its_kind.or_else(|| over_budget(state, limits, now).filter(|_| !trigger.over_budget))
}

fn cool_down(state: &State, limits: &Limits, until: Timestamp, kind: Kind) -> Reason {
    let what = if kind == Kind::Drift { "drift" } else { "new data" };
    let ended = state.ended.map(|at| at.to_string()).unwrap_or_default();
    let length = limits.cool_down;
    Reason::new(
        "cool_down",
        format!(
            "cool-down: the last run ended at {ended}, and the policy waits {length:#}; until {until} {what} starts nothing"
        ),
    )
}

fn circuit_open(streak: &Streak, limits: &Limits) -> Reason {
    let Streak { since, runs, .. } = streak;
    let per = limits.budget.per;
    Reason::new(
        "circuit_open",
        format!("circuit open: {runs} runs have not ended the drift since {since}; one is tried per {per:#}"),
    )
}

fn over_budget(state: &State, limits: &Limits, now: Timestamp) -> Option<Reason> {
    let (spent, budget) = (state.spent(&limits.budget, now), &limits.budget);
    let (runs, per) = (budget.runs, budget.per);
    (spent >= usize::try_from(runs).unwrap_or(usize::MAX))
        .then(|| Reason::new("budget", format!("budget: {spent} runs within {per:#}, and the policy allows {runs}")))
}

/// One dedup key for as long as the same limit holds: an alarm that goes off all night is one message.
pub(crate) fn skipped(policy: &Policy, state: &State, trigger: &Trigger, reason: &Reason, at: Timestamp) -> Fact {
    let (kind, since) = match reason.code {
        "circuit_open" => (FactKind::CircuitOpened, state.streak.as_ref().map(|streak| &streak.since)),
        "budget" => (FactKind::TrainingSkipped, state.starts.first()),
        _ => (FactKind::TrainingSkipped, state.ended.as_ref()),
    };
    let since = since.map(ToString::to_string).unwrap_or_default();
    Fact {
        kind,
        version: fact::VERSION,
        model: Some(policy.model.clone()),
        dedup_key: format!("held/{}/{}/{}", policy.model, reason.code, digest(&[&since], 16)),
        at,
        reasons: vec![trigger.reason.clone(), reason.text.clone()],
        details: [("limit".to_owned(), reason.code.to_owned())].into(),
    }
}
