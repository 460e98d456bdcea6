//! The model registry: moto's, with AWS's refusals where moto has none, and the events.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::wire::{Answer, Input, Refusal};
use crate::world::{World, lock};

/// The field of a package's life cycle.
const LIFE_CYCLE: &str = "ModelLifeCycle";

/// moto overwrites what AWS refuses to create twice.
pub(crate) async fn create_once(world: &World, action: &str, input: Input<'_>) -> Answer {
    let (describe, field, kind, words) = match action {
        "CreateModel" => ("DescribeModel", "ModelName", "model", "model"),
        _ => ("DescribeEndpointConfig", "EndpointConfigName", "endpoint-config", "endpoint configuration"),
    };
    let name = input.need(field)?;
    if world.backends.sagemaker(describe, &json!({(field): name})).await.is_ok() {
        let arn = world.arn("sagemaker", &format!("{kind}/{}", name.to_lowercase()));
        return Err(Refusal::validation(format!("Cannot create already existing {words} \"{arn}\".")));
    }
    let made = world.backends.sagemaker(action, input.0).await?;
    if let Some(shadows) = input.get("ShadowProductionVariants") {
        lock(&world.sagemaker).shadows.insert(name.to_owned(), json!({"ProductionVariants": shadows}));
    }
    Ok(made)
}

/// Whether the model that the request names is there; moto does not ask.
pub(crate) async fn has_model(world: &World, input: Input<'_>) -> Result<(), Refusal> {
    let name = input.need("ModelName")?;
    let found = world.backends.sagemaker("DescribeModel", &json!({"ModelName": name})).await;
    found.map(drop).map_err(|refusal| {
        if refusal.code == "InternalFailure" {
            return refusal;
        }
        let arn = world.arn("sagemaker", &format!("model/{}", name.to_lowercase()));
        Refusal::validation(format!("Could not find model \"{arn}\"."))
    })
}

/// moto's, with the shadows.
pub(crate) async fn describe_config(world: &World, input: Input<'_>) -> Answer {
    let name = input.need("EndpointConfigName")?;
    let mut found = world.backends.sagemaker("DescribeEndpointConfig", input.0).await?;
    // moto answers with an empty capture where none was asked for.
    if let Some(fields) = found.as_object_mut() {
        fields.retain(|_, value| value.as_object().is_none_or(|inner| !inner.is_empty()));
    }
    let shadows = lock(&world.sagemaker).shadows.get(name).and_then(|kept| kept.get("ProductionVariants")).cloned();
    if let (Some(shadows), Some(fields)) = (shadows, found.as_object_mut()) {
        fields.insert("ShadowProductionVariants".to_owned(), shadows);
    }
    Ok(found)
}

pub(crate) async fn create_package(world: &Arc<World>, input: Input<'_>) -> Answer {
    let answer = world.backends.sagemaker("CreateModelPackage", input.0).await?;
    if let Some(arn) = answer.get("ModelPackageArn").and_then(Value::as_str) {
        tell(world, arn, None).await;
    }
    Ok(answer)
}

/// A token is taken once. An update names what it changed, and a metadata edit of an approved package says `Approved` again.
pub(crate) async fn update_package(world: &Arc<World>, input: Input<'_>) -> Answer {
    let arn = input.need("ModelPackageArn")?;
    let told = input.text("ClientToken").map(|token| format!("{arn} {token}"));
    if told.as_ref().is_some_and(|told| lock(&world.sagemaker).package_tokens.contains(told)) {
        return Ok(json!({"ModelPackageArn": arn}));
    }
    let before = describe_package(world, Input(&json!({"ModelPackageName": arn}))).await?;
    let changed: Vec<String> = input.0.as_object().into_iter().flat_map(|fields| fields.keys().cloned()).collect();
    let changed: Vec<String> =
        changed.into_iter().filter(|field| !matches!(field.as_str(), "ModelPackageArn" | "ClientToken")).collect();
    // moto clears what the request leaves out; AWS leaves it as it is.
    let mut request = input.0.clone();
    for field in ["ModelApprovalStatus", "ApprovalDescription", "CustomerMetadataProperties"] {
        if let (None, Some(was), Some(fields)) = (input.get(field), before.get(field), request.as_object_mut()) {
            fields.insert(field.to_owned(), was.clone());
        }
    }
    // moto has no life cycle.
    let life_cycle = request.as_object_mut().and_then(|fields| fields.remove(LIFE_CYCLE));
    let answer = world.backends.sagemaker("UpdateModelPackage", &request).await?;
    {
        let mut state = lock(&world.sagemaker);
        state.package_tokens.extend(told);
        state.life_cycles.extend(life_cycle.map(|of| (arn.to_owned(), of)));
    }
    tell(world, arn, Some(changed)).await;
    Ok(answer)
}

pub(crate) async fn describe_package(world: &World, input: Input<'_>) -> Answer {
    let name = input.need("ModelPackageName")?;
    let mut found = world.backends.sagemaker("DescribeModelPackage", input.0).await.map_err(|refusal| {
        if refusal.code == "InternalFailure" {
            return refusal;
        }
        Refusal::validation(format!("ModelPackage {name} does not exist."))
    })?;
    // moto leaves the name of a version out, which AWS gives as its group's.
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

/// Sends the package's event as it is now.
async fn tell(world: &Arc<World>, arn: &str, changed: Option<Vec<String>>) {
    let Ok(Value::Object(mut detail)) = describe_package(world, Input(&json!({"ModelPackageName": arn}))).await else {
        return;
    };
    // The registry calls a version's package by its ARN's last part but one.
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
