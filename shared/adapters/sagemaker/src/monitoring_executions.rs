//! The executions of monitoring schedules, and the locations of their reports.

use aws_sdk_sagemaker::operation::describe_processing_job::DescribeProcessingJobOutput;
use aws_sdk_sagemaker::types::{ExecutionStatus, MonitoringExecutionSortKey, ProcessingJobStatus, SortOrder};
use jiff::Timestamp;
use trimtab_core::name::{ObjectUri, ResourceName, ScheduleName};
use trimtab_core::port::PortResult;
use trimtab_core::port::{COMPLETED_WITH_VIOLATIONS, MonitoringRun, MonitoringRuns, VIOLATIONS_REPORT};
use trimtab_runtime::sdk::{code, failure, message};

use crate::{SageMaker, error_messages};

impl MonitoringRuns for SageMaker {
    async fn run(&self, job: &ResourceName) -> PortResult<Option<MonitoringRun>> {
        match self.0.describe_processing_job().processing_job_name(job.as_str()).send().await {
            Ok(found) => Ok(run(job, &found)),
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => Ok(None),
            Err(error) => Err(failure("sagemaker:DescribeProcessingJob", &error)),
        }
    }

    async fn newest(&self, schedule: &ScheduleName) -> PortResult<Option<ResourceName>> {
        let call = self.0.list_monitoring_executions().monitoring_schedule_name(schedule.as_str());
        let call = call.status_equals(ExecutionStatus::CompletedWithViolations);
        let call = call.sort_by(MonitoringExecutionSortKey::ScheduledTime).sort_order(SortOrder::Descending);
        match call.max_results(1).send().await {
            Ok(found) => {
                let arn = found.monitoring_execution_summaries().first().and_then(|run| run.processing_job_arn());
                Ok(arn.and_then(last).and_then(|name| ResourceName::parse(name).ok()))
            }
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => Ok(None),
            Err(error) => Err(failure("sagemaker:ListMonitoringExecutions", &error)),
        }
    }
}

fn last(arn: &str) -> Option<&str> {
    arn.rsplit('/').next()
}

/// The execution of a job; `None` if no schedule runs it.
fn run(job: &ResourceName, found: &DescribeProcessingJobOutput) -> Option<MonitoringRun> {
    let schedule = found.monitoring_schedule_arn().and_then(last).map(str::to_ascii_lowercase)?;
    let completed = found.processing_job_status() == Some(&ProcessingJobStatus::Completed);
    let said = found.exit_message().is_some_and(|said| said.starts_with(COMPLETED_WITH_VIOLATIONS));
    let output = found.processing_output_config().and_then(|config| config.outputs().first()?.s3_output()?.s3_uri());
    let ended = found.processing_end_time().or_else(|| found.last_modified_time());
    Some(MonitoringRun {
        job: job.clone(),
        schedule: ScheduleName::parse(&schedule).ok()?,
        violated: completed && said,
        ended: ended.and_then(|at| Timestamp::from_millisecond(at.to_millis().ok()?).ok()),
        report: output
            .and_then(|uri| ObjectUri::parse(&format!("{}/{VIOLATIONS_REPORT}", uri.trim_end_matches('/'))).ok()),
    })
}
