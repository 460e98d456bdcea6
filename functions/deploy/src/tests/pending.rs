//! Events that arrive while the actions of an earlier attempt are pending.

use super::cases::*;
use super::*;
use crate::observation::Observed;
use crate::rollout::{Cause, Progress};
use crate::state::{State, Verdict};

fn observed(approval: &str) -> Observed {
    let package = ObservedPackage { approval: Approval::parse(approval), status: "Completed".into(), lifecycle: None };
    Observed { package: Some(package), endpoint: serves("theirs"), ..Observed::default() }
}

/// A rollout of this version whose invocation died before its first call.
fn pending(version: u32, cause: Cause) -> State {
    let mut state = on(rollout("churn", version, "c", Progress::Intended));
    state.current.as_mut().unwrap().cause = cause;
    state.begin_new_attempt(&package("churn", version));
    state
}

#[test]
fn approval_is_judged_while_its_rollout_is_pending() {
    let state = State { live: vec![live("churn", 2, "b")], ..pending(3, Cause::Operator) };
    let plan = decide(CHURN, &approved("churn", 3), &state, &observed("Approved"), 60);
    let after = plan.state.expect("the verdict is recorded");
    assert!(after.has_verdict(&package("churn", 3), Verdict::Approved));
}

#[test]
fn rejection_is_judged_while_a_rollback_is_pending() {
    let mut state = State { live: vec![live("churn", 1, "a"), live("churn", 2, "b")], ..pending(1, Cause::Rollback) };
    state.record_verdict(&package("churn", 2), Verdict::Rejected);
    let plan = decide(CHURN, &rejected("churn", 3), &state, &observed("Rejected"), 60);
    assert_eq!(kinds(&plan), [FactKind::PackageRejected]);
    let after = plan.state.expect("the verdict is recorded");
    assert!(after.has_verdict(&package("churn", 3), Verdict::Rejected));
}
