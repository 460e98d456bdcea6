//! Verdicts that lead to rollouts and rollbacks, and what happens to the targets meanwhile.

use super::{Script, approve, hours, minutes, reject};
use crate::events::{LEADS, LOANS, SEGMENTS, TARIFFS};
use crate::script::Flow;
use crate::services::Item;

pub(super) fn script(flow: Flow) -> Option<Script> {
    Some(match flow {
        Flow::Rollouts => vec![(hours(0), approve(1)), (minutes(5), approve(2))],
        Flow::CanaryFails => two_versions(1),
        Flow::Rollback => with(two_versions(1), [(hours(12), reject(2))]),
        Flow::NotifyOnly => with(two_versions(1), [(hours(12), reject(2))]),
        Flow::RejectedAfterApproval => with(two_versions(1), [(hours(6) + minutes(1), reject(2))]),
        Flow::ShadowTestRejected => with(two_versions(1), [(hours(18), reject(2))]),
        Flow::CanaryLosesAlarmData => with(two_versions(1), [(hours(6) + minutes(5), Item::LoseAlarmData)]),
        Flow::CanaryWithoutAlarmData => {
            vec![(hours(0), approve(1)), (hours(5), Item::LoseAlarmData), (hours(6), approve(2))]
        }
        Flow::ModelMonitoring => {
            with(two_versions(1), [(hours(12), Item::ReduceMonitoring), (hours(13), Item::Reconcile)])
        }
        Flow::ShadowTest => shadow_test(),
        Flow::SkipsRejected => {
            with(two_versions(1), [(hours(12), approve(3)), (hours(18), reject(2)), (hours(24), reject(3))])
        }
        Flow::Incomplete => incomplete(),
        Flow::Paused => paused(),
        Flow::OperatorRollback => operator_rollback(),
        Flow::Stages => vec![(hours(0), approve(LOANS)), (hours(120), approve(LOANS + 1))],
        Flow::StackCreation | Flow::StackRollbackFails => two_versions(TARIFFS),
        Flow::BatchTransform => with(two_versions(LEADS), [(hours(12), reject(LEADS + 1))]),
        Flow::BatchTransformFails => two_versions(LEADS),
        Flow::CodePipelineExecution | Flow::DeliveryFails => vec![(hours(0), approve(SEGMENTS))],
        Flow::Malformed => vec![(hours(0), Item::Malformed)],
        _ => return None,
    })
}

/// The approvals of a version and, six hours later, of the next one.
fn two_versions(first: u32) -> Script {
    vec![(hours(0), approve(first)), (hours(6), approve(first + 1))]
}

fn with<const N: usize>(mut script: Script, more: [(jiff::SignedDuration, Item); N]) -> Script {
    script.extend(more);
    script
}

fn shadow_test() -> Script {
    vec![
        (hours(0), approve(1)),
        (hours(6), Item::Reconcile),
        (hours(7), approve(2)),
        (hours(20), Item::Reconcile),
        (hours(48), Item::Reconcile),
    ]
}

fn incomplete() -> Script {
    vec![
        (hours(0), approve(1)),
        (hours(6), Item::CreatePackage { version: 2, status: "InProgress" }),
        (hours(7), approve(2)),
        (hours(8), Item::CompletePackage { version: 2 }),
        (hours(12), Item::CreatePackage { version: 3, status: "Failed" }),
        (hours(13), approve(3)),
    ]
}

fn paused() -> Script {
    vec![
        (hours(0), Item::Pause),
        (hours(1), Item::Alarm { name: "churn-prod-data-drift" }),
        (hours(2), approve(1)),
        (hours(3), Item::Reconcile),
        (hours(6), Item::Resume),
    ]
}

fn operator_rollback() -> Script {
    with(
        two_versions(1),
        [
            (hours(30), Item::EndpointFails),
            (hours(31), Item::OperatorRollback),
            (hours(48), Item::Reconcile),
            (hours(60), Item::Reconcile),
            (hours(72), Item::Reconcile),
        ],
    )
}
