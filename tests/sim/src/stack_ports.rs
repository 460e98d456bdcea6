//! A CloudFormation stack, and the port to it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use trimtab_core::event::{StackRest, StackStatus};
use trimtab_core::name::{PackageArn, StackName};
use trimtab_core::port::PortResult;
use trimtab_core::port::{ObservedStack, StackAccepted, StackCall, StackRequest, Stacks};

use crate::Site;
use crate::events;
use crate::journal::Happening;
use crate::rules::policy_text::slot;
use crate::services::{Function, Item, Services, Sim};

/// The duration of an operation on the stack.
const WORK: SignedDuration = SignedDuration::from_mins(9);

/// The state of the stack.
#[derive(Debug, Clone, Default)]
pub(crate) struct StackState {
    actual: Option<ObservedStack>,
    /// The parameters before the current update.
    before: BTreeMap<String, String>,
    tokens: BTreeSet<String>,
    /// The number of effects of each call.
    pub(crate) creates: usize,
    pub(crate) updates: usize,
    pub(crate) continues: usize,
    pub(crate) deletes: usize,
}

impl StackState {
    /// The version of the stack; `None` during an operation.
    pub(crate) fn holds(&self) -> Option<u32> {
        let actual = self.actual.as_ref().filter(|actual| actual.status.stable_state() != StackRest::Moving)?;
        version(&actual.parameters)
    }

    fn is(&self, status: &str) -> bool {
        self.actual.as_ref().is_some_and(|actual| actual.status.to_string() == status)
    }
}

fn version(parameters: &BTreeMap<String, String>) -> Option<u32> {
    parameters.get("ModelPackageArn").and_then(|arn| PackageArn::parse(arn).ok()).map(|package| package.version())
}

impl Services {
    /// Starts an operation with this request.
    fn start_operation(&mut self, status: &str, request: &StackRequest) -> StackAccepted {
        if !self.stack.tokens.insert(request.token.clone()) {
            return StackAccepted::Started;
        }
        self.note(|| format!("the stack is {status}"));
        if let Some(version) = version(&request.parameters) {
            self.record(Happening::Sent { slot: slot("stack", events::ACCOUNT, "tariffs-prod"), version });
        }
        let before = self.stack.actual.take().map(|actual| actual.parameters).unwrap_or_default();
        self.stack.before = before;
        self.stack.actual = Some(ObservedStack {
            status: StackStatus::new(status),
            reason: None,
            parameters: request.parameters.clone(),
            changed: Some(self.now),
        });
        self.after(WORK, Item::StackStable);
        StackAccepted::Started
    }

    /// The stack reaches a stable state.
    pub(crate) fn stack_is_stable(&mut self) {
        let Some(actual) = self.stack.actual.clone() else { return };
        let bad = version(&actual.parameters).is_some_and(|version| self.bad.contains(&version));
        let next = match (actual.status.to_string().as_str(), bad) {
            ("CREATE_IN_PROGRESS", false) => "CREATE_COMPLETE",
            ("CREATE_IN_PROGRESS", true) => "ROLLBACK_COMPLETE",
            ("UPDATE_IN_PROGRESS", false) => "UPDATE_COMPLETE",
            ("UPDATE_IN_PROGRESS", true) => "UPDATE_ROLLBACK_FAILED",
            ("UPDATE_ROLLBACK_IN_PROGRESS", _) => "UPDATE_ROLLBACK_COMPLETE",
            ("DELETE_IN_PROGRESS", _) => "DELETE_COMPLETE",
            _ => return,
        };
        self.note(|| format!("the stack is {next}"));
        let place = slot("stack", events::ACCOUNT, "tariffs-prod");
        if let Some(version) = version(&actual.parameters) {
            match next {
                "CREATE_COMPLETE" | "UPDATE_COMPLETE" => self.record(Happening::Serves { slot: place, version }),
                "ROLLBACK_COMPLETE" | "UPDATE_ROLLBACK_FAILED" => {
                    self.record(Happening::Failed { slot: place, version });
                }
                _ => {}
            }
        }
        let parameters =
            if next.starts_with("UPDATE_ROLLBACK") { self.stack.before.clone() } else { actual.parameters };
        let rest = ObservedStack { status: StackStatus::new(next), parameters, ..actual };
        self.stack.actual = (next != "DELETE_COMPLETE").then_some(rest);
        let event = events::stack(next, self.now);
        // CloudFormation's events are not best-effort.
        self.emit(Function::Deploy, false, &event);
    }
}

impl Stacks for Sim {
    async fn describe(&self, _: &StackName) -> PortResult<Option<ObservedStack>> {
        self.call(Site::StacksDescribe, |services| Ok(services.stack.actual.clone())).await
    }

    async fn create(&self, request: &StackRequest) -> PortResult<StackAccepted> {
        let request = request.clone();
        self.call(Site::StacksCreate, move |services| {
            if services.stack.actual.is_some() {
                return Ok(adopt(services, &request));
            }
            services.stack.creates += 1;
            Ok(services.start_operation("CREATE_IN_PROGRESS", &request))
        })
        .await
    }

    async fn update(&self, request: &StackRequest) -> PortResult<StackAccepted> {
        let request = request.clone();
        self.call(Site::StacksUpdate, move |services| {
            let Some(actual) = &services.stack.actual else { return Ok(StackAccepted::Busy) };
            if actual.status.stable_state() == StackRest::Moving {
                return Ok(adopt(services, &request));
            }
            if actual.parameters == request.parameters {
                return Ok(StackAccepted::Nothing);
            }
            services.stack.updates += 1;
            Ok(services.start_operation("UPDATE_IN_PROGRESS", &request))
        })
        .await
    }

    async fn proceed(&self, call: &StackCall) -> PortResult<()> {
        let token = call.token.clone();
        self.call(Site::StacksProceed, move |services| {
            if services.stack.is("UPDATE_ROLLBACK_FAILED") && services.stack.tokens.insert(token) {
                services.stack.continues += 1;
                services.set("UPDATE_ROLLBACK_IN_PROGRESS");
            }
            Ok(())
        })
        .await
    }

    async fn delete(&self, call: &StackCall) -> PortResult<()> {
        let token = call.token.clone();
        self.call(Site::StacksDelete, move |services| {
            if services.stack.is("ROLLBACK_COMPLETE") && services.stack.tokens.insert(token) {
                services.stack.deletes += 1;
                services.set("DELETE_IN_PROGRESS");
            }
            Ok(())
        })
        .await
    }
}

impl Services {
    fn set(&mut self, status: &str) {
        self.note(|| format!("the stack is {status}"));
        if let Some(actual) = &mut self.stack.actual {
            actual.status = StackStatus::new(status);
        }
        self.after(WORK, Item::StackStable);
    }
}

/// Compares the stack's current operation with the request.
fn adopt(services: &Services, request: &StackRequest) -> StackAccepted {
    let actual = services.stack.actual.as_ref();
    let at_it = actual.is_some_and(|actual| {
        actual.parameters == request.parameters && actual.status.stable_state() == StackRest::Moving
    });
    if at_it { StackAccepted::Started } else { StackAccepted::Busy }
}
