//! Pushes, pull requests, images and branches, and the evaluation of what was built.

use jiff::SignedDuration;

use super::{Script, approve, hours, minutes, reject};
use crate::script::Flow;
use crate::services::Item;

pub(super) fn script(flow: Flow) -> Option<Script> {
    Some(match flow {
        Flow::Push | Flow::FirstPush | Flow::BuildFails => vec![(hours(0), Item::Push)],
        Flow::Review => vec![(hours(0), Item::OpenPullRequest)],
        Flow::Merged => vec![(hours(0), Item::Merge), (hours(1), Item::Reconcile)],
        Flow::BranchDeleted => vec![(hours(0), Item::DeleteBranch), (hours(1), Item::Reconcile)],
        Flow::PipelineBuild => vec![(hours(0), Item::PushToPipeline)],
        Flow::Image => vec![(hours(0), Item::PushImage)],
        Flow::LineageTracking => vec![(hours(0), Item::Push), (hours(24), approve(1))],
        Flow::Promotion | Flow::TestsFail => vec![(hours(0), Item::Register { version: 1 })],
        Flow::OperatorRejects => vec![(hours(0), Item::Register { version: 1 }), (minutes(5), reject(1))],
        // The rejection falls between a verdict that is not written yet and its retry.
        Flow::OperatorRejectsAfterTests => {
            let after_tests = minutes(11) + SignedDuration::from_secs(30);
            vec![(hours(0), Item::Register { version: 1 }), (after_tests, reject(1))]
        }
        _ => return None,
    })
}
