//! The model registry: served by moto, with the validation that moto lacks and the events.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::wire::{ApiError, ApiResult, Input};
use crate::world::{World, lock};

/// The life cycle field of a model package.
const LIFE_CYCLE: &str = "ModelLifeCycle";

/// Rejects a second resource of the same name, which moto would overwrite.
pub(crate) async fn create_once(world: &World, action: &str, input: Input<'_>) -> ApiResult {
    let (describe, field, kind, words) = match action {
        "CreateModel" => ("DescribeModel", "ModelName", "model", "model"),
        _ => ("DescribeEndpointConfig", "EndpointConfigName", "endpoint-config", "endpoint configuration"),
    };
    let name = input.need(field)?;
    if world.backends.sagemaker(describe, &json!({(field): name})).await.is_ok() {
        let arn = world.arn("sagemaker", &format!("{kind}/{}", name.to_lowercase()));
        return Err(ApiError::validation(format!("Cannot create already existing {words} \"{arn}\".")));
    }
    let made = world.backends.sagemaker(action, input.0).await?;
    if let Some(shadows) = input.get("ShadowProductionVariants") {
        lock(&world.sagemaker).shadows.insert(name.to_owned(), json!({"ProductionVariants": shadows}));
    }
    Ok(made)
}

/// Rejects a request whose model does not exist, which moto does not check.
pub(crate) async fn has_model(world: &World, input: Input<'_>) -> Result<(), ApiError> {
    let name = input.need("ModelName")?;
    let found = world.backends.sagemaker("DescribeModel", &json!({"ModelName": name})).await;
    found.map(drop).map_err(|error| {
        if error.code == "InternalFailure" {
            return error;
        }
        let arn = world.arn("sagemaker", &format!("model/{}", name.to_lowercase()));
        ApiError::validation(format!("Could not find model \"{arn}\"."))
    })
}

/// The description from moto, with the shadow variants.
pub(crate) async fn describe_config(world: &World, input: Input<'_>) -> ApiResult {
    let name = input.need("EndpointConfigName")?;
    let mut found = world.backends.sagemaker("DescribeEndpointConfig", input.0).await?;
    // moto returns an empty data capture if none was configured.
    if let Some(fields) = found.as_object_mut() {
        fields.retain(|_, value| value.as_object().is_none_or(|inner| !inner.is_empty()));
    }
    let shadows = lock(&world.sagemaker).shadows.get(name).and_then(|stored| stored.get("ProductionVariants")).cloned();
    if let (Some(shadows), Some(fields)) = (shadows, found.as_object_mut()) {
        fields.insert("ShadowProductionVariants".to_owned(), shadows);
    }
    Ok(found)
}

pub(crate) async fn create_package(world: &Arc<World>, input: Input<'_>) -> ApiResult {
    let response = world.backends.sagemaker("CreateModelPackage", input.0).await?;
    if let Some(arn) = response.get("ModelPackageArn").and_then(Value::as_str) {
        send_event(world, arn, None).await;
    }
    Ok(response)
}

/// Updates a model package. A client token works once. The event lists the changed fields; after a metadata edit of an
/// approved package, it contains `Approved` again.
pub(crate) async fn update_package(world: &Arc<World>, input: Input<'_>) -> ApiResult {
    let arn = input.need("ModelPackageArn")?;
    let token = input.text("ClientToken").map(|token| format!("{arn} {token}"));
    if token.as_ref().is_some_and(|token| lock(&world.sagemaker).package_tokens.contains(token)) {
        return Ok(json!({"ModelPackageArn": arn}));
    }
    let before = describe_package(world, Input(&json!({"ModelPackageName": arn}))).await?;
    let changed: Vec<String> = input.0.as_object().into_iter().flat_map(|fields| fields.keys().cloned()).collect();
    let changed: Vec<String> =
        changed.into_iter().filter(|field| !matches!(field.as_str(), "ModelPackageArn" | "ClientToken")).collect();
    // moto clears fields that the request omits; AWS leaves them unchanged.
    let mut request = input.0.clone();
    for field in ["ModelApprovalStatus", "ApprovalDescription", "CustomerMetadataProperties"] {
        if let (None, Some(was), Some(fields)) = (input.get(field), before.get(field), request.as_object_mut()) {
            fields.insert(field.to_owned(), was.clone());
        }
    }
    // moto has no life cycles.
    let life_cycle = request.as_object_mut().and_then(|fields| fields.remove(LIFE_CYCLE));
    let response = world.backends.sagemaker("UpdateModelPackage", &request).await?;
    {
        let mut state = lock(&world.sagemaker);
        state.package_tokens.extend(token);
        state.life_cycles.extend(life_cycle.map(|of| (arn.to_owned(), of)));
    }
    send_event(world, arn, Some(changed)).await;
    Ok(response)
}

pub(crate) async fn describe_package(world: &World, input: Input<'_>) -> ApiResult {
    let name = input.need("ModelPackageName")?;
    let mut found = world.backends.sagemaker("DescribeModelPackage", input.0).await.map_err(|error| {
        if error.code == "InternalFailure" {
            return error;
        }
        ApiError::validation(format!("ModelPackage {name} does not exist."))
    })?;
    // moto omits the name of a version; AWS returns the name of its group.
    if let Some(fields) = found.as_object_mut()
        && let Some(group) = fields.get("ModelPackageGroupName").cloned()
    {
        fields.entry("ModelPackageName").or_insert(group);
    }
    let life_cycle = lock(&world.sagemaker).life_cycles.get(name).cloned();
    if let (Some(life_cycle), Some(fields)) = (life_cycle, found.as_object_mut()) {
        fields.insert(LIFE_CYCLE.to_owned(), life_cycle);
    }
    Ok(found)
}

/// Sends an event with the current state of the package.
async fn send_event(world: &Arc<World>, arn: &str, changed: Option<Vec<String>>) {
    let Ok(Value::Object(mut detail)) = describe_package(world, Input(&json!({"ModelPackageName": arn}))).await else {
        return;
    };
    // The group name is the second-last part of the ARN.
    let version = arn.rsplit('/').next().and_then(|version| version.parse::<u64>().ok());
    let group = arn.rsplit('/').nth(1).unwrap_or_default().to_owned();
    detail.insert("ModelPackageGroupName".to_owned(), json!(group));
    detail.insert("ModelPackageVersion".to_owned(), json!(version));
    detail.insert("ModelPackageArn".to_owned(), json!(arn));
    if let Some(changed) = changed {
        detail.insert("UpdatedModelPackageFields".to_owned(), json!(changed));
    }
    let detail = detail.into_iter().filter(|(_, value)| !value.is_null()).collect();
    let kind = "SageMaker Model Package State Change";
    world.emit("aws.sagemaker", kind, &[arn.to_owned()], Value::Object(detail)).await;
}
