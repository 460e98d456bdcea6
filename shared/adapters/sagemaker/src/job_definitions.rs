//! The definitions of the four kinds of monitoring jobs: four calls with different types. A definition's name is
//! derived from its contents: the same name is the same definition.

use std::collections::HashMap;

use aws_sdk_sagemaker::types::{
    DataQualityAppSpecification, DataQualityBaselineConfig, DataQualityJobInput, EndpointInput,
    ModelBiasAppSpecification, ModelBiasBaselineConfig, ModelBiasJobInput, ModelExplainabilityAppSpecification,
    ModelExplainabilityBaselineConfig, ModelExplainabilityJobInput, ModelQualityAppSpecification,
    ModelQualityBaselineConfig, ModelQualityJobInput, MonitoringClusterConfig, MonitoringConstraintsResource,
    MonitoringGroundTruthS3Input, MonitoringNetworkConfig, MonitoringOutput, MonitoringOutputConfig,
    MonitoringProblemType, MonitoringResources, MonitoringS3Output, MonitoringStatisticsResource,
    MonitoringStoppingCondition, ProcessingInstanceType, ProcessingS3UploadMode, VpcConfig,
};
use trimtab_core::event::DriftKind;
use trimtab_core::policy::monitor::Network;
use trimtab_core::port::PortResult;
use trimtab_core::port::{JobDefinition, MonitoringJob};
use trimtab_runtime::sdk::{code, failure, message};

use crate::{SageMaker, error_messages};

/// The paths of captured data and of reports in the monitoring containers.
const INPUT: &str = "/opt/ml/processing/input/endpoint";
const OUTPUT: &str = "/opt/ml/processing/output";

/// The volume of a job in gigabytes.
pub(crate) const VOLUME: i32 = 30;

/// The time limit of an hourly job: SageMaker allows 1800 s for model quality and bias, 3600 s for the others.
const LONGEST_SECONDS: i32 = 1800;

/// One of the four create calls, with their common parts.
macro_rules! create {
    ($client:expr, $definition:expr, $call:ident, $operation:literal, $baseline:ident: $b:expr, $app:ident: $a:expr, $input:ident: $i:expr, $output:ident) => {{
        let job = &$definition.job;
        let call = $client.$call().job_definition_name(&$definition.name).role_arn(job.role.as_str());
        let call = call.$baseline($b).$app($a).$input($i).$output(output(job));
        let call = call.job_resources(resources(job)).set_network_config(job.network.as_ref().map(network));
        match call.stopping_condition(stopping()).send().await {
            Ok(_) => Ok(()),
            Err(error) if error_messages::is_in_use(code(&error), message(&error)) => Ok(()),
            Err(error) => Err(failure($operation, &error)),
        }
    }};
}

/// One of the four delete calls.
macro_rules! delete {
    ($client:expr, $name:expr, $call:ident, $operation:literal) => {
        match $client.$call().job_definition_name($name).send().await {
            Ok(_) => Ok(()),
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => Ok(()),
            Err(error) => Err(failure($operation, &error)),
        }
    };
}

impl SageMaker {
    pub(crate) async fn create_definition(&self, definition: &JobDefinition) -> PortResult<()> {
        match definition.kind {
            DriftKind::DataQuality => self.create_data_quality(definition).await,
            DriftKind::ModelQuality => self.create_model_quality(definition).await,
            DriftKind::Bias => self.create_bias(definition).await,
            DriftKind::FeatureAttribution => self.create_explainability(definition).await,
        }
    }

    pub(crate) async fn delete_definition(&self, kind: DriftKind, name: &str) -> PortResult<()> {
        match kind {
            DriftKind::DataQuality => {
                delete!(self.0, name, delete_data_quality_job_definition, "sagemaker:DeleteDataQualityJobDefinition")
            }
            DriftKind::ModelQuality => {
                delete!(self.0, name, delete_model_quality_job_definition, "sagemaker:DeleteModelQualityJobDefinition")
            }
            DriftKind::Bias => {
                delete!(self.0, name, delete_model_bias_job_definition, "sagemaker:DeleteModelBiasJobDefinition")
            }
            DriftKind::FeatureAttribution => delete!(
                self.0,
                name,
                delete_model_explainability_job_definition,
                "sagemaker:DeleteModelExplainabilityJobDefinition"
            ),
        }
    }

    async fn create_data_quality(&self, definition: &JobDefinition) -> PortResult<()> {
        let statistics = definition.baseline.statistics.as_ref();
        let statistics = statistics.map(|uri| MonitoringStatisticsResource::builder().s3_uri(uri.as_str()).build());
        let baseline = DataQualityBaselineConfig::builder()
            .constraints_resource(constraints(definition))
            .set_statistics_resource(statistics)
            .build();
        let app = DataQualityAppSpecification::builder()
            .image_uri(&definition.job.image)
            .set_environment(Some(environment()))
            .build();
        let input = DataQualityJobInput::builder().endpoint_input(endpoint(definition)).build();
        create!(
            self.0, definition, create_data_quality_job_definition, "sagemaker:CreateDataQualityJobDefinition",
            data_quality_baseline_config: baseline, data_quality_app_specification: app,
            data_quality_job_input: input, data_quality_job_output_config
        )
    }

