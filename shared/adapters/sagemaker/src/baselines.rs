//! Baselines: read from the Model Registry, or computed by a processing job.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_sagemaker::types::{
    AppSpecification, DriftCheckBaselines, MetricsSource, NetworkConfig, ProcessingClusterConfig, ProcessingInput,
    ProcessingInstanceType, ProcessingOutput, ProcessingOutputConfig, ProcessingResources, ProcessingS3DataType,
    ProcessingS3Input, ProcessingS3InputMode, ProcessingS3Output, ProcessingS3UploadMode, ProcessingStoppingCondition,
};
use trimtab_core::event::DriftKind;
use trimtab_core::name::{PackageArn, S3Uri};
use trimtab_core::port::PortResult;
use trimtab_core::port::{Baseline, BaselineRequest, ObservedBaseline};
use trimtab_runtime::sdk::{code, failure, message};

use crate::job_definitions::{VOLUME, vpc};
use crate::{SageMaker, error_messages};

/// The path of the data set for Model Monitor's analyzer.
const DATASET: &str = "/opt/ml/processing/input/baseline_dataset_input";
/// The paths of Clarify's configuration, `analysis_config.json`, and of the data set.
const CLARIFY_CONFIG: &str = "/opt/ml/processing/input/config";
const CLARIFY_DATASET: &str = "/opt/ml/processing/input/data";
const OUTPUT: &str = "/opt/ml/processing/output";

/// The time limit of a baseline job.
const LONGEST_SECONDS: i32 = 4 * 3600;

impl SageMaker {
    pub(crate) async fn registered_baselines(&self, package: &PackageArn) -> PortResult<BTreeMap<DriftKind, Baseline>> {
        match self.0.describe_model_package().model_package_name(package.as_str()).send().await {
            Ok(found) => Ok(found.drift_check_baselines().map(read).unwrap_or_default()),
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => Ok(BTreeMap::new()),
            Err(error) => Err(failure("sagemaker:DescribeModelPackage", &error)),
        }
    }

    pub(crate) async fn baseline_truth(&self, name: &str) -> PortResult<Option<ObservedBaseline>> {
        let found = match self.0.describe_processing_job().processing_job_name(name).send().await {
            Ok(found) => found,
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => return Ok(None),
            Err(error) => return Err(failure("sagemaker:DescribeProcessingJob", &error)),
        };
        let status = found.processing_job_status().map_or("unknown", |status| status.as_str());
        Ok(Some(match status {
            "Completed" => ObservedBaseline::Completed,
            "Failed" | "Stopped" => {
                let cause = found.failure_reason().or(found.exit_message());
                ObservedBaseline::Failed(cause.unwrap_or(status).to_owned())
            }
            _ => ObservedBaseline::Running,
        }))
    }

    pub(crate) async fn create_baseline(&self, request: &BaselineRequest) -> PortResult<()> {
        let job = &request.job;
        let cluster = ProcessingClusterConfig::builder()
            .instance_count(1)
            .instance_type(ProcessingInstanceType::from(job.instance_type.as_str()))
            .volume_size_in_gb(VOLUME)
            .set_volume_kms_key_id(job.kms_key.as_ref().map(ToString::to_string))
            .build();
        let network = job.network.as_ref().map(|network| NetworkConfig::builder().vpc_config(vpc(network)).build());
        let call = self
            .0
            .create_processing_job()
            .processing_job_name(&request.name)
            .role_arn(job.role.as_str())
            .app_specification(AppSpecification::builder().image_uri(&job.image).build())
            .processing_resources(ProcessingResources::builder().cluster_config(cluster).build())
            .stopping_condition(ProcessingStoppingCondition::builder().max_runtime_in_seconds(LONGEST_SECONDS).build())
            .set_network_config(network)
            .set_environment(environment(request))
            .set_processing_inputs(Some(inputs(request)))
            .processing_output_config(output(request));
        match call.send().await {
            Ok(_) => Ok(()),
            // The name is derived from the request: the same name is the same job.
            Err(error) if error_messages::is_in_use(code(&error), message(&error)) => Ok(()),
            Err(error) => Err(failure("sagemaker:CreateProcessingJob", &error)),
        }
    }
}

fn is_clarify(kind: DriftKind) -> bool {
    matches!(kind, DriftKind::Bias | DriftKind::FeatureAttribution)
}

/// The environment of Model Monitor's analyzer; Clarify reads its configuration instead.
fn environment(request: &BaselineRequest) -> Option<HashMap<String, String>> {
    if is_clarify(request.kind) {
        return None;
    }
    let format = r#"{"csv": {"header": true, "output_columns_position": "START"}}"#;
    let said = [
        ("dataset_format", Some(format)),
        ("dataset_source", Some(DATASET)),
        ("output_path", Some(OUTPUT)),
        ("publish_cloudwatch_metrics", Some("Disabled")),
        ("analysis_type", request.job.problem.map(|_| "MODEL_QUALITY")),
        ("problem_type", request.job.problem.map(|problem| problem.as_str())),
        ("inference_attribute", request.prediction.as_deref()),
        ("ground_truth_attribute", request.label.as_deref()),
    ];
    Some(said.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect())
}

