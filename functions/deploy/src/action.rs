//! The calls that a rollout consists of, and what they give.

use serde::Serialize;
use trimtab_core::name::EndpointName;
use trimtab_core::policy::{Autoscaling, CrossAccountRole};
use trimtab_core::port::{
    CodePipelineRequest, EndpointRequest, ModelRequest, ServingRequest, TransformRequest, UpdateAccepted,
};
use trimtab_core::port::{StackAccepted, StackCall, StackRequest};

/// What `deploy` can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action")]
#[allow(missing_docs, reason = "the names are AWS's own; the fields are the ports' requests")]
pub enum Action {
    CreateModel {
        service: &'static str,
        #[serde(flatten)]
        request: ModelRequest,
    },
    CreateEndpointConfig {
        service: &'static str,
        #[serde(flatten)]
        request: ServingRequest,
    },
    CreateEndpoint {
        service: &'static str,
        #[serde(flatten)]
        request: EndpointRequest,
    },
    UpdateEndpoint {
        service: &'static str,
        #[serde(flatten)]
        request: EndpointRequest,
    },
    PutScalingPolicy {
        service: &'static str,
        endpoint: EndpointName,
        #[serde(flatten)]
        limits: Autoscaling,
        #[serde(skip_serializing_if = "Option::is_none")]
        place: Option<CrossAccountRole>,
    },
    PutScheduledActions {
        service: &'static str,
        endpoint: EndpointName,
        #[serde(flatten)]
        limits: Autoscaling,
        #[serde(skip_serializing_if = "Option::is_none")]
        place: Option<CrossAccountRole>,
    },
    DeleteEndpoint {
        service: &'static str,
        endpoint: EndpointName,
        #[serde(skip_serializing_if = "Option::is_none")]
        place: Option<CrossAccountRole>,
    },
    CreateTransformJob {
        service: &'static str,
        #[serde(flatten)]
        request: TransformRequest,
    },
    StartPipelineExecution {
        service: &'static str,
        #[serde(flatten)]
        request: CodePipelineRequest,
    },
    CreateStack {
        service: &'static str,
        #[serde(flatten)]
        request: StackRequest,
    },
    UpdateStack {
        service: &'static str,
        #[serde(flatten)]
        request: StackRequest,
    },
    ContinueUpdateRollback {
        service: &'static str,
        #[serde(flatten)]
        call: StackCall,
    },
    DeleteStack {
        service: &'static str,
        #[serde(flatten)]
        call: StackCall,
    },
}

/// What doing it gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// It is there.
    Made,
    /// The endpoint took the update, or is busy.
    Endpoint(UpdateAccepted),
    /// The pipeline's execution.
    Execution(String),
    /// The stack took the update, has nothing to update, or is busy.
    Stack(StackAccepted),
}
