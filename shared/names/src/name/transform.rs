//! Names of batch transform jobs: the policy gives the first part, and the version and its turn the rest.

use serde::{Deserialize, Serialize};
use std::fmt;

use super::{NameError, hyphenated};

/// What the name of each batch transform job that the suite starts begins with: it may start no other.
pub const JOBS: &str = "trimtab-";

names! {
    /// The batch transform of a model, as its policy names it: each job's name is made of it.
    TransformName, "batch transform", "1 to 32 lower-case letters, digits and inner hyphens",
        |t| hyphenated(t, 32) && !t.chars().any(|c| c.is_ascii_uppercase());
}

impl TransformName {
    /// The job in which this version has this turn, by a digest of 8 characters: at most the 63
    /// characters that SageMaker allows.
    #[must_use]
    pub fn job(&self, version: u32, turn: &str) -> String {
        format!("{JOBS}{self}-v{version}-{turn}")
    }

    /// The transform that a job of this name belongs to; `None` where the suite makes no such names.
    #[must_use]
    pub fn of_job(job: &str) -> Option<Self> {
        let mut parts = job.strip_prefix(JOBS)?.rsplitn(3, '-');
        let (turn, version, name) = (parts.next()?, parts.next()?, parts.next()?);
        let numbered = version.strip_prefix('v').is_some_and(|number| number.parse::<u32>().is_ok());
        (turn.len() == 8 && numbered).then(|| Self::parse(name).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_known_by_its_name_and_the_longest_name_is_one_of_sagemakers() {
        let name = TransformName::parse(&"a-b".repeat(10)).unwrap();
        let job = name.job(u32::MAX, "0123abcd");
        assert_eq!(TransformName::of_job(&job), Some(name));
        assert!(job.len() <= 63);
    }

    #[test]
    fn what_others_start_is_nobodys() {
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
