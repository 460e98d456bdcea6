//! The calls of a rollout, and their outcomes.

use serde::{Serialize, Serializer};
use trimtab_core::name::EndpointName;
use trimtab_core::policy::{Autoscaling, CrossAccountRole};
use trimtab_core::port::{
    CodePipelineRequest, EndpointRequest, ModelRequest, ServingRequest, StackAccepted, StackCall, StackRequest,
    TransformRequest, UpdateAccepted,
};

/// A call of `deploy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(remote = "Self", tag = "action")]
#[allow(missing_docs, reason = "the names are those of AWS, and the fields are the requests of the ports")]
pub enum Action {
    CreateModel {
        #[serde(flatten)]
        request: ModelRequest,
    },
    CreateEndpointConfig {
        #[serde(flatten)]
        request: ServingRequest,
    },
    CreateEndpoint {
        #[serde(flatten)]
        request: EndpointRequest,
    },
    UpdateEndpoint {
        #[serde(flatten)]
        request: EndpointRequest,
    },
    PutScalingPolicy {
        endpoint: EndpointName,
        #[serde(flatten)]
        limits: Autoscaling,
        #[serde(skip_serializing_if = "Option::is_none")]
        account: Option<CrossAccountRole>,
    },
    PutScheduledActions {
        endpoint: EndpointName,
        #[serde(flatten)]
        limits: Autoscaling,
        #[serde(skip_serializing_if = "Option::is_none")]
        account: Option<CrossAccountRole>,
    },
    DeleteEndpoint {
        endpoint: EndpointName,
        #[serde(skip_serializing_if = "Option::is_none")]
        account: Option<CrossAccountRole>,
    },
    CreateTransformJob {
        #[serde(flatten)]
        request: TransformRequest,
    },
    StartPipelineExecution {
        #[serde(flatten)]
        request: CodePipelineRequest,
    },
    CreateStack {
        #[serde(flatten)]
        request: StackRequest,
    },
    UpdateStack {
        #[serde(flatten)]
        request: StackRequest,
    },
    ContinueUpdateRollback {
        #[serde(flatten)]
        call: StackCall,
    },
    DeleteStack {
        #[serde(flatten)]
        call: StackCall,
    },
}

impl Action {
    /// The service that the call goes to, as the AWS SDKs name it.
    #[must_use]
    pub fn service(&self) -> &'static str {
        match self {
            Self::CreateModel { .. }
            | Self::CreateEndpointConfig { .. }
            | Self::CreateEndpoint { .. }
            | Self::UpdateEndpoint { .. }
            | Self::DeleteEndpoint { .. }
            | Self::CreateTransformJob { .. } => "sagemaker",
            Self::PutScalingPolicy { .. } | Self::PutScheduledActions { .. } => "application-autoscaling",
            Self::StartPipelineExecution { .. } => "codepipeline",
            Self::CreateStack { .. }
            | Self::UpdateStack { .. }
            | Self::ContinueUpdateRollback { .. }
            | Self::DeleteStack { .. } => "cloudformation",
        }
    }
}

/// An action as history and `trimtab plan` show it.
#[derive(Serialize)]
struct Shown<'a> {
    service: &'static str,
    #[serde(flatten, serialize_with = "Action::serialize")]
    action: &'a Action,
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Shown { service: self.service(), action: self }.serialize(serializer)
    }
}

/// The outcome of a call that was not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// The call was accepted.
    Accepted,
    /// Whether the endpoint took the update.
    Endpoint(UpdateAccepted),
    /// The ID of the pipeline's execution.
    Execution(String),
    /// Whether the stack took the update.
    Stack(StackAccepted),
}
