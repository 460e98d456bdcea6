//! Events as AWS sends them: typed, and lenient where AWS is inconsistent. One file for each source.
//!
//! Unknown sources, detail types, fields and values are accepted. A field that a decision requires is checked: a known event
//! without it is an [`EventError`].

mod cloudformation;
mod cloudtrail;
mod cloudwatch;
mod codebuild;
mod codecommit;
mod codepipeline;
mod ecr;
mod envelope;
mod lenient;
mod run_status;
mod s3;
mod sagemaker;
mod sagemaker_jobs;
mod step_functions;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use cloudformation::{Stack, StackRest, StackStatus};
pub use cloudtrail::{ApiCall, Caller, Resource};
pub use cloudwatch::{Alarm, AlarmMetric, AlarmState, FACET, children, feature};
pub use codebuild::{Build, BuildStatus};
pub use codecommit::{PullRequest, Reference, ReferenceKind};
pub use codepipeline::{CodePipelineExecution, CodePipelineState};
pub use ecr::Image;
pub use envelope::Envelope;
pub use s3::Object;
pub use sagemaker::{Approval, Endpoint, EndpointStatus, LifeCycle, Package, PipelineExecution, RunStatus};
pub use sagemaker_jobs::Job;
pub use step_functions::{ExecutionStatus, StateMachineExecution};
pub use trimtab_names::drift::DriftKind;
pub use trimtab_names::resource::ResourceKind;

use crate::fact::{self, Fact, FactKind};

/// A known kind of event with an unreadable field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed {what}: {path}: {problem}")]
pub struct EventError {
    /// The detail type.
    pub what: String,
    /// The JSON path of the field.
    pub path: String,
    /// The expectation that the field does not meet.
    pub problem: String,
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The part that all events share.
    pub envelope: Envelope,
    /// The part of this kind of event.
    pub body: Body,
}

/// The content of an event.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "each variant is named after the type that it holds")]
pub enum Body {
    Alarm(Alarm),
    Reference(Reference),
    PullRequest(PullRequest),
    Build(Build),
    PipelineExecution(PipelineExecution),
    StateMachineExecution(StateMachineExecution),
    Package(Package),
    Endpoint(Endpoint),
    ProcessingJob(Job),
    TransformJob(Job),
    CodePipelineExecution(CodePipelineExecution),
    Stack(Stack),
    Image(Image),
    Object(Object),
    ApiCall(Box<ApiCall>),
    Scheduled,
    Fact(Fact),
    Unknown,
}

impl Event {
    /// Reads an event.
    ///
    /// # Errors
    /// The envelope is malformed, or the detail of a known kind lacks a required field.
    pub fn parse(value: &Value) -> Result<Self, EventError> {
        let envelope = Envelope::parse(value)?;
        let body = body(&envelope, value.get("detail").unwrap_or(&Value::Null))?;
        Ok(Self { envelope, body })
    }

    /// Whether this version reads events of this source and detail type.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.body != Body::Unknown
    }

    /// Whether the event is periodic: it contains no news, and the next one requests the same. Periodic events are recorded only if
    /// they cause a change, and are never dead-lettered.
    #[must_use]
    pub fn is_routine(&self) -> bool {
        match &self.body {
            Body::Scheduled => true,
            Body::Fact(fact) => {
                matches!(
                    fact.kind,
                    FactKind::ReconcileRequested
                        | FactKind::StageReconcileRequested
                        | FactKind::BuildRequested
                        | FactKind::EvaluationRequested
                        | FactKind::MonitoringRequested
                        | FactKind::ImageRequested
                )
            }
            _ => false,
        }
    }

    /// Whether the event is of a high-volume kind, which is recorded only if it causes a change: an object in S3, a monitoring
    /// run.
    #[must_use]
    pub fn is_one_of_many(&self) -> bool {
        match &self.body {
            Body::Object(_) => true,
            Body::ProcessingJob(job) => job.is_of_a_monitor(),
            _ => false,
        }
    }

    /// Whether the event is only counted, and causes no action by itself. It is counted during a pause, too.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        matches!(self.body, Body::Object(_))
    }

    /// Whether the event requests a reconciliation.
    #[must_use]
    pub fn is_reconcile_request(&self) -> bool {
        let kinds = [FactKind::ReconcileRequested, FactKind::StageReconcileRequested];
        matches!(&self.body, Body::Fact(fact) if kinds.contains(&fact.kind))
    }
}

fn body(envelope: &Envelope, detail: &Value) -> Result<Body, EventError> {
    let kind = envelope.detail_type.as_str();
    Ok(match (envelope.source.as_str(), kind) {
        ("aws.cloudwatch", "CloudWatch Alarm State Change") => {
            let arn = envelope.resources.first().map_or("", String::as_str);
            Body::Alarm(Alarm::read(kind, arn, detail)?)
        }
        ("aws.codecommit", "CodeCommit Repository State Change") => Body::Reference(Reference::read(kind, detail)?),
        ("aws.codecommit", "CodeCommit Pull Request State Change") => {
            Body::PullRequest(PullRequest::read(kind, detail)?)
        }
        ("aws.codebuild", "CodeBuild Build State Change") => Body::Build(Build::read(kind, detail)?),
        ("aws.codepipeline", "CodePipeline Pipeline Execution State Change") => {
            Body::CodePipelineExecution(CodePipelineExecution::read(kind, detail)?)
        }
        ("aws.cloudformation", "CloudFormation Stack Status Change") => Body::Stack(Stack::read(kind, detail)?),
        ("aws.states", "Step Functions Execution Status Change") => Body::StateMachineExecution(read(kind, detail)?),
        ("aws.ecr", "ECR Image Action") => Body::Image(Image::read(kind, detail)?),
        ("aws.s3", "Object Created") => Body::Object(Object::read(kind, detail)?),
        ("aws.events", "Scheduled Event") => Body::Scheduled,
        ("aws.sagemaker", "AWS API Call via CloudTrail") => Body::ApiCall(Box::new(ApiCall::read(kind, detail)?)),
        ("aws.sagemaker", _) => sagemaker::body(kind, detail)?,
        (fact::SOURCE, _) => match FactKind::parse(kind) {
            Some(known) => Body::Fact(Fact { kind: known, ..read(kind, detail)? }),
            None => Body::Unknown,
        },
        _ => Body::Unknown,
    })
}

/// Reads a detail; an error names the JSON path and the expectation.
pub(crate) fn read<T: DeserializeOwned>(what: &str, detail: &Value) -> Result<T, EventError> {
    serde_path_to_error::deserialize(detail).map_err(|error| {
        let path = format!("detail.{}", error.path());
        fault(what, &path, &error.inner().to_string())
    })
}

/// An error; each of its parts is cut to one line of 160 characters, since the event is untrusted.
pub(crate) fn fault(what: &str, path: &str, problem: &str) -> EventError {
    let line = |text: &str| crate::text::one_line(text, 160);
    EventError { what: line(what), path: line(path), problem: line(problem) }
}

/// A checked name; an error names its JSON path.
pub(crate) fn name<T>(
    what: &str,
    path: &str,
    text: &str,
    parse: fn(&str) -> Result<T, crate::name::NameError>,
) -> Result<T, EventError> {
    parse(text).map_err(|error| fault(what, path, &error.to_string()))
}

#[cfg(test)]
mod tests;
