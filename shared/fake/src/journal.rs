//! The calls in order, and the faults of the next calls.

use std::collections::BTreeMap;

use trimtab_core::failure::Failure;

/// A fault of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call is not applied: a transient failure.
    Throttled,
    /// The call is applied, and its response is lost: a transient failure.
    Lost,
    /// The call is not applied: a permanent failure.
    Refused,
}

/// A fault of the next update that an endpoint could accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateFault {
    /// Another update began a moment before.
    Busy,
    /// SageMaker refuses the update.
    Refused,
    /// SageMaker accepts the update, and its response is lost.
    Lost,
}

/// Whether a call changes the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// The call reads, or publishes a fact.
    Read,
    /// The call changes what a service holds.
    Effect,
}

/// The fate of a call.
#[derive(Debug, Clone)]
pub(crate) struct Fate {
    /// Whether the service applies it.
    pub(crate) applied: bool,
    /// The failure that the caller gets.
    pub(crate) failure: Option<Failure>,
}

/// The recorded calls, and the faults that tests requested.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) calls: Vec<String>,
    /// The number of effects that were applied.
    pub(crate) effects: usize,
    /// The number of calls before the one that fails.
    pub(crate) at_call: Option<(usize, Fault)>,
    /// The number of effects before the one that fails.
    pub(crate) at_effect: Option<(usize, Fault)>,
    /// The fault of the next update that an endpoint of any account could accept.
    pub(crate) next_update: Option<UpdateFault>,
    /// Faults of the next call of an operation.
    pub(crate) next: BTreeMap<String, Fault>,
    /// Failures of every call of an operation.
    pub(crate) refused: BTreeMap<String, Failure>,
    /// The failure of every effect.
    pub(crate) effects_refused: Option<Failure>,
}

impl Journal {
    /// Records a call, and decides on it.
    pub(crate) fn record(&mut self, access: Access, operation: &str, line: &str) -> Fate {
        self.calls.push(short(line));
        let effect = access == Access::Effect;
        let mut fault = due(&mut self.at_call);
        if effect {
            fault = fault.or(due(&mut self.at_effect));
        }
        fault = fault.or(self.next.remove(operation));
        let refusal = self.refused.get(operation).or(self.effects_refused.as_ref().filter(|_| effect));
        let fate = match (fault, refusal) {
            (None, None) => Fate { applied: true, failure: None },
            (None, Some(refusal)) => Fate { applied: false, failure: Some(refusal.clone()) },
            (Some(fault), _) => Fate { applied: fault == Fault::Lost, failure: Some(failure_of(fault)) },
        };
        self.effects += usize::from(effect && fate.applied);
        fate
    }
}

/// The fault, if it is due at this call; otherwise it is one call nearer.
fn due(planned: &mut Option<(usize, Fault)>) -> Option<Fault> {
    match planned.take() {
        Some((0, fault)) => Some(fault),
        later => {
            *planned = later.map(|(calls, fault)| (calls - 1, fault));
            None
        }
    }
}

fn failure_of(fault: Fault) -> Failure {
    match fault {
        Fault::Throttled => Failure::transient("fake:call", "throttled"),
        Fault::Lost => Failure::transient("fake:call", "no response in time"),
        Fault::Refused => Failure::permanent("fake:call", "AccessDenied: not authorized"),
    }
}

/// The line with each full commit ID cut to eight digits.
fn short(line: &str) -> String {
    let is_commit = |word: &str| word.len() == 40 && word.chars().all(|digit| digit.is_ascii_hexdigit());
    let cut = |word: &str| word.get(..8).filter(|_| is_commit(word)).unwrap_or(word).to_owned();
    let words = line.trim_end().split(' ');
    words.map(|word| word.split('#').map(cut).collect::<Vec<_>>().join("#")).collect::<Vec<_>>().join(" ")
}
