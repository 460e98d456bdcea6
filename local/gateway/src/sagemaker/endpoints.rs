//! SageMaker endpoints: what can be asked of them and what they refuse. How a deployment goes on
//! after it was taken is in [`super::deployment`].

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::deployment;
use crate::wire::{Answer, Input, Refusal, page, time};
use crate::world::{World, lock};

/// An endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(super) name: String,
    /// What it is kept under.
    pub(super) key: String,
    /// The configuration that serves.
    pub(super) config: String,
    /// Its variants, as they are described.
    pub(super) variants: Value,
    pub(super) status: &'static str,
    pub(super) failure: Option<String>,
    /// What is on its way.
    pub(super) pending: Option<Pending>,
    /// The last deployment's configuration, kept unless a new one is sent.
    pub(super) deployment: Option<Value>,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
}

/// A deployment on its way.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(super) config: String,
    pub(super) variants: Value,
    pub(super) since: Timestamp,
}

/// Where an endpoint is kept: under its name, and that of its account where this is another.
pub(crate) fn key(account: Option<&str>, name: &str) -> String {
    account.map_or_else(|| name.to_owned(), |account| format!("{account}/{name}"))
}

pub(crate) async fn create(world: &Arc<World>, account: Option<&str>, input: Input<'_>) -> Answer {
    let (named, config) = (input.need("EndpointName")?, input.need("EndpointConfigName")?);
    let name = key(account, named);
    let name = name.as_str();
    let variants = variants(world, config).await?;
    let now = Timestamp::now();
    {
        let endpoints = &mut lock(&world.sagemaker).endpoints;
        if endpoints.contains_key(name) {
            let arn = arn(world, name);
            return Err(Refusal::validation(format!("Cannot create already existing endpoint \"{arn}\".")));
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

pub(crate) async fn update(world: &Arc<World>, account: Option<&str>, input: Input<'_>) -> Answer {
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
            return Err(Refusal::validation(format!("Cannot update failed endpoint \"{arn}\".")));
        }
        if !matches!(endpoint.status, "InService" | "OutOfService" | "UpdateRollbackFailed") {
            return Err(Refusal::validation(format!("Cannot update in-progress endpoint \"{arn}\".")));
        }
        let guarded = input.get("DeploymentConfig").is_some_and(deployment::is_guarded);
        if guarded && names(&endpoint.variants) != names(&variants) {
            return Err(Refusal::validation(
                "The new endpoint configuration must have the same variant names as the endpoint's own for this deployment.",
            ));
        }
        // Unless it is sent or retained, the last deployment's configuration is dropped.
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

/// It is `Deleting` for a while, and then gone.
pub(crate) fn delete(world: &Arc<World>, account: Option<&str>, input: Input<'_>) -> Answer {
    let name = key(account, input.need("EndpointName")?);
    {
        let endpoints = &mut lock(&world.sagemaker).endpoints;
        let endpoint = endpoints.get_mut(&name).ok_or_else(|| missing(world, &name))?;
        if matches!(endpoint.status, "Creating" | "Updating" | "SystemUpdating" | "RollingBack" | "Deleting") {
            let arn = arn(world, &name);
            return Err(Refusal::validation(format!("Cannot delete in-progress endpoint \"{arn}\".")));
        }
        endpoint.status = "Deleting";
        endpoint.modified = Timestamp::now();
    }
    world.later(deployment::remove(Arc::clone(world), name));
    Ok(json!({}))
}

pub(crate) fn describe(world: &World, account: Option<&str>, input: Input<'_>) -> Answer {
    let endpoint = found(world, &key(account, input.need("EndpointName")?))?;
    let mut answer = Map::from_iter([
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
    answer.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    Ok(Value::Object(answer))
}

pub(crate) fn list(world: &World, account: Option<&str>, input: Input<'_>) -> Answer {
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
    let mut answer = json!({"Endpoints": all.into_iter().map(summary).collect::<Vec<_>>()});
    if let (Some(next), Some(fields)) = (next, answer.as_object_mut()) {
        fields.insert("NextToken".to_owned(), json!(next));
    }
    Ok(answer)
}

/// The endpoint's ARN: in lower case, whatever its name is.
pub(super) fn arn(world: &World, key: &str) -> String {
    let (account, name) = key.split_once('/').unwrap_or((world.config.account.as_str(), key));
    format!("arn:aws:sagemaker:{}:{account}:endpoint/{}", world.config.region, name.to_lowercase())
}

pub(super) fn found(world: &World, name: &str) -> Result<Endpoint, Refusal> {
    lock(&world.sagemaker).endpoints.get(name).cloned().ok_or_else(|| missing(world, name))
}

fn missing(world: &World, name: &str) -> Refusal {
    Refusal::validation(format!("Could not find endpoint \"{}\".", arn(world, name)))
}

/// The variants of a configuration, as an endpoint that serves them describes them.
async fn variants(world: &World, config: &str) -> Result<Value, Refusal> {
    let found = world.backends.sagemaker("DescribeEndpointConfig", &json!({"EndpointConfigName": config})).await;
    let found = found.map_err(|refusal| {
        if refusal.code == "InternalFailure" {
            return refusal;
        }
        let arn = world.arn("sagemaker", &format!("endpoint-config/{}", config.to_lowercase()));
        Refusal::validation(format!("Could not find endpoint configuration \"{arn}\"."))
    })?;
    Ok(described(Input(&found)))
}

/// The variants of a configuration, or its shadows, as an endpoint describes them.
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
