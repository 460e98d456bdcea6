//! Endpoints of stages, in this account and in another, and the people who let versions in or go back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use trimtab_core::event::EndpointStatus;
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::{EndpointName, ModelName};
use trimtab_core::policy::{CrossAccountRole, SmokeTest};
use trimtab_core::port::PortResult;
use trimtab_core::port::{
    Invocations, ObservedEndpoint, SmokeTestResult, StageAccounts, StageClients, StageClientsOf, UpdateAccepted,
};

use crate::Site;
use crate::events;
use crate::journal::Deed;
use crate::ports::keyed;
use crate::rules::promised::slot;
use crate::services::{Function, Item, Services, Sim};

/// The other account.
pub(crate) const STAGING: &str = "210987654321";

/// How long a person takes to read a message and act.
const READING: SignedDuration = SignedDuration::from_hours(2);

/// How long an update, or a removal, lasts.
const UPDATING: SignedDuration = SignedDuration::from_mins(10);
const REMOVING: SignedDuration = SignedDuration::from_mins(5);

/// An endpoint: whether it is in the other account, and its name.
pub(crate) type Slot = (bool, String);

/// What there is of stages.
#[derive(Debug, Clone, Default)]
pub(crate) struct Staged {
    pub(crate) endpoints: BTreeMap<Slot, ObservedEndpoint>,
    /// What each was asked to take, in order.
    pub(crate) updates: BTreeMap<Slot, Vec<u32>>,
    /// Versions that do not answer as they must.
    pub(crate) dumb: BTreeSet<u32>,
    /// How often the failed endpoint was removed.
    pub(crate) removals: usize,
}

impl Services {
    pub(crate) fn stage_updates(&mut self, slot: Slot, config: &str) -> UpdateAccepted {
        let moving = |actual: &ObservedEndpoint| actual.status != EndpointStatus::InService;
        if let Some(actual) = self.staged.endpoints.get(&slot).filter(|actual| moving(actual)) {
            let at_it = actual.config.as_deref() == Some(config);
            return if at_it { UpdateAccepted::Started } else { UpdateAccepted::Busy };
        }
        let version = self.configs.get(&keyed(account(slot.0), config)).copied().unwrap_or_default();
        self.note(|| format!("{slot:?} takes {config}"));
        self.staged.updates.entry(slot.clone()).or_default().push(version);
        self.record(Deed::Sent { slot: place(&slot), version });
        let actual = ObservedEndpoint {
            status: EndpointStatus::Updating,
            config: Some(config.to_owned()),
            pending: None,
            failure: None,
            modified: Some(self.now),
        };
        self.staged.endpoints.insert(slot.clone(), actual);
        self.after(UPDATING, Item::StageRests(slot));
        UpdateAccepted::Started
    }

    pub(crate) fn stage_rests(&mut self, slot: &Slot) {
        let now = self.now;
        let Some(actual) = self.staged.endpoints.get_mut(slot) else { return };
        (actual.status, actual.modified) = (EndpointStatus::InService, Some(now));
        let account = account(slot.0);
        if let Some(version) = self.serves(slot.0, &slot.1) {
            self.record(Deed::Serves { slot: place(slot), version });
        }
        let event = events::stage_endpoint(account, &slot.1, now);
        self.emit(Function::Deploy, true, &event);
    }

    /// The version that serves there.
    pub(crate) fn serves(&self, other: bool, name: &str) -> Option<u32> {
        let actual = self.staged.endpoints.get(&(other, name.to_owned()))?;
        self.configs.get(&keyed(account(other), actual.config.as_ref()?)).copied()
    }

    /// A person reads that a version waits, and lets it in.
    pub(crate) fn read_by_a_person(&mut self, fact: &Fact, new: bool) {
        if new && fact.kind == FactKind::PromotionPending {
            let version = fact.details.get("version").and_then(|version| version.parse().ok()).unwrap_or_default();
            self.after(READING, Item::Promote { version });
        }
    }

