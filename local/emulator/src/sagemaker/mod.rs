//! SageMaker: emulated pipelines, endpoints, jobs, monitoring schedules and lineage, one module each. The model registry is
//! served by moto; `registry` adds its events and corrects some responses.

mod batch;
mod deployment;
mod endpoints;
mod jobs;
mod lineage;
pub(crate) mod monitoring;
mod pipelines;
mod registry;
pub(crate) mod runtime;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::lineage::Kind;
use crate::wire::{ApiResult, Input};
use crate::world::{World, lock};

/// The state of the emulated part of SageMaker.
#[derive(Debug, Default)]
pub(crate) struct State {
    pipelines: BTreeMap<String, pipelines::Pipeline>,
    executions: Vec<pipelines::Execution>,
    endpoints: BTreeMap<String, endpoints::Endpoint>,
    /// The shadow variants of configurations, as `{"ProductionVariants": …}`; moto does not store them.
    shadows: BTreeMap<String, serde_json::Value>,
    jobs: BTreeMap<String, jobs::Job>,
    batch: BTreeMap<(batch::Kind, String), batch::Job>,
    schedules: BTreeMap<String, monitoring::Schedule>,
    executions_of_schedules: Vec<monitoring::Execution>,
    lineage: lineage::Tracked,
    /// The used client tokens of model package updates, prefixed with the package.
    package_tokens: BTreeSet<String>,
    /// The life cycles of model packages, by ARN; moto has none.
    life_cycles: BTreeMap<String, serde_json::Value>,
}

/// Sets the status of an endpoint; false if it does not exist.
pub(crate) fn set_status(world: &World, account: Option<&str>, name: &str, status: &str) -> bool {
    let known = ["OutOfService", "UpdateRollbackFailed", "Failed"].into_iter().find(|known| *known == status);
    let mut state = lock(&world.sagemaker);
    let endpoint = state.endpoints.get_mut(&endpoints::key(account, name));
    endpoint.zip(known).map(|(endpoint, status)| endpoint.status = status).is_some()
}

/// Handles a call; `None` forwards it. `account` is the account of the caller if it differs from the configured one:
/// endpoints are separate for each account.
#[allow(clippy::too_many_lines, reason = "one arm for each operation")]
pub(crate) async fn call(
    world: &Arc<World>,
    account: Option<&str>,
    action: &str,
    input: Input<'_>,
) -> Option<ApiResult> {
    Some(match action {
        "CreatePipeline" => pipelines::create(world, input),
        "UpdatePipeline" => pipelines::update(world, input),
        "DescribePipeline" => pipelines::describe(world, input),
        "DeletePipeline" => pipelines::delete(world, input),
        "StartPipelineExecution" => pipelines::start(world, input),
        "DescribePipelineExecution" => pipelines::describe_execution(world, input),
        "ListPipelineExecutions" => pipelines::list_executions(world, input),
        "ListPipelineParametersForExecution" => pipelines::parameters(world, input),
        "StopPipelineExecution" => pipelines::stop(world, input),
        "CreateEndpoint" => endpoints::create(world, account, input).await,
        "DescribeEndpoint" => endpoints::describe(world, account, input),
        "UpdateEndpoint" => endpoints::update(world, account, input).await,
        "DeleteEndpoint" => endpoints::delete(world, account, input),
        "ListEndpoints" => endpoints::list(world, account, input),
        "CreateTrainingJob" => jobs::create(world, input),
        "DescribeTrainingJob" => jobs::describe(world, input),
        "StopTrainingJob" => jobs::stop(world, input),
        "CreateProcessingJob" => batch::create(world, batch::Kind::Processing, input),
        "DescribeProcessingJob" => batch::describe(world, batch::Kind::Processing, input),
        "ListProcessingJobs" => batch::list(world, batch::Kind::Processing, input),
        "StopProcessingJob" => batch::stop(world, batch::Kind::Processing, input),
        "CreateTransformJob" => match registry::has_model(world, input).await {
            Ok(()) => batch::create(world, batch::Kind::Transform, input),
            Err(error) => Err(error),
        },
        "DescribeTransformJob" => batch::describe(world, batch::Kind::Transform, input),
        "ListTransformJobs" => batch::list(world, batch::Kind::Transform, input),
        "StopTransformJob" => batch::stop(world, batch::Kind::Transform, input),
        "CreateDataQualityJobDefinition"
        | "CreateModelQualityJobDefinition"
        | "CreateModelBiasJobDefinition"
        | "CreateModelExplainabilityJobDefinition" => monitoring::define(world, action, input).await,
        "CreateMonitoringSchedule" => monitoring::create(world, input).await,
        "UpdateMonitoringSchedule" => monitoring::update(world, input).await,
        "DescribeMonitoringSchedule" => monitoring::describe(world, input),
        "DeleteMonitoringSchedule" => monitoring::delete(world, input),
        "StopMonitoringSchedule" => monitoring::switch(world, input, "Stopped"),
        "StartMonitoringSchedule" => monitoring::switch(world, input, "Scheduled"),
        "ListMonitoringSchedules" => monitoring::list(world, input),
        "ListMonitoringExecutions" => monitoring::list_executions(world, input),
        "ListTags" => return jobs::tags(world, input).or_else(|| batch::tags(world, input)),
        "AddTags" => return jobs::add_tags(world, input),
        "CreateArtifact" => lineage::create(world, Kind::Artifact, input),
        "CreateAction" => lineage::create(world, Kind::Action, input),
        "CreateContext" => lineage::create(world, Kind::Context, input),
        "DescribeArtifact" => lineage::describe(world, Kind::Artifact, input),
        "DescribeAction" => lineage::describe(world, Kind::Action, input),
        "DescribeContext" => lineage::describe(world, Kind::Context, input),
        "UpdateAction" => lineage::update_action(world, input),
        "ListArtifacts" => lineage::list(world, Kind::Artifact, input),
        "ListActions" => lineage::list(world, Kind::Action, input),
        "ListContexts" => lineage::list(world, Kind::Context, input),
        "AddAssociation" => lineage::associate(world, input),
        "ListAssociations" => lineage::associations(world, input),
        "CreateModel" | "CreateEndpointConfig" => registry::create_once(world, action, input).await,
        "DescribeEndpointConfig" => registry::describe_config(world, input).await,
        "CreateModelPackage" => registry::create_package(world, input).await,
        "UpdateModelPackage" => registry::update_package(world, input).await,
        "DescribeModelPackage" => registry::describe_package(world, input).await,
        _ => return None,
    })
}
