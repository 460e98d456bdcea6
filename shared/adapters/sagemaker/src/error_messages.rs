//! Classification of SageMaker's error messages.

/// Whether the resource does not exist. SageMaker has several sentences for this.
pub(crate) fn is_missing(code: Option<&str>, message: &str) -> bool {
    let sentence = message.to_ascii_lowercase();
    matches!(code, Some("ResourceNotFound" | "ResourceNotFoundException"))
        || sentence.contains("could not find")
        || sentence.contains("does not exist")
        || sentence.contains("requested resource not found")
        || sentence.contains("recordnotfound")
}

/// Whether the endpoint's configuration, which was just created, is not visible yet.
pub(crate) fn is_config_missing(message: &str) -> bool {
    message.to_ascii_lowercase().contains("could not find endpoint configuration")
}

/// Whether a model, a configuration or an endpoint with this name exists.
pub(crate) fn is_there_already(message: &str) -> bool {
    message.to_ascii_lowercase().contains("cannot create already existing")
}

/// Whether a lineage entity or an association exists.
pub(crate) fn exists(message: &str) -> bool {
    message.to_ascii_lowercase().contains("already exist")
}

/// Whether a pipeline with this name exists.
pub(crate) fn is_pipeline_there_already(message: &str) -> bool {
    let sentence = message.to_ascii_lowercase();
    sentence.contains("pipeline names must be unique") || sentence.contains("already exists")
}

/// Whether a job, a job definition or a schedule with this name exists.
pub(crate) fn is_in_use(code: Option<&str>, message: &str) -> bool {
    code == Some("ResourceInUse") || exists(message)
}

/// Whether the schedule is pending, or one of its executions is in progress.
pub(crate) fn is_schedule_busy(message: &str) -> bool {
    let sentence = message.to_ascii_lowercase();
    sentence.contains("pending") || sentence.contains("in-progress") || sentence.contains("in progress")
}

/// Whether an update of the endpoint is in progress.
pub(crate) fn is_in_progress(message: &str) -> bool {
    message.to_ascii_lowercase().contains("cannot update in-progress endpoint")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_messages_are_classified() {
        assert!(is_missing(Some("ValidationException"), "Could not find endpoint \"arn:…\"."));
        assert!(is_missing(Some("ResourceNotFound"), ""));
        assert!(is_missing(Some("ValidationException"), "Requested resource not found."));
        assert!(is_missing(Some("ValidationException"), "RecordNotFound"));
        assert!(is_config_missing("Could not find endpoint configuration \"arn:…\"."));
        assert!(is_there_already("Cannot create already existing model \"arn:…\"."));
        assert!(is_pipeline_there_already("Pipeline names must be unique within an AWS account and region."));
        assert!(is_in_progress("Cannot update in-progress endpoint \"arn:…\"."));
        assert!(is_in_use(Some("ResourceInUse"), "Job name must be unique"));
        assert!(is_schedule_busy("Monitoring Schedule churn-bias has in-progress executions."));
        assert!(!is_missing(Some("ValidationException"), "1 validation error detected"));
    }
}
