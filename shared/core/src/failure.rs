//! The two ways in which a reaction can fail: transient and permanent. There is no third.

/// Why a call or a reaction failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A retry may succeed: throttled, busy, unreachable. The function returns an error to Lambda, which
    /// retries and then sends the event to the function's failure queue.
    #[error("{operation} failed and can be retried: {cause}")]
    Transient {
        /// The operation that failed, such as `sagemaker:StartPipelineExecution`.
        operation: &'static str,
        /// The cause, sanitized.
        cause: String,
    },
    /// A retry cannot succeed: malformed, unknown, access denied. Recorded, dead-lettered, and never retried.
    #[error("{operation} was refused: {cause}")]
    Permanent {
        /// The operation that was refused.
        operation: &'static str,
        /// The cause, sanitized, with a remedy where one is known.
        cause: String,
    },
}

impl Failure {
    /// A failure that a retry may resolve; the cause is cut to one line of 400 characters.
    pub fn transient(operation: &'static str, cause: impl AsRef<str>) -> Self {
        Self::Transient { operation, cause: crate::text::one_line(cause.as_ref(), 400) }
    }

    /// A failure that no retry resolves; the cause is cut to one line of 400 characters.
    pub fn permanent(operation: &'static str, cause: impl AsRef<str>) -> Self {
        Self::Permanent { operation, cause: crate::text::one_line(cause.as_ref(), 400) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_names_operation_cause_and_kind() {
        let transient = Failure::transient("sagemaker:UpdateEndpoint", "throttled\nby SageMaker");
        assert!(
            matches!(&transient, Failure::Transient { operation: "sagemaker:UpdateEndpoint", cause } if cause == "throttled by SageMaker")
        );
        assert_eq!(transient.to_string(), "sagemaker:UpdateEndpoint failed and can be retried: throttled by SageMaker");
        let permanent = Failure::permanent("iam:PassRole", "not allowed");
        assert!(
            matches!(&permanent, Failure::Permanent { operation: "iam:PassRole", cause } if cause == "not allowed")
        );
        assert_eq!(permanent.to_string(), "iam:PassRole was refused: not allowed");
    }

    #[test]
    fn cause_from_outside_is_cut() {
        for failure in [Failure::transient("x", "c".repeat(999)), Failure::permanent("x", "c".repeat(999))] {
            let (Failure::Transient { cause, .. } | Failure::Permanent { cause, .. }) = failure;
            assert_eq!(cause.chars().count(), 400);
        }
    }
}
