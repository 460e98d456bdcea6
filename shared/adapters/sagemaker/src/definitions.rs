//! The definitions of SageMaker's pipelines.
//!
//! The description identifies the commit: it is written with the definition in one call. SageMaker's messages about a
//! definition may repeat its text, so that a failure contains only the code.

use trimtab_core::failure::Failure;
use trimtab_core::name::{CommitId, PipelineName};
use trimtab_core::port::PortResult;
use trimtab_core::port::{DefinitionRequest, Definitions, ObservedDefinition};
use trimtab_runtime::sdk::{CallError, code, failure, message};

use crate::{SageMaker, error_messages};

const CREATE: &str = "sagemaker:CreatePipeline";
const UPDATE: &str = "sagemaker:UpdatePipeline";

/// The prefix of a description that Trimtab writes.
const MARK: &str = "Defined by commit ";

impl Definitions for SageMaker {
    async fn describe(&self, pipeline: &PipelineName) -> PortResult<Option<ObservedDefinition>> {
        match self.0.describe_pipeline().pipeline_name(pipeline.as_str()).send().await {
            Ok(found) => Ok(Some(ObservedDefinition { commit: found.pipeline_description().and_then(marked) })),
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => Ok(None),
            Err(error) => Err(failure("sagemaker:DescribePipeline", &error)),
        }
    }

    async fn create(&self, request: &DefinitionRequest, text: &str) -> PortResult<()> {
        let call = self
            .0
            .create_pipeline()
            .pipeline_name(request.pipeline.as_str())
            .pipeline_definition(text)
            .pipeline_description(mark(&request.commit))
            .set_role_arn(request.role.as_ref().map(ToString::to_string))
            .client_request_token(&request.token);
        match call.send().await {
            Ok(_) => Ok(()),
            // The response of an earlier attempt may have been lost: the retry observes the pipeline's commit.
            Err(error) if error_messages::is_pipeline_there_already(message(&error)) => {
                Err(Failure::transient(CREATE, "a pipeline with this name exists already"))
            }
            Err(error) => Err(refusal(CREATE, &error)),
        }
    }

    async fn update(&self, request: &DefinitionRequest, text: &str) -> PortResult<()> {
        let call = self
            .0
            .update_pipeline()
            .pipeline_name(request.pipeline.as_str())
            .pipeline_definition(text)
            .pipeline_description(mark(&request.commit))
            .set_role_arn(request.role.as_ref().map(ToString::to_string));
        call.send().await.map(drop).map_err(|error| refusal(UPDATE, &error))
    }
}

fn mark(commit: &CommitId) -> String {
    format!("{MARK}{commit}")
}

fn marked(description: &str) -> Option<CommitId> {
    description.strip_prefix(MARK).and_then(|commit| CommitId::parse(commit).ok())
}

fn refusal<E>(operation: &'static str, error: &CallError<E>) -> Failure
where
    E: aws_smithy_types::error::metadata::ProvideErrorMetadata,
{
    let code = code(error).unwrap_or("no code").to_owned();
    match failure(operation, error) {
        Failure::Permanent { operation, .. } => Failure::permanent(
            operation,
            format!("{code}: what SageMaker says of a definition can repeat it, and is not shown"),
        ),
        retry => retry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_description_is_read_as_a_commit() {
        let commit = CommitId::parse(&"a1".repeat(20)).unwrap();
        assert_eq!(marked(&mark(&commit)), Some(commit));
        assert_eq!(marked("Trains churn"), None);
    }
}
