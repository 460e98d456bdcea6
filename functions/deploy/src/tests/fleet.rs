//! The services of two accounts, and their effects as the reference model names them.

use std::collections::{BTreeMap, VecDeque};

use trimtab_core::event::LifeCycle;

use super::*;

pub(super) const HUB: &str = "123456789012";
pub(super) const STAGING: &str = "210987654321";
pub(super) const MODEL: &str = "loans";

fn version(config: &str) -> &str {
    config.strip_prefix("loans-").unwrap_or(config).split('-').next().unwrap_or_default()
}

pub(super) fn accounts(services: &Services) -> [Services; 2] {
    [HUB, STAGING].map(|id| services.in_account(id))
}

/// The accepted effects since the last time, in order: the account, and the call with its subject.
pub(super) fn take_effects(services: &Services) -> Vec<(String, String)> {
    let mut accepted: BTreeMap<String, VecDeque<EndpointRequest>> = BTreeMap::new();
    for account in accounts(services) {
        let mut state = account.endpoints();
        for model in std::mem::take(&mut state.models) {
            let own = model.role.account() == account.account();
            assert!(own, "the containers' role is of the account that they run in");
        }
        accepted.insert(account.account().to_owned(), std::mem::take(&mut state.updates).into());
    }
    let effect = |line: &String| {
        let (account, call) = line.split_once(' ').filter(|(first, _)| *first == STAGING).unwrap_or((HUB, line));
        let (operation, subject) = call.split_once(' ')?;
        let text = match operation {
            "endpoints.create_model" => format!("CreateModel {}", version(subject)),
            "endpoints.create_config" => format!("CreateEndpointConfig {}", version(subject)),
            "endpoints.create" => format!("CreateEndpoint {}", moved(accepted.get_mut(account)?, subject)?),
            "endpoints.update" => format!("UpdateEndpoint {}", moved(accepted.get_mut(account)?, subject)?),
            "endpoints.delete" => format!("DeleteEndpoint {subject}"),
            "scaling.scale" => format!("PutScalingPolicy {subject}"),
            "scaling.schedule" => format!("PutScheduledActions {subject}"),
            _ => return None,
        };
        Some((account.to_owned(), text))
    };
    services.take_calls().iter().filter_map(effect).collect()
}

/// The next accepted request, if it is for this endpoint; otherwise the call was not accepted.
fn moved(accepted: &mut VecDeque<EndpointRequest>, endpoint: &str) -> Option<String> {
    let request = accepted.pop_front_if(|request| request.endpoint.as_str() == endpoint)?;
    let how = match request.strategy {
        Strategy::AllAtOnce => "at once",
        _ => "in steps",
    };
    Some(format!("{endpoint} {} {how}", version(&request.config)))
}

pub(super) fn lifecycle(stage: &str, status: &str) -> LifeCycle {
    LifeCycle { stage: stage.into(), stage_status: status.into() }
}
