//! Endpoints of stages in two accounts, and the operators who promote versions or roll back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use trimtab_core::event::EndpointStatus;
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::{EndpointName, ModelName, StageName};
use trimtab_core::policy::{CrossAccountRole, SmokeTest};
use trimtab_core::port::PortResult;
use trimtab_core::port::{
    Invocations, ObservedEndpoint, SmokeTestResult, StageAccounts, StageClients, StageClientsOf, UpdateAccepted,
};
use trimtab_core::request::{Promote, Promoter, Request, RollBack};

use crate::Site;
use crate::events;
use crate::journal::Happening;
use crate::ports::keyed;
use crate::rules::policy_text::slot;
use crate::services::{Function, Item, Services, Sim};

/// The account of the staging stage.
pub(crate) const STAGING: &str = "210987654321";

/// The time until an operator acts on a message.
const OPERATOR_DELAY: SignedDuration = SignedDuration::from_hours(2);

/// The durations of an update and of a removal.
const UPDATING: SignedDuration = SignedDuration::from_mins(10);
const REMOVING: SignedDuration = SignedDuration::from_mins(5);

/// An endpoint: whether it is in the other account, and its name.
pub(crate) type Slot = (bool, String);

/// The state of the stages.
#[derive(Debug, Clone, Default)]
pub(crate) struct StagesState {
    pub(crate) endpoints: BTreeMap<Slot, ObservedEndpoint>,
    /// The versions that each endpoint was updated to, in order.
    pub(crate) updates: BTreeMap<Slot, Vec<u32>>,
    /// Versions that fail the smoke test.
    pub(crate) failing_smoke_test: BTreeSet<u32>,
    /// The number of removals of the failed endpoint.
    pub(crate) removals: usize,
}

impl Services {
    pub(crate) fn stage_updates(&mut self, slot: Slot, config: &str) -> UpdateAccepted {
        let moving = |actual: &ObservedEndpoint| actual.status != EndpointStatus::InService;
        if let Some(actual) = self.stages.endpoints.get(&slot).filter(|actual| moving(actual)) {
            let at_it = actual.config.as_deref() == Some(config);
            return if at_it { UpdateAccepted::Started } else { UpdateAccepted::Busy };
        }
        let version = self.configs.get(&keyed(account(slot.0), config)).copied().unwrap_or_default();
        self.note(|| format!("{slot:?} takes {config}"));
        self.stages.updates.entry(slot.clone()).or_default().push(version);
        self.record(Happening::Sent { slot: place(&slot), version });
        let actual = ObservedEndpoint {
            status: EndpointStatus::Updating,
            config: Some(config.to_owned()),
            pending: None,
            failure: None,
            modified: Some(self.now),
        };
        self.stages.endpoints.insert(slot.clone(), actual);
        self.after(UPDATING, Item::StageStable(slot));
        UpdateAccepted::Started
    }

    pub(crate) fn stage_is_stable(&mut self, slot: &Slot) {
        let now = self.now;
        let Some(actual) = self.stages.endpoints.get_mut(slot) else { return };
        (actual.status, actual.modified) = (EndpointStatus::InService, Some(now));
        let account = account(slot.0);
        if let Some(version) = self.serves(slot.0, &slot.1) {
            self.record(Happening::Serves { slot: place(slot), version });
        }
        let event = events::stage_endpoint(account, &slot.1, now);
        self.emit(Function::Deploy, true, &event);
    }

    /// The version that the endpoint serves.
    pub(crate) fn serves(&self, other: bool, name: &str) -> Option<u32> {
        let actual = self.stages.endpoints.get(&(other, name.to_owned()))?;
        self.configs.get(&keyed(account(other), actual.config.as_ref()?)).copied()
    }

    /// An operator promotes a version some time after the message that it waits.
    pub(crate) fn operator_reads(&mut self, fact: &Fact, new: bool) {
        if new && fact.kind == FactKind::PromotionPending {
            let version = fact.details.version().unwrap_or_default();
            self.after(OPERATOR_DELAY, Item::Promote { version });
        }
    }

    /// An operator promotes a version of `loans` to production.
    pub(crate) fn operator_promotes(&mut self, version: u32) {
        self.record(Happening::Promoted(version));
        let Ok(stage) = StageName::parse("prod") else { return };
        let by = Promoter::Operator("maya".to_owned());
        self.operator_requests(Request::Promote(Promote { stage, version, by }), "loans");
    }

    /// An operator requests the previous version of `churn`.
    pub(crate) fn operator_rolls_back(&mut self) {
        self.record(Happening::RollbackRequested);
        let roll_back = RollBack { stage: None, version: None, by: "maya".to_owned() };
        self.operator_requests(Request::RollBack(roll_back), "churn");
    }

    fn operator_requests(&mut self, request: Request, model: &str) {
        let Ok(model) = ModelName::parse(model) else { return };
        let fact = request.into_fact(&model, "requested by maya", self.now);
        self.publish(&fact);
    }

    /// The endpoint fails; from now on it accepts only its deletion.
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
            self.stages.removals += 1;
            self.after(REMOVING, Item::EndpointGone);
        }
    }
}

/// The ID of the account.
pub(crate) fn account(other: bool) -> &'static str {
    if other { STAGING } else { events::ACCOUNT }
}

fn place((other, name): &Slot) -> String {
    slot("endpoint", account(*other), name)
}

impl Sim {
    /// The account in which calls are made.
    pub(crate) fn account(&self) -> &'static str {
        account(self.1)
    }

    /// The journal's entry of a call on an endpoint.
    pub(crate) fn touched(&self, site: Site, endpoint: &EndpointName) -> Happening {
        Happening::EndpointCall { site, account: self.account(), endpoint: endpoint.to_string() }
    }

    /// The endpoint of a stage with this name; `None` for the endpoint of the model without stages.
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
            let failing_smoke_test = services
                .serves(elsewhere, &name)
                .is_some_and(|version| services.stages.failing_smoke_test.contains(&version));
            let failed = || SmokeTestResult::Failed("the model answered 500".to_owned());
            Ok(if failing_smoke_test {
                failed()
            } else {
                SmokeTestResult::Passed { took: SignedDuration::from_millis(20) }
            })
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
