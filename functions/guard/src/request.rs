//! A resource as the request that creates it describes it, for planning offline.
//!
//! CloudTrail writes each field in lower camel case. A field of an unexpected type counts as missing.

use jiff::Timestamp;
use serde_json::Value;
use trimtab_core::event::{ApiCall, ResourceKind};
use trimtab_core::port::{Activity, ObservedResource};

/// The resource that SageMaker would report after the request; `None` if the request does not describe one in full.
#[allow(clippy::too_many_lines, reason = "one field of the resource after the other")]
pub(crate) fn preview(call: &ApiCall, account: &str, region: &str, at: Timestamp) -> Option<ObservedResource> {
    let resource = call.resource.as_ref().filter(|_| creates(&call.name))?;
    let (kind, request) = (resource.kind, &call.request);
    let name = resource.name.as_str().to_ascii_lowercase();
    let stops = matches!(kind, ResourceKind::Training | ResourceKind::Processing);
    let activity = match kind {
        ResourceKind::Notebook => Activity::Starting,
        _ if stops => Activity::Running,
        _ => Activity::Over,
    };
    let mut actual = ObservedResource {
        arn: format!("arn:aws:sagemaker:{region}:{account}:{}/{name}", kind.in_arn()),
        created: at,
        activity,
        tags: tags(request),
        keys: [].into(),
        vpc: None,
        isolated: None,
        instance_types: texts(request, instances(kind)),
        images: texts(request, images(kind)),
    };
    let there = |pointer: &str| request.pointer(pointer).is_some_and(|value| !value.is_null());
    let yes = |pointer: &str| request.pointer(pointer).and_then(Value::as_bool).unwrap_or(false);
    match kind {
        ResourceKind::Training => {
            actual.keys.insert("volume", there("/resourceConfig/volumeKmsKeyId"));
            actual.keys.insert("output", there("/outputDataConfig/kmsKeyId"));
            actual.vpc = Some(there("/vpcConfig"));
            actual.isolated = Some(yes("/enableNetworkIsolation"));
        }
        ResourceKind::Processing => {
            actual.keys.insert("volume", there("/processingResources/clusterConfig/volumeKmsKeyId"));
            if there("/processingOutputConfig") {
                actual.keys.insert("output", there("/processingOutputConfig/kmsKeyId"));
            }
            actual.vpc = Some(there("/networkConfig/vpcConfig"));
            actual.isolated = Some(yes("/networkConfig/enableNetworkIsolation"));
        }
        ResourceKind::Model => {
            actual.vpc = Some(there("/vpcConfig"));
            actual.isolated = Some(yes("/enableNetworkIsolation"));
        }
        ResourceKind::EndpointConfig => {
            if !actual.instance_types.is_empty() {
                actual.keys.insert("volume", there("/kmsKeyId"));
            }
            if there("/dataCaptureConfig") {
                actual.keys.insert("data capture", there("/dataCaptureConfig/kmsKeyId"));
            }
        }
        ResourceKind::Notebook => {
            let closed = request.get("directInternetAccess").and_then(Value::as_str) == Some("Disabled");
            actual.keys.insert("volume", there("/kmsKeyId"));
            actual.vpc = Some(there("/subnetId") && closed);
        }
        ResourceKind::Endpoint => {}
    }
    Some(actual)
}

/// Whether the request describes the resource in full.
fn creates(call: &str) -> bool {
    call.starts_with("Create") && call != "CreatePresignedNotebookInstanceUrl"
}

/// Paths of the instance types in the request; `*` is each element of a list.
fn instances(kind: ResourceKind) -> &'static [&'static str] {
    match kind {
        ResourceKind::Training => &["resourceConfig.instanceType", "resourceConfig.instanceGroups.*.instanceType"],
        ResourceKind::Processing => &["processingResources.clusterConfig.instanceType"],
        ResourceKind::EndpointConfig => {
            &["productionVariants.*.instanceType", "shadowProductionVariants.*.instanceType"]
        }
        ResourceKind::Notebook => &["instanceType"],
        ResourceKind::Model | ResourceKind::Endpoint => &[],
    }
}

/// Paths of the images in the request.
fn images(kind: ResourceKind) -> &'static [&'static str] {
    match kind {
        ResourceKind::Training => &["algorithmSpecification.trainingImage"],
        ResourceKind::Processing => &["appSpecification.imageUri"],
        ResourceKind::Model => &["primaryContainer.image", "containers.*.image"],
        ResourceKind::EndpointConfig | ResourceKind::Endpoint | ResourceKind::Notebook => &[],
    }
}

fn texts(request: &Value, paths: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for path in paths {
        let mut here = vec![request];
        for step in path.split('.') {
            here = here.into_iter().flat_map(|value| inner(value, step)).collect();
        }
        found.extend(here.into_iter().filter_map(Value::as_str).map(str::to_owned));
    }
    found
}

fn inner<'a>(value: &'a Value, step: &str) -> Vec<&'a Value> {
    if step == "*" { value.as_array().into_iter().flatten().collect() } else { value.get(step).into_iter().collect() }
}

fn tags(request: &Value) -> std::collections::BTreeMap<String, String> {
    let list = request.get("tags").and_then(Value::as_array).into_iter().flatten();
    let text = |tag: &Value, field: &str| tag.get(field).and_then(Value::as_str).map(str::to_owned);
    list.filter_map(|tag| Some((text(tag, "key")?, text(tag, "value")?))).collect()
}