    async fn create_model_quality(&self, definition: &JobDefinition) -> PortResult<()> {
        let baseline = ModelQualityBaselineConfig::builder().constraints_resource(constraints(definition)).build();
        let problem = definition.job.problem.map(|problem| MonitoringProblemType::from(problem.as_str()));
        let app = ModelQualityAppSpecification::builder()
            .image_uri(&definition.job.image)
            .set_problem_type(problem)
            .set_environment(Some(environment()))
            .build();
        let input = ModelQualityJobInput::builder()
            .endpoint_input(endpoint(definition))
            .set_ground_truth_s3_input(ground_truth(definition))
            .build();
        create!(
            self.0, definition, create_model_quality_job_definition, "sagemaker:CreateModelQualityJobDefinition",
            model_quality_baseline_config: baseline, model_quality_app_specification: app,
            model_quality_job_input: input, model_quality_job_output_config
        )
    }

    async fn create_bias(&self, definition: &JobDefinition) -> PortResult<()> {
        let baseline = ModelBiasBaselineConfig::builder().constraints_resource(constraints(definition)).build();
        let app = ModelBiasAppSpecification::builder()
            .image_uri(&definition.job.image)
            .set_config_uri(definition.job.config.as_ref().map(ToString::to_string))
            .set_environment(Some(environment()))
            .build();
        let input = ModelBiasJobInput::builder()
            .endpoint_input(endpoint(definition))
            .set_ground_truth_s3_input(ground_truth(definition))
            .build();
        create!(
            self.0, definition, create_model_bias_job_definition, "sagemaker:CreateModelBiasJobDefinition",
            model_bias_baseline_config: baseline, model_bias_app_specification: app,
            model_bias_job_input: input, model_bias_job_output_config
        )
    }

    async fn create_explainability(&self, definition: &JobDefinition) -> PortResult<()> {
        let baseline =
            ModelExplainabilityBaselineConfig::builder().constraints_resource(constraints(definition)).build();
        let app = ModelExplainabilityAppSpecification::builder()
            .image_uri(&definition.job.image)
            .set_config_uri(definition.job.config.as_ref().map(ToString::to_string))
            .set_environment(Some(environment()))
            .build();
        let input = ModelExplainabilityJobInput::builder().endpoint_input(endpoint(definition)).build();
        create!(
            self.0, definition, create_model_explainability_job_definition,
            "sagemaker:CreateModelExplainabilityJobDefinition",
            model_explainability_baseline_config: baseline, model_explainability_app_specification: app,
            model_explainability_job_input: input, model_explainability_job_output_config
        )
    }
}

fn constraints(definition: &JobDefinition) -> MonitoringConstraintsResource {
    MonitoringConstraintsResource::builder().s3_uri(definition.baseline.constraints.as_str()).build()
}

/// The environment that enables CloudWatch metrics. Without it the alarm has no data.
fn environment() -> HashMap<String, String> {
    HashMap::from([("publish_cloudwatch_metrics".to_owned(), "Enabled".to_owned())])
}

fn endpoint(definition: &JobDefinition) -> EndpointInput {
    let labels = definition.labels.as_ref();
    EndpointInput::builder()
        .endpoint_name(definition.endpoint.as_str())
        .local_path(INPUT)
        .set_inference_attribute(definition.inference.clone())
        .set_start_time_offset(labels.map(|labels| labels.from.clone()))
        .set_end_time_offset(labels.map(|labels| labels.until.clone()))
        .build()
}

fn ground_truth(definition: &JobDefinition) -> Option<MonitoringGroundTruthS3Input> {
    let place = definition.labels.as_ref().map(|labels| labels.ground_truth.as_str());
    place.map(|uri| MonitoringGroundTruthS3Input::builder().s3_uri(uri).build())
}

fn output(job: &MonitoringJob) -> MonitoringOutputConfig {
    let place = MonitoringS3Output::builder()
        .s3_uri(job.output.as_str())
        .local_path(OUTPUT)
        .s3_upload_mode(ProcessingS3UploadMode::EndOfJob)
        .build();
    MonitoringOutputConfig::builder()
        .monitoring_outputs(MonitoringOutput::builder().s3_output(place).build())
        .set_kms_key_id(job.kms_key.as_ref().map(ToString::to_string))
        .build()
}

fn resources(job: &MonitoringJob) -> MonitoringResources {
    let cluster = MonitoringClusterConfig::builder()
        .instance_count(1)
        .instance_type(ProcessingInstanceType::from(job.instance_type.as_str()))
        .volume_size_in_gb(VOLUME)
        .set_volume_kms_key_id(job.kms_key.as_ref().map(ToString::to_string))
        .build();
    MonitoringResources::builder().cluster_config(cluster).build()
}

fn network(network: &Network) -> MonitoringNetworkConfig {
    MonitoringNetworkConfig::builder().vpc_config(vpc(network)).build()
}

pub(crate) fn vpc(network: &Network) -> VpcConfig {
    VpcConfig::builder()
        .set_subnets(Some(network.subnets.clone()))
        .set_security_group_ids(Some(network.security_groups.clone()))
        .build()
}

fn stopping() -> MonitoringStoppingCondition {
    MonitoringStoppingCondition::builder().max_runtime_in_seconds(LONGEST_SECONDS).build()
}
