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
        /// The execution is running.
        Started = "STARTED",
        /// The execution is running again after a retry.
        Resumed = "RESUMED",
        /// The execution succeeded.
        Succeeded = "SUCCEEDED",
        /// The execution failed.
        Failed = "FAILED",
        /// The execution is being stopped.
        Stopping = "STOPPING",
        /// A user stopped the execution.
        Stopped = "STOPPED",
        /// A newer execution replaced this one.
        Superseded = "SUPERSEDED",
        /// The execution was canceled.
        Canceled = "CANCELED",
    }
}

/// A state change of a CodePipeline execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodePipelineExecution {
    /// The pipeline.
    pub pipeline: CodePipelineName,
    /// The execution's ID.
    pub execution: String,
    /// The new state.
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
