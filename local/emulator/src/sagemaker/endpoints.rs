//! The API of SageMaker endpoints with its validation. The course of a deployment is in [`super::deployment`].

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::deployment;
use crate::wire::{ApiError, ApiResult, Input, page, time};
use crate::world::{World, lock};

/// An endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(super) name: String,
    /// The key in the state.
    pub(super) key: String,
    /// The serving configuration.
    pub(super) config: String,
    /// The variants in the format of a description.
    pub(super) variants: Value,
    pub(super) status: &'static str,
    pub(super) failure: Option<String>,
    /// The deployment in progress.
    pub(super) pending: Option<Pending>,
    /// The configuration of the last deployment, retained unless a new one is sent.
    pub(super) deployment: Option<Value>,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
}

/// A deployment in progress.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(super) config: String,
    pub(super) variants: Value,
    pub(super) since: Timestamp,
}

/// The key of an endpoint: its name, with its account if that is another one.
pub(crate) fn key(account: Option<&str>, name: &str) -> String {
    account.map_or_else(|| name.to_owned(), |account| format!("{account}/{name}"))
}

pub(crate) async fn create(world: &Arc<World>, account: Option<&str>, input: Input<'_>) -> ApiResult {
    let (named, config) = (input.need("EndpointName")?, input.need("EndpointConfigName")?);
    let name = key(account, named);
    let name = name.as_str();
    let variants = variants(world, config).await?;
    let now = Timestamp::now();
    {
        let endpoints = &mut lock(&world.sagemaker).endpoints;
        if endpoints.contains_key(name) {
            let arn = arn(world, name);
            return Err(ApiError::validation(format!("Cannot create already existing endpoint \"{arn}\".")));
        }
        let endpoint = Endpoint {
            name: named.to_owned(),
            key: name.to_owned(),
            config: config.to_owned(),
            variants,
            status: "Creating",
            failure: None,
            pending: None,
            deployment: input.get("DeploymentConfig").cloned(),
            created: now,
            modified: now,
        };
        endpoints.insert(name.to_owned(), endpoint);
    }
    world.later(deployment::make(Arc::clone(world), name.to_owned()));
    Ok(json!({"EndpointArn": arn(world, name)}))
}

pub(crate) async fn update(world: &Arc<World>, account: Option<&str>, input: Input<'_>) -> ApiResult {
    let (name, config) = (key(account, input.need("EndpointName")?), input.need("EndpointConfigName")?);
    let name = name.as_str();
    found(world, name)?;
    let variants = variants(world, config).await?;
    let retained = input.get("RetainDeploymentConfig").and_then(Value::as_bool).unwrap_or(false);
    {
        let endpoints = &mut lock(&world.sagemaker).endpoints;
        let endpoint = endpoints.get_mut(name).ok_or_else(|| missing(world, name))?;
        let arn = arn(world, name);
        if endpoint.status == "Failed" {
            return Err(ApiError::validation(format!("Cannot update failed endpoint \"{arn}\".")));
        }
        if !matches!(endpoint.status, "InService" | "OutOfService" | "UpdateRollbackFailed") {
            return Err(ApiError::validation(format!("Cannot update in-progress endpoint \"{arn}\".")));
        }
        let guarded = input.get("DeploymentConfig").is_some_and(deployment::is_guarded);
        if guarded && names(&endpoint.variants) != names(&variants) {
            return Err(ApiError::validation(
                "The new endpoint configuration must have the same variant names as the endpoint's own for this deployment.",
            ));
        }
        // As in AWS, the configuration of the last deployment is dropped unless it is sent or retained.
        endpoint.deployment = match input.get("DeploymentConfig") {
            Some(sent) => Some(sent.clone()),
            None if retained => endpoint.deployment.take(),
            None => None,
        };
        endpoint.status = "Updating";
        endpoint.failure = None;
        endpoint.modified = Timestamp::now();
        endpoint.pending = Some(Pending { config: config.to_owned(), variants, since: endpoint.modified });
    }
    world.later(deployment::replace(Arc::clone(world), name.to_owned()));
    Ok(json!({"EndpointArn": arn(world, name)}))
}

/// Deletes an endpoint, which has status `Deleting` for some time.
pub(crate) fn delete(world: &Arc<World>, account: Option<&str>, input: Input<'_>) -> ApiResult {
    let name = key(account, input.need("EndpointName")?);
    {
        let endpoints = &mut lock(&world.sagemaker).endpoints;
        let endpoint = endpoints.get_mut(&name).ok_or_else(|| missing(world, &name))?;
        if matches!(endpoint.status, "Creating" | "Updating" | "SystemUpdating" | "RollingBack" | "Deleting") {
            let arn = arn(world, &name);
            return Err(ApiError::validation(format!("Cannot delete in-progress endpoint \"{arn}\".")));
        }
        endpoint.status = "Deleting";
        endpoint.modified = Timestamp::now();
    }
    world.later(deployment::remove(Arc::clone(world), name));
    Ok(json!({}))
}

