//! The limits of training: cool-down, circuit breaker and budget.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use trimtab_core::policy;

use crate::reason::Code;
use crate::state::State;
use crate::trigger::{Trigger, TriggerKind};

/// A limit that refuses a run, with what its message needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Limit {
    /// The last run ended too short a time ago.
    CoolDown { ended: Option<Timestamp>, length: SignedDuration, until: Timestamp, refuses: &'static str },
    /// Too many runs did not end the drift.
    CircuitOpen { since: Timestamp, runs: u32, per: SignedDuration },
    /// Too many runs were started within the window.
    Budget { oldest: Option<Timestamp>, spent: usize, runs: u32, per: SignedDuration },
}

impl Limit {
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::CoolDown { .. } => Code::CoolDown,
            Self::CircuitOpen { .. } => Code::CircuitOpen,
            Self::Budget { .. } => Code::Budget,
        }
    }

    /// The time that identifies this occurrence of the limit. It stays the same for as long as the limit applies.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        match self {
            Self::CoolDown { ended, .. } => *ended,
            Self::CircuitOpen { since, .. } => Some(*since),
            Self::Budget { oldest, .. } => *oldest,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CoolDown { ended, length, until, refuses } => {
                let ended = ended.map(|at| at.to_string()).unwrap_or_default();
                write!(
                    f,
                    "cool-down: the last run ended at {ended}, and retrain.cool_down is {length:#}; \
                     {refuses} starts no run until {until}"
                )
            }
            Self::CircuitOpen { since, runs, per } => write!(
                f,
                "circuit breaker open: {runs} runs since {since} did not end the drift; drift starts one run \
                 per {per:#} until it ends, or until a commit, an image or an operator starts a run"
            ),
            Self::Budget { spent, runs, per, .. } => write!(
                f,
                "budget: {spent} runs were started within {per:#}, and retrain.budget allows {runs}; \
                 an operator can exceed it with `trimtab retrain --over-budget`"
            ),
        }
    }
}

/// The limit that refuses this trigger a run now, if one does.
pub(crate) fn limit(state: &State, retrain: &policy::Retrain, trigger: &Trigger, now: Timestamp) -> Option<Limit> {
    let of_kind = match trigger.kind() {
        TriggerKind::Drift => cool_down(state, retrain, "drift", now).or_else(|| circuit_breaker(state, retrain, now)),
        TriggerKind::Data | TriggerKind::Features if retrain.data_or_default().cool_down => {
            cool_down(state, retrain, "new data", now)
        }
        // The cool-down prevents runs that train the same again. A commit, an image or an operator changes what is
        // trained, and a schedule promises a run.
        TriggerKind::Data
        | TriggerKind::Features
        | TriggerKind::Build
        | TriggerKind::Image
        | TriggerKind::Schedule
        | TriggerKind::Operator => None,
    };
    if of_kind.is_none() && !trigger.over_budget {
        return budget(state, retrain, now);
    }
    of_kind
}

fn cool_down(state: &State, retrain: &policy::Retrain, refuses: &'static str, now: Timestamp) -> Option<Limit> {
    let until = state.cool_down_until(retrain.cool_down, now)?;
    Some(Limit::CoolDown { ended: state.last_ended, length: retrain.cool_down, until, refuses })
}

fn circuit_breaker(state: &State, retrain: &policy::Retrain, now: Timestamp) -> Option<Limit> {
    let streak = state.circuit_breaker(retrain, now)?;
    Some(Limit::CircuitOpen { since: streak.since, runs: streak.runs, per: retrain.budget.per })
}

fn budget(state: &State, retrain: &policy::Retrain, now: Timestamp) -> Option<Limit> {
    let policy::Budget { runs, per } = retrain.budget;
    let spent = state.spent(&retrain.budget, now);
    if spent < usize::try_from(runs).unwrap_or(usize::MAX) {
        return None;
    }
    Some(Limit::Budget { oldest: state.starts.first().copied(), spent, runs, per })
}
