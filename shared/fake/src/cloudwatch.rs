//! CloudWatch alarms.

use std::collections::BTreeMap;

use trimtab_core::event::AlarmState;
use trimtab_core::name::{AlarmArn, AlarmName};
use trimtab_core::port::{AlarmRequest, AlarmWrites, Alarms, ObservedAlarm, PortResult};

use crate::services::{HOME, Services};

/// The alarms.
#[derive(Debug, Default)]
pub struct State {
    /// By name.
    pub alarms: BTreeMap<String, ObservedAlarm>,
    /// The requests of the alarms that Trimtab put, by name.
    pub put: BTreeMap<String, AlarmRequest>,
    /// The state of each alarm that is not in `alarms`; `None` if there is no such alarm.
    pub others: Option<AlarmState>,
}

/// A metric alarm in this state, without a kind of drift, in [`HOME`].
///
/// # Panics
/// The name is not valid.
#[must_use]
pub fn alarm(name: &str, state: AlarmState) -> ObservedAlarm {
    in_account(HOME, &AlarmName::parse(name).unwrap(), state)
}

fn in_account(account: &str, name: &AlarmName, state: AlarmState) -> ObservedAlarm {
    ObservedAlarm {
        arn: AlarmArn::parse(&format!("arn:aws:cloudwatch:eu-west-1:{account}:alarm:{name}")).unwrap(),
        name: name.clone(),
        state,
        since: None,
        drift: None,
        features: vec![],
        children: vec![],
        suppressed: false,
    }
}

impl Alarms for Services {
    async fn describe(&self, alarms: &[AlarmName]) -> PortResult<Vec<ObservedAlarm>> {
        assert!(!alarms.is_empty(), "CloudWatch describes all alarms if a call names none");
        assert!(alarms.len() <= 100, "CloudWatch takes at most 100 names");
        let names: Vec<&str> = alarms.iter().map(AlarmName::as_str).collect();
        self.query("alarms.describe", &names.join(","), || {
            let state = self.cloudwatch();
            let other = |name: &AlarmName| state.others.clone().map(|others| in_account(self.account(), name, others));
            let known = |name: &AlarmName| state.alarms.get(name.as_str()).cloned().or_else(|| other(name));
            alarms.iter().filter_map(known).collect()
        })
    }
}

impl AlarmWrites for Services {
    /// A new alarm has the state `OK`.
    async fn put(&self, request: &AlarmRequest) -> PortResult<()> {
        self.effect("alarms.put", request.name.as_str(), || {
            let mut state = self.cloudwatch();
            state.put.insert(request.name.to_string(), request.clone());
            let new = in_account(self.account(), &request.name, AlarmState::Ok);
            state.alarms.entry(request.name.to_string()).or_insert(new);
        })
    }

    async fn delete(&self, name: &AlarmName) -> PortResult<()> {
        self.effect("alarms.delete", name.as_str(), || {
            let mut state = self.cloudwatch();
            state.put.remove(name.as_str());
            state.alarms.remove(name.as_str());
        })
    }
}