fn inputs(request: &BaselineRequest) -> Vec<ProcessingInput> {
    let input = |name: &str, place: &S3Uri, path: &str| {
        let from = ProcessingS3Input::builder()
            .s3_uri(place.as_str())
            .local_path(path)
            .s3_data_type(ProcessingS3DataType::S3Prefix)
            .s3_input_mode(ProcessingS3InputMode::File)
            .build();
        ProcessingInput::builder().input_name(name).s3_input(from).build()
    };
    if !is_clarify(request.kind) {
        return vec![input("baseline_dataset_input", &request.dataset, DATASET)];
    }
    let config = request.job.config.iter().map(|config| input("analysis_config", config, CLARIFY_CONFIG));
    config.chain([input("dataset", &request.dataset, CLARIFY_DATASET)]).collect()
}

fn output(request: &BaselineRequest) -> ProcessingOutputConfig {
    let name = if is_clarify(request.kind) { "analysis_result" } else { "monitoring_output" };
    let place = ProcessingS3Output::builder()
        .s3_uri(request.job.output.as_str())
        .local_path(OUTPUT)
        .s3_upload_mode(ProcessingS3UploadMode::EndOfJob)
        .build();
    ProcessingOutputConfig::builder()
        .outputs(ProcessingOutput::builder().output_name(name).s3_output(place).build())
        .set_kms_key_id(request.job.kms_key.as_ref().map(ToString::to_string))
        .build()
}

/// The baselines by kind of drift, of those that have constraints.
fn read(found: &DriftCheckBaselines) -> BTreeMap<DriftKind, Baseline> {
    let place = |source: &MetricsSource| S3Uri::parse(source.s3_uri()?).ok();
    let baseline = |statistics: Option<&MetricsSource>, constraints: Option<&MetricsSource>, config: Option<&str>| {
        Some(Baseline {
            statistics: statistics.and_then(place),
            constraints: constraints.and_then(place)?,
            config: config.and_then(|config| S3Uri::parse(config).ok()),
        })
    };
    let data = found.model_data_quality().and_then(|of| baseline(of.statistics(), of.constraints(), None));
    let model = found.model_quality().and_then(|of| baseline(of.statistics(), of.constraints(), None));
    let bias = found.bias().and_then(|of| {
        let config = of.config_file().and_then(|file| file.s3_uri());
        baseline(None, of.post_training_constraints().or(of.pre_training_constraints()), config)
    });
    let attribution = found.explainability().and_then(|of| {
        let config = of.config_file().and_then(|file| file.s3_uri());
        baseline(None, of.constraints(), config)
    });
    let kinds = [
        (DriftKind::DataQuality, data),
        (DriftKind::ModelQuality, model),
        (DriftKind::Bias, bias),
        (DriftKind::FeatureAttribution, attribution),
    ];
    kinds.into_iter().filter_map(|(kind, baseline)| Some((kind, baseline?))).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_sagemaker::types::{DriftCheckBias, DriftCheckModelDataQuality, FileSource};

    use super::*;

    fn source(uri: &str) -> MetricsSource {
        MetricsSource::builder().content_type("application/json").s3_uri(uri).build()
    }

    #[test]
    fn baseline_without_constraints_is_left_out() {
        let data = DriftCheckModelDataQuality::builder().statistics(source("s3://b/s")).constraints(source("s3://b/c"));
        let bias = DriftCheckBias::builder()
            .config_file(FileSource::builder().s3_uri("s3://b/config").build())
            .pre_training_constraints(source("s3://b/pre"))
            .post_training_constraints(source("s3://b/post"));
        let found = DriftCheckBaselines::builder().model_data_quality(data.build()).bias(bias.build()).build();
        let read = read(&found);
        assert_eq!(read.keys().copied().collect::<Vec<_>>(), [DriftKind::DataQuality, DriftKind::Bias]);
        assert_eq!(read[&DriftKind::DataQuality].statistics.as_ref().unwrap().as_str(), "s3://b/s");
        let bias = &read[&DriftKind::Bias];
        assert_eq!(
            (bias.constraints.as_str(), bias.config.as_ref().unwrap().as_str()),
            ("s3://b/post", "s3://b/config")
        );
        let nothing = DriftCheckBaselines::builder().model_data_quality(DriftCheckModelDataQuality::builder().build());
        assert!(super::read(&nothing.build()).is_empty());
    }
}
