//! One function over the services, with a ledger and a clock in memory.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::memory::{FixedClock, MemoryLedger, run};
use trimtab_core::plan::Decision;
use trimtab_core::policy::Policy;
use trimtab_core::port::{Clock, PortResult};
use trimtab_core::reactor::{Act, Report, World};

use crate::services::Services;

/// A function with all that it reacts in.
#[derive(Debug)]
pub struct Rig<A> {
    /// The services, which are the bus too.
    pub services: Services,
    /// The ledger, the bus and the clock.
    pub world: World<MemoryLedger, Services, FixedClock>,
    /// The function.
    pub function: A,
}

impl<A> Rig<A> {
    /// These policies in the ledger, empty services, and the function over them.
    pub fn new(
        policies: impl IntoIterator<Item = Policy>,
        now: Timestamp,
        function: impl FnOnce(&Services, &MemoryLedger) -> A,
    ) -> Self {
        let (services, ledger) = (Services::default(), MemoryLedger::with(policies));
        let function = function(&services, &ledger);
        let world = World { ledger, bus: services.clone(), clock: FixedClock::at(now) };
        Self { services, world, function }
    }

    /// The published facts, in order.
    pub fn facts(&self) -> Vec<Fact> {
        self.services.facts()
    }

    /// The kinds of the published facts, in order.
    pub fn published(&self) -> Vec<FactKind> {
        self.services.facts().iter().map(|fact| fact.kind).collect()
    }

    /// The time of the clock.
    pub fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    /// Advances the clock.
    pub fn wait(&self, time: SignedDuration) {
        self.world.clock.set(self.now() + time);
    }

    /// Writes the policy into the ledger.
    pub fn apply(&self, policy: Policy) {
        self.world.ledger.contents().policies.insert(policy.model.clone(), policy);
    }
}

impl<A: Act> Rig<A> {
    /// One reaction; a transient failure returns the event to Lambda.
    ///
    /// # Errors
    /// The transient failure.
    pub fn try_react(&self, event: &Value) -> PortResult<Report> {
        self.react_as(&self.function, event)
    }

    /// One reaction of the function with other ports than the rig's.
    ///
    /// # Errors
    /// The transient failure.
    pub fn react_as<B: Act>(&self, function: &B, event: &Value) -> PortResult<Report> {
        run(self.world.react(function, event)).unwrap()
    }

    /// The report of a reaction without a transient failure.
    pub fn report(&self, event: &Value) -> Report {
        self.try_react(event).unwrap()
    }

    /// The decision, and the code of the first reason.
    pub fn react(&self, event: &Value) -> (Decision, &'static str) {
        let report = self.report(event);
        (report.entry.decision, report.codes[0])
    }
}
