//! Batch transform jobs.

use aws_sdk_sagemaker::types::{
    AssemblyType, DataProcessing, JoinSource, S3DataType, SplitType, TransformDataSource, TransformInput,
    TransformInstanceType, TransformOutput, TransformResources, TransformS3DataSource,
};
use trimtab_core::failure::Failure;
use trimtab_core::policy::{Split, TransformTarget};
use trimtab_core::port::PortResult;
use trimtab_core::port::{ObservedTransform, TransformRequest, Transforms};
use trimtab_runtime::sdk::{code, failure, message};

use crate::{SageMaker, error_messages};

const CREATE: &str = "sagemaker:CreateTransformJob";

impl Transforms for SageMaker {
    async fn find(&self, job: &str) -> PortResult<Option<ObservedTransform>> {
        let found = match self.0.describe_transform_job().transform_job_name(job).send().await {
            Ok(found) => found,
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => return Ok(None),
            Err(error) => return Err(failure("sagemaker:DescribeTransformJob", &error)),
        };
        let status = found.transform_job_status().map_or("unknown", |status| status.as_str());
        Ok(Some(match status {
            "Completed" => {
                let output = found.transform_output().and_then(|output| output.s3_output_path());
                ObservedTransform::Completed { output: output.unwrap_or_default().to_owned() }
            }
            "Failed" | "Stopped" => ObservedTransform::Ended(found.failure_reason().unwrap_or(status).to_owned()),
            _ => ObservedTransform::Running,
        }))
    }

    async fn start(&self, request: &TransformRequest) -> PortResult<()> {
        let target = &request.transform;
        let joined = target.join_input.then(|| DataProcessing::builder().join_source(JoinSource::Input).build());
        let call = self
            .0
            .create_transform_job()
            .transform_job_name(&request.job)
            .model_name(&request.model)
            .transform_input(input(target))
            .transform_output(output(request))
            .transform_resources(resources(target))
            .set_max_payload_in_mb(target.max_payload_mb.and_then(|most| i32::try_from(most).ok()))
            .set_max_concurrent_transforms(target.max_concurrent.and_then(|most| i32::try_from(most).ok()))
            .set_data_processing(joined);
        match call.send().await {
            Ok(_) => Ok(()),
            // The name is derived from the version and its attempt: the same name is the same job.
            Err(error) if error_messages::is_in_use(code(&error), message(&error)) => Ok(()),
            // A model that was just created may not be visible yet.
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => {
                Err(Failure::transient(CREATE, message(&error)))
            }
            Err(error) => Err(failure(CREATE, &error)),
        }
    }
}

/// The input: all objects with the prefix.
fn input(target: &TransformTarget) -> TransformInput {
    let objects =
        TransformS3DataSource::builder().s3_data_type(S3DataType::S3Prefix).s3_uri(target.input.as_str()).build();
    let split = match target.split {
        Split::None => SplitType::None,
        Split::Line => SplitType::Line,
        Split::RecordIo => SplitType::Recordio,
        Split::TfRecord => SplitType::Tfrecord,
    };
    TransformInput::builder()
        .data_source(TransformDataSource::builder().s3_data_source(objects).build())
        .content_type(&target.content_type)
        .split_type(split)
        .build()
}

/// The output: responses to lines are assembled as lines.
fn output(request: &TransformRequest) -> TransformOutput {
    let target = &request.transform;
    TransformOutput::builder()
        .s3_output_path(request.output())
        .set_accept(target.accept.clone())
        .set_assemble_with((target.split == Split::Line).then_some(AssemblyType::Line))
        .set_kms_key_id(target.kms_key.as_ref().map(ToString::to_string))
        .build()
}

fn resources(target: &TransformTarget) -> TransformResources {
    TransformResources::builder()
        .instance_type(TransformInstanceType::from(target.instance_type.as_str()))
        .instance_count(i32::try_from(target.instances).unwrap_or(i32::MAX))
        .set_volume_kms_key_id(target.volume_kms_key.as_ref().map(ToString::to_string))
        .build()
}
