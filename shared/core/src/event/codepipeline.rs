//! Events of [CodePipeline][doc].
//!
//! [doc]: https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html

use serde::Deserialize;
use serde_json::Value;

use super::{EventError, lenient, name, read};
use crate::name::CodePipelineName;

lenient::words! {
    /// The state of a CodePipeline execution.
    CodePipelineState {
        /// It runs.
        Started = "STARTED",
        /// It runs again.
        Resumed = "RESUMED",
        /// It ended well.
        Succeeded = "SUCCEEDED",
        /// It failed.
        Failed = "FAILED",
        /// It is being stopped.
        Stopping = "STOPPING",
        /// Somebody stopped it.
        Stopped = "STOPPED",
        /// A newer one took its place.
        Superseded = "SUPERSEDED",
        /// It was cancelled.
        Canceled = "CANCELED",
    }
}

/// A CodePipeline execution changed its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodePipelineExecution {
    /// The pipeline.
    pub pipeline: CodePipelineName,
    /// The execution's id.
    pub execution: String,
    /// Its state.
    pub state: CodePipelineState,
}

impl CodePipelineExecution {
    pub(super) fn read(what: &str, detail: &Value) -> Result<Self, EventError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        struct Detail {
            pipeline: String,
            execution_id: String,
            state: CodePipelineState,
        }
        let detail: Detail = read(what, detail)?;
        Ok(Self {
            pipeline: name(what, "detail.pipeline", &detail.pipeline, CodePipelineName::parse)?,
            execution: crate::text::one_line(&detail.execution_id, 64),
            state: detail.state,
        })
    }
}
