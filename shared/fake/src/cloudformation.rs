//! CloudFormation stacks.

use std::collections::BTreeMap;

use trimtab_core::event::StackStatus;
use trimtab_core::name::StackName;
use trimtab_core::port::{ObservedStack, PortResult, StackAccepted, StackCall, StackRequest, Stacks};

use crate::services::Services;

/// The stacks, and the requests for them.
#[derive(Debug, Default)]
pub struct State {
    /// By name.
    pub stacks: BTreeMap<String, ObservedStack>,
    /// The accepted calls that change a stack: `create`, `update`, `continue` or `delete`.
    pub accepted: Vec<&'static str>,
    /// Their tokens; a deletion has none here.
    pub tokens: Vec<String>,
    /// Whether an update finds the stack as it should be.
    pub unchanged: bool,
}

impl State {
    fn start(&mut self, call: &'static str, status: &str, request: &StackRequest) -> StackAccepted {
        self.accepted.push(call);
        self.tokens.push(request.token.clone());
        let stack = ObservedStack {
            status: StackStatus::new(status),
            reason: None,
            parameters: request.parameters.clone(),
            changed: None,
        };
        self.stacks.insert(request.stack.to_string(), stack);
        StackAccepted::Started
    }
}

impl Stacks for Services {
    async fn describe(&self, stack: &StackName) -> PortResult<Option<ObservedStack>> {
        self.query("stacks.describe", stack.as_str(), || self.cloudformation().stacks.get(stack.as_str()).cloned())
    }

    async fn create(&self, request: &StackRequest) -> PortResult<StackAccepted> {
        self.effect("stacks.create", request.stack.as_str(), || {
            self.cloudformation().start("create", "CREATE_IN_PROGRESS", request)
        })
    }

    async fn update(&self, request: &StackRequest) -> PortResult<StackAccepted> {
        self.effect("stacks.update", request.stack.as_str(), || {
            let mut state = self.cloudformation();
            match state.unchanged {
                true => StackAccepted::Nothing,
                false => state.start("update", "UPDATE_IN_PROGRESS", request),
            }
        })
    }

    async fn proceed(&self, call: &StackCall) -> PortResult<()> {
        self.effect("stacks.proceed", call.stack.as_str(), || {
            let mut state = self.cloudformation();
            state.accepted.push("continue");
            state.tokens.push(call.token.clone());
        })
    }

    /// The stack remains until the test removes it: a deletion takes minutes.
    async fn delete(&self, call: &StackCall) -> PortResult<()> {
        self.effect("stacks.delete", call.stack.as_str(), || self.cloudformation().accepted.push("delete"))
    }
}
