//! Calls of the SageMaker API, which EventBridge receives from CloudTrail. They require a trail with management events in the
//! account. CloudTrail writes the names of request fields with a lowercase first letter.
//!
//! [doc]: https://docs.aws.amazon.com/sagemaker/latest/dg/logging-using-cloudtrail.html

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{EventError, ResourceKind, fault, name};
use crate::name::ResourceName;
use crate::text::one_line;

/// The field of a request that holds the name of the resource.
fn field(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Training => "trainingJobName",
        ResourceKind::Processing => "processingJobName",
        ResourceKind::Model => "modelName",
        ResourceKind::EndpointConfig => "endpointConfigName",
        ResourceKind::Endpoint => "endpointName",
        ResourceKind::Notebook => "notebookInstanceName",
    }
}

/// The kind of resource that a call changes or opens; `None` for calls that only read.
fn kind_of(call: &str) -> Option<ResourceKind> {
    Some(match call {
        "CreateTrainingJob" | "UpdateTrainingJob" => ResourceKind::Training,
        "CreateProcessingJob" => ResourceKind::Processing,
        "CreateModel" | "DeleteModel" => ResourceKind::Model,
        "CreateEndpointConfig" | "DeleteEndpointConfig" => ResourceKind::EndpointConfig,
        "CreateEndpoint" | "UpdateEndpoint" | "DeleteEndpoint" => ResourceKind::Endpoint,
        "CreateNotebookInstance"
        | "UpdateNotebookInstance"
        | "StartNotebookInstance"
        | "CreatePresignedNotebookInstanceUrl"
        | "DeleteNotebookInstance" => ResourceKind::Notebook,
        _ => return None,
    })
}

/// A resource of this account and region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Resource {
    /// The kind.
    pub kind: ResourceKind,
    /// The name. SageMaker writes it in lowercase in ARNs, and accepts no two names that differ only in case.
    pub name: ResourceName,
}

impl Resource {
    /// The resource of an ARN, if its kind is one that the guard inspects.
    #[must_use]
    pub fn of_arn(arn: &str) -> Option<Self> {
        let rest = arn.strip_prefix("arn:").and_then(|rest| rest.splitn(5, ':').nth(4))?;
        let (word, name) = rest.split_once('/')?;
        let kind = ResourceKind::ALL.into_iter().find(|kind| kind.in_arn() == word)?;
        arn.contains(":sagemaker:").then_some(Self { kind, name: ResourceName::parse(name).ok()? })
    }
}

/// The caller of an API operation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The ARN of the identity, such as a role session or a user.
    pub arn: Option<String>,
    /// The role of a session.
    pub role: Option<String>,
}

impl Caller {
    fn read(identity: &Value) -> Self {
        let text = |pointer: &str| identity.pointer(pointer).and_then(Value::as_str).map(|text| one_line(text, 300));
        Self { arn: text("/arn"), role: text("/sessionContext/sessionIssuer/arn") }
    }

    /// The name of the session or user, for messages. Safe to display.
    #[must_use]
    pub fn name(&self) -> &str {
        let last = self.arn.as_deref().and_then(|arn| arn.rsplit('/').next());
        last.filter(|name| !name.is_empty()).unwrap_or("unknown")
    }
}

/// A call of the SageMaker API.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiCall {
    /// The operation, such as `CreateTrainingJob`.
    pub name: String,
    /// The resource; `None` for a call that the guard ignores.
    pub resource: Option<Resource>,
    /// The error code, if SageMaker refused the call.
    pub error: Option<String>,
    /// The caller.
    pub caller: Caller,
    /// The request. Untrusted: the guard reads the resource from SageMaker instead.
    pub request: Value,
}

impl ApiCall {
    pub(super) fn read(what: &str, detail: &Value) -> Result<Self, EventError> {
        let text = |field: &str| detail.get(field).and_then(Value::as_str).map(|text| one_line(text, 128));
        let called = text("eventName").ok_or_else(|| fault(what, "detail.eventName", "expected text"))?;
        let request = detail.get("requestParameters").cloned().unwrap_or_default();
        // CloudTrail may omit the parameters of a refused request.
        let error = text("errorCode");
        let resource = if error.is_some() { None } else { about(what, &called, &request)? };
        let caller = Caller::read(detail.get("userIdentity").unwrap_or(&Value::Null));
        Ok(Self { name: called, resource, error, caller, request })
    }
}

fn about(what: &str, call: &str, request: &Value) -> Result<Option<Resource>, EventError> {
    let text = |field: &str| {
        let path = format!("detail.requestParameters.{field}");
        let found = request.get(field).and_then(Value::as_str);
        found.map(|text| (path.clone(), text)).ok_or_else(|| fault(what, &path, "expected text"))
    };
    if matches!(call, "AddTags" | "DeleteTags") {
        return Ok(Resource::of_arn(text("resourceArn")?.1));
    }
    let Some(kind) = kind_of(call) else { return Ok(None) };
    let (path, given) = text(field(kind))?;
    // Some operations accept an ARN in place of a name.
    if let Some(resource) = Resource::of_arn(given) {
        return Ok(Some(resource));
    }
    Ok(Some(Resource { kind, name: name(what, &path, given, ResourceName::parse)? }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(detail: &Value) -> Result<ApiCall, EventError> {
        ApiCall::read("AWS API Call via CloudTrail", detail)
    }

    #[test]
    fn a_call_names_its_resource_and_its_caller() {
        let session = "arn:aws:sts::123456789012:assumed-role/data-science/maya";
        let role = "arn:aws:iam::123456789012:role/data-science";
        let call = read(&json!({"eventName": "CreateTrainingJob", "requestParameters": {"trainingJobName": "Churn-1"},
            "userIdentity": {"arn": session, "sessionContext": {"sessionIssuer": {"arn": role}}}}));
        let call = call.unwrap();
        let resource = call.resource.unwrap();
        assert_eq!((resource.kind, resource.name.as_str()), (ResourceKind::Training, "Churn-1"));
        assert_eq!((call.caller.name(), call.caller.role.as_deref()), ("maya", Some(role)));
    }

    #[test]
    fn tags_are_of_the_resource_whose_arn_is_given() {
        let of = |arn: &str| {
            read(&json!({"eventName": "AddTags", "requestParameters": {"resourceArn": arn}})).unwrap().resource
        };
        let found = of("arn:aws:sagemaker:eu-west-1:123456789012:notebook-instance/maya").unwrap();
        assert_eq!((found.kind, found.name.as_str()), (ResourceKind::Notebook, "maya"));
        assert_eq!(of("arn:aws:sagemaker:eu-west-1:123456789012:feature-group/churn"), None);
        assert_eq!(of("arn:aws:s3:::training-job/x"), None);
    }

    #[test]
    fn refused_call_may_lack_parameters_and_others_may_not() {
        let refused =
            read(&json!({"eventName": "CreateModel", "errorCode": "AccessDenied", "requestParameters": null})).unwrap();
        assert_eq!((refused.resource, refused.error.as_deref()), (None, Some("AccessDenied")));
        for request in [json!(null), json!([]), json!({"modelName": 7}), json!({"modelName": "a\u{7}b"})] {
            let error = read(&json!({"eventName": "CreateModel", "requestParameters": request})).unwrap_err();
            assert_eq!(error.path, "detail.requestParameters.modelName", "{request}");
        }
    }

    #[test]
    fn unchecked_call_has_no_resource() {
        assert_eq!(read(&json!({"eventName": "DescribeDomain"})).unwrap().resource, None);
    }
}
