//! The effect of a call's result on the aggregate.

use jiff::Timestamp;
use trimtab_core::plan::{Decision, Reason};
use trimtab_core::port::VerdictOutcome;
use trimtab_core::reactor::ActionOutcome;

use crate::action::{Action, Done};
use crate::fact;
use crate::reason::Code;
use crate::state::{Candidate, State, Step};

pub(crate) fn apply_outcome(
    state: &mut State,
    action: &Action,
    outcome: Result<Done, String>,
    now: Timestamp,
) -> ActionOutcome {
    let Some(candidate) = &mut state.candidate else { return ActionOutcome::default() };
    match outcome {
        Ok(Done::Started) => {
            candidate.step = Step::Testing;
            ActionOutcome { facts: vec![fact::started(candidate, now)], ..ActionOutcome::default() }
        }
        Ok(Done::Verdict(VerdictOutcome::Written)) => written(candidate, now),
        Ok(Done::Verdict(VerdictOutcome::AlreadyDecided)) => {
            candidate.step = Step::Finished;
            let text = "an operator decided while the verdict was being written: the verdict was discarded";
            ActionOutcome { reasons: vec![Reason::new(Code::Overruled, text)], ..ActionOutcome::default() }
        }
        Err(cause) => refused(state, action, &cause, now),
    }
}

fn written(candidate: &mut Candidate, now: Timestamp) -> ActionOutcome {
    let Step::Judged(verdict) = &candidate.step else { return ActionOutcome::default() };
    let facts = fact::judged(candidate, verdict, now).into_iter().collect();
    candidate.step = Step::Finished;
    ActionOutcome { facts, ..ActionOutcome::default() }
}

/// AWS refused the call: the event is dead-lettered. Sent again, it repeats the call.
fn refused(state: &mut State, action: &Action, cause: &str, now: Timestamp) -> ActionOutcome {
    let Some(candidate) = &state.candidate else { return ActionOutcome::default() };
    let (text, code) = match action {
        Action::StartExecution(_) => ("the test suite could not be started", Code::StartRefused),
        Action::UpdateModelPackage(_) => ("the verdict could not be written", Code::VerdictRefused),
    };
    let reason = Reason::new(code, format!("{text}: {cause}"));
    let stuck = fact::stuck(candidate, &reason, now);
    // A start that was refused leaves nothing behind, so that the event starts the evaluation again. A verdict stays
    // pending: the test suite does not run twice.
    if candidate.step == Step::Starting {
        state.candidate = None;
    }
    ActionOutcome { facts: vec![stuck], reasons: vec![reason], decision: Some(Decision::Failed) }
}