pub(crate) fn describe(world: &World, account: Option<&str>, input: Input<'_>) -> ApiResult {
    let endpoint = found(world, &key(account, input.need("EndpointName")?))?;
    let mut response = Map::from_iter([
        ("EndpointName".to_owned(), json!(endpoint.name)),
        ("EndpointArn".to_owned(), json!(arn(world, &endpoint.key))),
        ("EndpointConfigName".to_owned(), json!(endpoint.config)),
        ("ProductionVariants".to_owned(), endpoint.variants),
        ("EndpointStatus".to_owned(), json!(endpoint.status)),
        ("CreationTime".to_owned(), time(endpoint.created)),
        ("LastModifiedTime".to_owned(), time(endpoint.modified)),
    ]);
    let pending = endpoint.pending.map(|pending| {
        json!({
            "EndpointConfigName": pending.config,
            "ProductionVariants": pending.variants,
            "StartTime": time(pending.since),
        })
    });
    let shadows = lock(&world.sagemaker).shadows.get(&endpoint.config).map(|shadows| described(Input(shadows)));
    let optional = [
        ("ShadowProductionVariants", shadows),
        ("FailureReason", endpoint.failure.map(Value::String)),
        ("LastDeploymentConfig", endpoint.deployment),
        ("PendingDeploymentSummary", pending),
    ];
    response.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    Ok(Value::Object(response))
}

pub(crate) fn list(world: &World, account: Option<&str>, input: Input<'_>) -> ApiResult {
    let state = lock(&world.sagemaker);
    let wanted = input.text("NameContains").unwrap_or_default();
    let mut all: Vec<&Endpoint> = state
        .endpoints
        .values()
        .filter(|endpoint| endpoint.name.contains(wanted) && endpoint.key == key(account, &endpoint.name))
        .collect();
    all.sort_by_key(|endpoint| std::cmp::Reverse(endpoint.created));
    let (all, next) = page(all, input, "MaxResults", "NextToken")?;
    let summary = |endpoint: &Endpoint| {
        json!({
            "EndpointName": endpoint.name,
            "EndpointArn": arn(world, &endpoint.key),
            "EndpointStatus": endpoint.status,
            "CreationTime": time(endpoint.created),
            "LastModifiedTime": time(endpoint.modified),
        })
    };
    let mut response = json!({"Endpoints": all.into_iter().map(summary).collect::<Vec<_>>()});
    if let (Some(next), Some(fields)) = (next, response.as_object_mut()) {
        fields.insert("NextToken".to_owned(), json!(next));
    }
    Ok(response)
}

/// The endpoint's ARN, in which the name is in lower case.
pub(super) fn arn(world: &World, key: &str) -> String {
    let (account, name) = key.split_once('/').unwrap_or((world.config.account.as_str(), key));
    format!("arn:aws:sagemaker:{}:{account}:endpoint/{}", world.config.region, name.to_lowercase())
}

pub(super) fn found(world: &World, name: &str) -> Result<Endpoint, ApiError> {
    lock(&world.sagemaker).endpoints.get(name).cloned().ok_or_else(|| missing(world, name))
}

fn missing(world: &World, name: &str) -> ApiError {
    ApiError::validation(format!("Could not find endpoint \"{}\".", arn(world, name)))
}

/// The production and shadow variants of a configuration in the format of an endpoint description.
async fn variants(world: &World, config: &str) -> Result<Value, ApiError> {
    let found = world.backends.sagemaker("DescribeEndpointConfig", &json!({"EndpointConfigName": config})).await;
    let found = found.map_err(|error| {
        if error.code == "InternalFailure" {
            return error;
        }
        let arn = world.arn("sagemaker", &format!("endpoint-config/{}", config.to_lowercase()));
        ApiError::validation(format!("Could not find endpoint configuration \"{arn}\"."))
    })?;
    Ok(described(Input(&found)))
}

/// The variants in one field of a configuration, in the format of an endpoint description.
fn described(config: Input<'_>) -> Value {
    let one = |variant: Input<'_>| {
        let weight = variant.get("InitialVariantWeight").cloned().unwrap_or_else(|| json!(1.0));
        let mut found = json!({
            "VariantName": variant.text("VariantName"),
            "CurrentWeight": weight,
            "DesiredWeight": weight,
        });
        let count = variant.get("InitialInstanceCount").cloned().unwrap_or_else(|| json!(1));
        let size = match variant.get("ServerlessConfig") {
            Some(config) => [("CurrentServerlessConfig", config.clone()), ("DesiredServerlessConfig", config.clone())],
            None => [("CurrentInstanceCount", count.clone()), ("DesiredInstanceCount", count)],
        };
        if let Some(fields) = found.as_object_mut() {
            fields.extend(size.map(|(name, value)| (name.to_owned(), value)));
        }
        found
    };
    config.list("ProductionVariants").map(one).collect()
}

fn names(variants: &Value) -> Vec<&str> {
    variants.as_array().into_iter().flatten().filter_map(|variant| variant.get("VariantName")?.as_str()).collect()
}
