//! SageMaker: pipelines in `pipelines`, endpoints in `endpoints`, training jobs in `jobs`, processing jobs in `processing`, monitoring schedules in `monitoring`, ML Lineage Tracking in `lineage`, all played here; the model
//! registry in `registry`, which is moto's, with its events and a few corrections.

mod deployment;
mod endpoints;
mod jobs;
mod lineage;
pub(crate) mod monitoring;
mod pipelines;
mod processing;
mod registry;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::lineage::Kind;
use crate::wire::{Answer, Input};
use crate::world::World;

/// What is played here.
#[derive(Debug, Default)]
pub(crate) struct State {
    pipelines: BTreeMap<String, pipelines::Pipeline>,
    executions: Vec<pipelines::Execution>,
    endpoints: BTreeMap<String, endpoints::Endpoint>,
    /// The shadow variants of configurations, as `{"ProductionVariants": …}`; moto does not keep them.
    shadows: BTreeMap<String, serde_json::Value>,
    jobs: BTreeMap<String, jobs::Job>,
    processing: BTreeMap<String, processing::Job>,
    schedules: BTreeMap<String, monitoring::Schedule>,
    executions_of_schedules: Vec<monitoring::Execution>,
    lineage: lineage::Tracked,
    /// The tokens of updates of packages, each after its package.
    package_tokens: BTreeSet<String>,
}

pub(crate) async fn call(world: &Arc<World>, action: &str, input: Input<'_>) -> Option<Answer> {
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
        "CreateEndpoint" => endpoints::create(world, input).await,
        "DescribeEndpoint" => endpoints::describe(world, input),
        "UpdateEndpoint" => endpoints::update(world, input).await,
        "DeleteEndpoint" => endpoints::delete(world, input),
        "ListEndpoints" => endpoints::list(world, input),
        "CreateTrainingJob" => jobs::create(world, input),
        "DescribeTrainingJob" => jobs::describe(world, input),
        "StopTrainingJob" => jobs::stop(world, input),
        "CreateProcessingJob" => processing::create(world, input),
        "DescribeProcessingJob" => processing::describe(world, input),
        "ListProcessingJobs" => processing::list(world, input),
        "StopProcessingJob" => processing::stop(world, input),
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
        "ListTags" => return jobs::tags(world, input).or_else(|| processing::tags(world, input)),
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
