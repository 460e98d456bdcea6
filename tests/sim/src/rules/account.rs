//! Each call is made in the account of its stage, and models have the role that the policy names.

use super::{World, broken, model_of};
use crate::journal::Happening;
use crate::promise::{Promise, Violation};

pub(super) fn holds(world: &World<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for entry in world.journal() {
        let stages = || world.promised.models.values().flat_map(|model| &model.stages);
        match &entry.happening {
            Happening::EndpointCall { site, account, endpoint } => {
                let right = |stage: &super::policy_text::Stage| {
                    stage.endpoint.as_ref() == Some(endpoint) && stage.account == *account
                };
                if !stages().any(right) {
                    let what = format!("{site:?} of {endpoint} was called in account {account}, where no stage has it");
                    found.push(broken(Promise::Account, world.case.flow.model(), entry, what));
                }
            }
            Happening::Made { account, version, role } => {
                let policy = world.policy_of(*version);
                let mut stages = policy.iter().flat_map(|model| &model.stages);
                if !stages.any(|stage| stage.account == *account && stage.role.as_ref() == Some(role)) {
                    let what =
                        format!("a model of version {version} was made in account {account} with the role {role}");
                    found.push(broken(Promise::Account, model_of(*version), entry, what));
                }
            }
            Happening::Sent { slot, version } => {
                let policy = world.policy_of(*version);
                if !policy.iter().flat_map(|model| &model.stages).any(|stage| stage.slot == *slot) {
                    let what = format!("version {version} was sent to {slot}, which its policy does not have");
                    found.push(broken(Promise::Account, model_of(*version), entry, what));
                }
            }
            _ => {}
        }
    }
    found
}
