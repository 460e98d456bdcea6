//! Parts of names, such as the account of an ARN, and names that are derived from others.

use super::{
    AlarmArn, BuildId, ExecutionArn, ImageDigest, ImageRepository, ImageUri, NameError, ObjectUri, PackageArn, RoleArn,
    RunArn, StateMachineArn, TopicArn,
};

/// The field of the ARN at `index` (0 is `arn`); empty if it is missing.
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

    /// The version within its group, from 1.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.0.rsplit('/').next().and_then(|text| text.parse().ok()).unwrap_or_default()
    }
}

impl TopicArn {
    /// The account of the resource.
    #[must_use]
    pub fn account(&self) -> &str {
        arn_field(&self.0, 4)
    }
}

impl RoleArn {
    /// The account of the resource.
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
    /// The account or the region is invalid.
    pub fn of(
        account: &str,
        region: &str,
        repository: &ImageRepository,
        digest: &ImageDigest,
    ) -> Result<Self, NameError> {
        let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
        Self::parse(&format!("{account}.dkr.ecr.{region}.amazonaws.com{suffix}/{repository}@{digest}"))
    }

    /// The account of the registry.
    #[must_use]
    pub fn account(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }

    /// The repository.
    #[must_use]
    pub fn repository(&self) -> &str {
        let image = self.0.split('@').next().unwrap_or_default();
        image.split_once('/').map(|(_, repository)| repository).unwrap_or_default()
    }

    /// The digest.
    #[must_use]
    pub fn digest(&self) -> &str {
        self.0.split('@').nth(1).unwrap_or_default()
    }
}

impl StateMachineArn {
    /// The name after the last colon.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit(':').next().unwrap_or_default()
    }

    /// The execution of this name: Step Functions derives its ARN from both.
    ///
    /// # Errors
    /// The name is longer than 80 characters, or contains others than letters, digits, `_` and `-`.
    pub fn execution(&self, name: &str) -> Result<ExecutionArn, NameError> {
        ExecutionArn::parse(&format!("{}:{name}", self.0.replacen(":stateMachine:", ":execution:", 1)))
    }
}

impl ExecutionArn {
    /// The ARN of the state machine.
    #[must_use]
    pub fn machine(&self) -> String {
        let machine = self.0.rsplit_once(':').map_or("", |(machine, _)| machine);
        machine.replacen(":execution:", ":stateMachine:", 1)
    }

    /// The name after the last colon.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit(':').next().unwrap_or_default()
    }
}

impl BuildId {
    /// The ID for the API of CodeBuild: `PROJECT:ID`.
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
    fn package_arn_has_account_group_and_version() {
        let arn = PackageArn::parse("arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3").unwrap();
        assert_eq!((arn.account(), arn.group(), arn.version()), ("123456789012", "churn", 3));
    }

    #[test]
    fn execution_arn_has_state_machine_and_name() {
        let machine = StateMachineArn::parse("arn:aws:states:eu-west-1:123456789012:stateMachine:churn-tests").unwrap();
        let execution = machine.execution("churn-3").unwrap();
        assert_eq!(execution.as_str(), "arn:aws:states:eu-west-1:123456789012:execution:churn-tests:churn-3");
        assert_eq!((execution.machine().as_str(), execution.name()), (machine.as_str(), "churn-3"));
        assert!(machine.execution(&"x".repeat(81)).is_err());
    }

    #[test]
    fn alarm_arn_with_colons_in_its_name_is_read_whole() {
        let arn = AlarmArn::parse("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:churn: drift").unwrap();
        assert_eq!(arn.name(), "churn: drift");
    }
}
