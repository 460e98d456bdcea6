//! The two ways in which a reaction can fail. There is no third.

/// Why a reaction did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The world may change: throttled, busy, unreachable. Goes back to Lambda as an error, which
    /// retries and then hands the event to the function's failure queue.
    #[error("{operation} can be tried again: {cause}")]
    Retry {
        /// The operation that failed, such as `sagemaker:StartPipelineExecution`.
        operation: &'static str,
        /// The cause, sanitised.
        cause: String,
    },
    /// Nothing will change: malformed, unknown, refused. Recorded and reported, never retried.
    #[error("{operation} was refused: {cause}")]
    Reject {
        /// The operation that was refused.
        operation: &'static str,
        /// The cause, sanitised, with what to do where that is known.
        cause: String,
    },
}

impl Failure {
    /// A failure that time may mend.
    pub fn retry(operation: &'static str, cause: impl AsRef<str>) -> Self {
        Self::Retry { operation, cause: crate::text::one_line(cause.as_ref(), 400) }
    }

    /// A failure that time will not mend.
    pub fn reject(operation: &'static str, cause: impl AsRef<str>) -> Self {
        Self::Reject { operation, cause: crate::text::one_line(cause.as_ref(), 400) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_says_what_failed_why_and_whether_time_may_mend_it() {
        let retry = Failure::retry("sagemaker:UpdateEndpoint", "throttled\nby SageMaker");
        assert!(
            matches!(&retry, Failure::Retry { operation: "sagemaker:UpdateEndpoint", cause } if cause == "throttled by SageMaker")
        );
        assert_eq!(retry.to_string(), "sagemaker:UpdateEndpoint can be tried again: throttled by SageMaker");
        let reject = Failure::reject("iam:PassRole", "not allowed");
        assert!(matches!(&reject, Failure::Reject { operation: "iam:PassRole", cause } if cause == "not allowed"));
        assert_eq!(reject.to_string(), "iam:PassRole was refused: not allowed");
    }

    #[test]
    fn cause_from_outside_is_cut() {
        for failure in [Failure::retry("x", "c".repeat(999)), Failure::reject("x", "c".repeat(999))] {
            let (Failure::Retry { cause, .. } | Failure::Reject { cause, .. }) = failure;
            assert_eq!(cause.chars().count(), 400);
        }
    }
}
