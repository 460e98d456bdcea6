//! CloudFormation stacks.

use std::collections::BTreeMap;
use std::future::Future;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PortResult;
use crate::event::StackStatus;
use crate::name::{RoleArn, StackName, TemplateUrl};
use crate::policy::Capability;

/// A stack to make, or to bring to these parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackRequest {
    /// The stack.
    pub stack: StackName,
    /// Its template.
    pub template: TemplateUrl,
    /// The role that CloudFormation works as.
    pub role: RoleArn,
    /// All its parameters, with the package's ARN.
    pub parameters: BTreeMap<String, String>,
    /// What the template may do to IAM.
    pub capabilities: Vec<Capability>,
    /// `ClientRequestToken`, derived from the package and its attempt.
    pub token: String,
}

/// A stack to be gone on with, or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackCall {
    /// The stack.
    pub stack: StackName,
    /// The role that CloudFormation works as.
    pub role: RoleArn,
    /// `ClientRequestToken`.
    pub token: String,
}

/// A stack as CloudFormation knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedStack {
    /// Its status.
    pub status: StackStatus,
    /// Why it is so, as CloudFormation says. Untrusted text.
    pub reason: Option<String>,
    /// Its parameters.
    pub parameters: BTreeMap<String, String>,
    /// When its last update began, or its creation.
    pub changed: Option<Timestamp>,
}

/// What became of a [`StackRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackAccepted {
    /// CloudFormation took it, or is at it already.
    Started,
    /// The stack is as it was asked to be.
    Nothing,
    /// The stack is in the middle of something else.
    Busy,
}

/// CloudFormation. A token that was taken before counts as done.
pub trait Stacks {
    /// What CloudFormation says of the stack; `None` where there is none.
    fn describe(&self, stack: &StackName) -> impl Future<Output = PortResult<Option<ObservedStack>>> + Send;
    /// `CreateStack`.
    fn create(&self, request: &StackRequest) -> impl Future<Output = PortResult<StackAccepted>> + Send;
    /// `UpdateStack`.
    fn update(&self, request: &StackRequest) -> impl Future<Output = PortResult<StackAccepted>> + Send;
    /// `ContinueUpdateRollback`.
    fn proceed(&self, call: &StackCall) -> impl Future<Output = PortResult<()>> + Send;
    /// `DeleteStack`.
    fn delete(&self, call: &StackCall) -> impl Future<Output = PortResult<()>> + Send;
}
