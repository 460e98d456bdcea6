//! What a name is made of: the account, the version or the bucket that stands in it; and names made
//! of others.

use super::{
    AlarmArn, BuildId, ExecutionArn, ImageDigest, ImageRepository, ImageUri, NameError, ObjectUri, PackageArn, RoleArn,
    RunArn, StateMachineArn, TopicArn,
};

/// The ARN's field at `index` (0 is `arn`), or nothing where there is none.
fn arn_field(arn: &str, index: usize) -> &str {
    arn.splitn(6, ':').nth(index).unwrap_or_default()
}

impl PackageArn {
    /// The account that owns the package.
    #[must_use]
    pub fn account(&self) -> &str {
        arn_field(&self.0, 4)
    }

    /// The package group.
    #[must_use]
    pub fn group(&self) -> &str {
        self.0.rsplit('/').nth(1).unwrap_or_default()
    }

    /// The version within its group, from 1 up.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.0.rsplit('/').next().and_then(|text| text.parse().ok()).unwrap_or_default()
    }
}

impl TopicArn {
    /// The account that it is in.
    #[must_use]
    pub fn account(&self) -> &str {
        arn_field(&self.0, 4)
    }
}

impl RoleArn {
    /// The account that it is in.
    #[must_use]
    pub fn account(&self) -> &str {
        arn_field(&self.0, 4)
    }
}

impl RunArn {
    /// The pipeline's name.
    #[must_use]
    pub fn pipeline(&self) -> &str {
        self.0.rsplit('/').nth(2).unwrap_or_default()
    }
}

impl ImageUri {
    /// The image of this digest in the registry of this account and region.
    ///
    /// # Errors
    /// The account or the region is none.
    pub fn of(
        account: &str,
        region: &str,
        repository: &ImageRepository,
        digest: &ImageDigest,
    ) -> Result<Self, NameError> {
        let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
        Self::parse(&format!("{account}.dkr.ecr.{region}.amazonaws.com{suffix}/{repository}@{digest}"))
    }

    /// The account whose registry it is in.
    #[must_use]
    pub fn account(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }

    /// The repository.
    #[must_use]
    pub fn repository(&self) -> &str {
        let place = self.0.split('@').next().unwrap_or_default();
        place.split_once('/').map(|(_, repository)| repository).unwrap_or_default()
    }

    /// The digest.
    #[must_use]
    pub fn digest(&self) -> &str {
        self.0.split('@').nth(1).unwrap_or_default()
    }
}

impl StateMachineArn {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit(':').next().unwrap_or_default()
    }

    /// The execution of this name: Step Functions makes its ARN of both.
    ///
    /// # Errors
    /// The name is longer than 80 characters, or has others than letters, digits, `_` and `-`.
    pub fn execution(&self, name: &str) -> Result<ExecutionArn, NameError> {
        ExecutionArn::parse(&format!("{}:{name}", self.0.replacen(":stateMachine:", ":execution:", 1)))
    }
}

impl ExecutionArn {
    /// The state machine that it is an execution of.
    #[must_use]
    pub fn machine(&self) -> String {
        let machine = self.0.rsplit_once(':').map_or("", |(machine, _)| machine);
        machine.replacen(":execution:", ":stateMachine:", 1)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit(':').next().unwrap_or_default()
    }
}

impl BuildId {
    /// The id that CodeBuild's API takes: `PROJECT:ID`.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl ObjectUri {
    /// The bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        self.parts().0
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &str {
        self.parts().1
    }

    fn parts(&self) -> (&str, &str) {
        self.0.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).unwrap_or_default()
    }
}

impl AlarmArn {
    /// The alarm's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.splitn(7, ':').nth(6).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_arn_gives_its_account_group_and_version() {
        let arn = PackageArn::parse("arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3").unwrap();
        assert_eq!((arn.account(), arn.group(), arn.version()), ("123456789012", "churn", 3));
    }

    #[test]
    fn an_execution_is_named_by_its_machine_and_its_name() {
        let machine = StateMachineArn::parse("arn:aws:states:eu-west-1:123456789012:stateMachine:churn-tests").unwrap();
        let execution = machine.execution("churn-3").unwrap();
        assert_eq!(execution.as_str(), "arn:aws:states:eu-west-1:123456789012:execution:churn-tests:churn-3");
        assert_eq!((execution.machine().as_str(), execution.name()), (machine.as_str(), "churn-3"));
        assert!(machine.execution(&"x".repeat(81)).is_err());
    }

    #[test]
    fn an_alarm_arn_keeps_a_name_with_colons() {
        let arn = AlarmArn::parse("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:churn: drift").unwrap();
        assert_eq!(arn.name(), "churn: drift");
    }
}
