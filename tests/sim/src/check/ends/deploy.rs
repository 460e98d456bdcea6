//! Rollouts of `churn` to its endpoint.
//!
//! In most of these flows an older version may reach `deploy` after a newer one, through the failure queue. It is then
//! skipped, and the flow takes another course that the rules cover.

use super::End;
use crate::flow::Flow;

pub(super) fn check(end: &mut End<'_>) {
    match end.flow {
        Flow::Rollouts => rollouts(end),
        Flow::Rollback if !end.skipped("churn", 1) => rollback(end),
        Flow::CanaryFails if !end.skipped("churn", 1) => canary_fails(end),
        Flow::CanaryWithoutAlarmData if !end.skipped("churn", 1) => canary_without_alarm_data(end),
        Flow::CanaryLosesAlarmData if !end.skipped("churn", 1) => canary_loses_alarm_data(end),
        Flow::ShadowTest if !end.skipped("churn", 1) => shadow_test(end),
        Flow::ShadowTestRejected if !end.skipped("churn", 1) => shadow_test_rejected(end),
        Flow::OperatorRollback => operator_rollback(end),
        Flow::Paused => paused(end),
        Flow::SkipsRejected | Flow::NotifyOnly | Flow::RejectedAfterApproval | Flow::Incomplete => verdicts(end),
        _ => {}
    }
}

fn rollouts(end: &mut End<'_>) {
    end.must_serve(2);
    end.must_report("Rollout Succeeded on rollout/churn/2");
}

fn rollback(end: &mut End<'_>) {
    end.must_serve(1);
    end.must_report("Package Rejected on rollout/churn/2");
}

fn canary_fails(end: &mut End<'_>) {
    end.must_serve(1);
    end.must_report("Rollout Rolled Back on rollout/churn/2");
}

fn canary_without_alarm_data(end: &mut End<'_>) {
    // Version 2 is deployed without a canary only if no version serves yet; then version 1 is skipped.
    end.must_serve(1);
    end.must_report("Rollout Held on rollout/churn/2");
}

fn canary_loses_alarm_data(end: &mut End<'_>) {
    end.must_serve(1);
    let reported =
        end.has_message("Rollout Held on rollout/churn/2") || end.has_message("Rollout Rolled Back on rollout/churn/2");
    end.must(reported, "the end of version 2's rollout was not reported");
}

fn shadow_test(end: &mut End<'_>) {
    end.must_serve(2);
    let config = end.services.endpoint.as_ref().and_then(|endpoint| endpoint.config.clone()).unwrap_or_default();
    end.must(!end.services.shadow_configs.contains(&config), "the shadow test of version 2 did not end");
    end.must_report("Rollout Succeeded on rollout/churn/2");
}

fn shadow_test_rejected(end: &mut End<'_>) {
    end.must_serve(1);
    end.must_report("Package Rejected on rollout/churn/2");
}

fn operator_rollback(end: &mut End<'_>) {
    // The request may have arrived before either version.
    if end.skipped("churn", 1) || end.has_message("Rollback Refused on asked/churn") {
        return;
    }
    let live = end.live();
    end.must(live.is_some(), "no version is live again");
    end.must(end.services.stages.removals <= 1, "the endpoint was removed more than once");
}

fn paused(end: &mut End<'_>) {
    end.must_have_runs(1);
    end.must_serve(1);
}

/// The flows about verdicts, unless a version was skipped.
fn verdicts(end: &mut End<'_>) {
    if end.skipped("churn", 1) || end.skipped("churn", 2) {
        return;
    }
    match end.flow {
        Flow::SkipsRejected => {
            end.must_serve(1);
            end.must_report("Package Rejected on rollout/churn/3");
        }
        Flow::NotifyOnly => {
            // If a reconcile found the first approval, the versions went out in another order.
            if end.services.lived.starts_with(&[1, 2]) {
                end.must_serve(2);
            }
            end.must_report("Package Rejected on rollout/churn/2");
        }
        Flow::RejectedAfterApproval => end.must_serve(1),
        // Version 2 was approved before it was complete.
        _ => end.must_serve(2),
    }
}
