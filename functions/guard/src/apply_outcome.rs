//! The effect of a stop's result on the finding.

use jiff::Timestamp;
use trimtab_core::fact::FactKind;
use trimtab_core::plan::Reason;
use trimtab_core::port::StopOutcome;
use trimtab_core::reactor::ActionOutcome;

use crate::fact;
use crate::reason::Code;
use crate::state::{State, Stop, display_name};

pub(crate) fn apply_outcome(state: &mut State, outcome: Result<StopOutcome, String>, now: Timestamp) -> ActionOutcome {
    let number = state.count;
    let Some(finding) = &mut state.finding else { return ActionOutcome::default() };
    let name = display_name(&finding.resource);
    let (kind, reason) = match outcome {
        Ok(StopOutcome::Stopped) => {
            finding.stop = Some(Stop::Done(now));
            (FactKind::JobStopped, Reason::new(Code::Stopped, format!("{name} was stopped, as guard.stop says")))
        }
        // A job that ended by itself must not be reported as stopped.
        Ok(StopOutcome::AlreadyEnded) => {
            finding.stop = Some(Stop::Done(now));
            let reason = Reason::new(Code::AlreadyEnded, format!("{name} ended before it was stopped"));
            return ActionOutcome { reasons: vec![reason], ..ActionOutcome::default() };
        }
        Err(cause) => {
            finding.stop = Some(Stop::Refused);
            let text = format!("{name} could not be stopped and is still running: {cause}");
            (FactKind::StopFailed, Reason::new(Code::StopRefused, text))
        }
    };
    let fact = fact::about(kind, finding, number, vec![reason.text.clone()], now);
    ActionOutcome { facts: vec![fact], reasons: vec![reason], ..ActionOutcome::default() }
}
