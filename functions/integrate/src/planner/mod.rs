//! The control flow of the decisions: one file for each aggregate.

use trimtab_core::policy::Policy;

use crate::action::Plan;
use crate::reason::Code;

pub(crate) mod branch_snapshot;
pub(crate) mod commit_build;
pub(crate) mod execution;
pub(crate) mod merge;
pub(crate) mod pull_request_build;
pub(crate) mod training_image;

fn branch_not_configured(policy: &Policy) -> Plan {
    let text = format!("this branch is not in integrate.branches of {}: nothing is built from it", policy.model);
    Plan::skip(Code::BranchNotConfigured, text)
}

fn no_pull_requests(policy: &Policy) -> Plan {
    let text = format!("the policy of {} has no integrate.pull_requests: pull requests are not built", policy.model);
    Plan::skip(Code::Off, text)
}

fn no_such_build() -> Plan {
    let text = "the builder does not know this build: the event is forged, or the build was deleted";
    Plan::fail(Code::NoSuchBuild, text)
}

fn no_such_pull_request() -> Plan {
    let text = "CodeCommit does not know this pull request: the event is forged, or the pull request was deleted";
    Plan::fail(Code::NoSuchPullRequest, text)
}
