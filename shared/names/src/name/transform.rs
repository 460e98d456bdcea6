//! Names of batch transform jobs: the name in the policy, the version and the attempt.

use serde::{Deserialize, Serialize};
use std::fmt;

use super::{NameError, hyphenated};

/// The beginning of the name of each batch transform job that Trimtab starts: `deploy` may start no other.
pub const JOBS: &str = "trimtab-";

names! {
    /// The batch transform of a model, by its name in the policy. The names of its jobs contain it.
    TransformName, "batch transform", "1 to 32 lower-case letters, digits and inner hyphens",
        |t| hyphenated(t, 32) && !t.chars().any(|c| c.is_ascii_uppercase());
}

impl TransformName {
    /// The name of the job of a version, with at most the 63 characters that SageMaker allows. `attempt` is a digest of 8
    /// characters, so that a version that returns after a rollback gets a job of its own.
    #[must_use]
    pub fn job(&self, version: u32, attempt: &str) -> String {
        format!("{JOBS}{self}-v{version}-{attempt}")
    }

    /// The transform of a job; `None` if Trimtab does not give such names.
    #[must_use]
    pub fn of_job(job: &str) -> Option<Self> {
        let mut parts = job.strip_prefix(JOBS)?.rsplitn(3, '-');
        let (attempt, version, name) = (parts.next()?, parts.next()?, parts.next()?);
        let numbered = version.strip_prefix('v').is_some_and(|number| number.parse::<u32>().is_ok());
        (attempt.len() == 8 && numbered).then(|| Self::parse(name).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_of_the_longest_name_fits_and_is_recognized() {
        let name = TransformName::parse(&"a-b".repeat(10)).unwrap();
        let job = name.job(u32::MAX, "0123abcd");
        assert_eq!(TransformName::of_job(&job), Some(name));
        assert!(job.len() <= 63);
    }

    #[test]
    fn job_of_another_owner_has_no_transform() {
        for other in [
            "leads",
            "trimtab-leads",
            "trimtab-leads-v1",
            "trimtab-leads-v1-0123",
            "trimtab--v1-0123abcd",
            "leads-v1-0123abcd",
            "trimtab-leads-x1-0123abcd",
        ] {
            assert_eq!(TransformName::of_job(other), None, "{other}");
        }
    }
}