    pub(crate) fn person_asks(&mut self, item: &Item) {
        let (kind, model, details) = match item {
            Item::Promote { version } => {
                let details = vec![("stage", "prod".to_owned()), ("version", version.to_string())];
                (FactKind::PromotionRequested, "loans", details)
            }
            _ => (FactKind::RollbackRequested, "churn", vec![]),
        };
        let details = details.into_iter().chain([("by", "maya".to_owned())]);
        let fact = Fact {
            kind,
            version: 1,
            model: ModelName::parse(model).ok(),
            dedup_key: format!("asked/{model}/{}", self.now),
            at: self.now,
            reasons: vec![],
            details: details.map(|(name, value)| (name.to_owned(), value)).collect(),
        };
        self.publish(&fact);
    }

    /// The endpoint fails: nothing but its removal is taken any more.
    pub(crate) fn endpoint_fails(&mut self) {
        let now = self.now;
        if let Some(endpoint) = &mut self.endpoint {
            (endpoint.status, endpoint.modified, endpoint.pending) = (EndpointStatus::Failed, Some(now), None);
        }
    }

    pub(crate) fn remove_endpoint(&mut self) {
        let gone = self.endpoint.as_ref().is_none_or(|endpoint| endpoint.status == EndpointStatus::Deleting);
        if let (false, Some(endpoint)) = (gone, &mut self.endpoint) {
            endpoint.status = EndpointStatus::Deleting;
            self.staged.removals += 1;
            self.after(REMOVING, Item::EndpointGone);
        }
    }
}

/// The account's number.
pub(crate) fn account(other: bool) -> &'static str {
    if other { STAGING } else { events::ACCOUNT }
}

fn place((other, name): &Slot) -> String {
    slot("endpoint", account(*other), name)
}

impl Sim {
    /// The account that calls are made in.
    pub(crate) fn account(&self) -> &'static str {
        account(self.1)
    }

    /// That an endpoint is touched from here.
    pub(crate) fn touched(&self, site: Site, endpoint: &EndpointName) -> Deed {
        Deed::Touched { site, account: self.account(), endpoint: endpoint.to_string() }
    }

    /// The stage's endpoint of this name; `None` for the one endpoint of the model without stages.
    pub(crate) fn slot(&self, endpoint: &EndpointName) -> Option<Slot> {
        (self.1 || endpoint.as_str() != events::PROD).then(|| (self.1, endpoint.to_string()))
    }
}

impl Invocations for Sim {
    async fn invoke(&self, endpoint: &EndpointName, _: &SmokeTest) -> PortResult<SmokeTestResult> {
        let (elsewhere, name) = (self.1, endpoint.to_string());
        let touched = self.touched(Site::InvocationsInvoke, endpoint);
        self.call(Site::InvocationsInvoke, move |services| {
            services.record(touched);
            let dumb = services.serves(elsewhere, &name).is_some_and(|version| services.staged.dumb.contains(&version));
            let failed = || SmokeTestResult::Failed("the model answered 500".to_owned());
            Ok(if dumb { failed() } else { SmokeTestResult::Passed { took: SignedDuration::from_millis(20) } })
        })
        .await
    }
}

impl StageAccounts for Sim {
    type Endpoints = Self;
    type Transforms = Self;
    type Scaling = Self;
    type Alarms = Self;
    type Invocations = Self;

    async fn clients_for(&self, account: Option<&CrossAccountRole>) -> PortResult<StageClientsOf<Self>> {
        let mut there = self.clone();
        there.1 = account.is_some_and(|account| account.role.account() == STAGING);
        self.call(Site::StageAccountsClientsFor, |_| Ok(())).await?;
        let client = || there.clone();
        Ok(StageClients {
            endpoints: client(),
            transforms: client(),
            scaling: client(),
            alarms: client(),
            invocations: client(),
        })
    }
}
