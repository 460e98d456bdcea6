//! Checked names: a value of one of these types satisfies AWS's own rules for characters, so a request, a key or a
//! message can contain it. Raw text stays at the edges.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An invalid name, with the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}: expected {expected}")]
pub struct NameError {
    /// The kind of name, such as "commit id".
    pub kind: &'static str,
    /// The rule, in words.
    pub expected: &'static str,
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, $expected:literal, $check:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Validates `text` by the rule for this kind of name.
            ///
            /// # Errors
            /// [`NameError`] names the rule; it never repeats the text, which may be hostile.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(NameError { kind: $kind, expected: $expected })
                }
            }

            /// The name as AWS writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "title": $kind, "type": "string" })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    )*};
}

mod engine;
mod parts;
mod run;
mod transform;

pub use engine::*;
pub use run::RunId;
pub use transform::{JOBS, TransformName};

/// 1 to `max` characters, each a letter, a digit or one of `extra`.
pub fn word(text: &str, max: usize, extra: &str) -> bool {
    (1..=max).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
}

/// SageMaker's rule for most names: letters, digits and inner hyphens.
fn hyphenated(text: &str, max: usize) -> bool {
    word(text, max, "-") && !text.starts_with('-') && !text.ends_with('-')
}

fn printable(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// `arn:<partition>:<service>:<region>:<account>:<resource>`, with the service fixed.
pub fn arn(text: &str, service: &str, resource: fn(&str) -> bool) -> bool {
    let mut parts = text.splitn(6, ':');
    parts.next() == Some("arn")
        && parts.next().is_some_and(partition)
        && parts.next() == Some(service)
        && parts.next().is_some_and(|region| word(region, 30, "-"))
        && parts.next().is_some_and(account)
        && parts.next().is_some_and(resource)
}

fn partition(text: &str) -> bool {
    text == "aws" || text.starts_with("aws-") && word(text, 20, "-")
}

/// The most folders in a prefix: an event leads to one lookup for each folder of its object.
pub const MOST_FOLDERS: usize = 8;

fn bucket(text: &str) -> bool {
    (3..=63).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c))
        && !text.starts_with(['.', '-'])
        && !text.contains("..")
}

fn account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn package_resource(text: &str) -> bool {
    let mut parts = text.split('/');
    parts.next() == Some("model-package")
        && parts.next().is_some_and(|group| hyphenated(group, 63))
        && parts.next().is_some_and(|version| version.parse::<u32>().is_ok_and(|n| n > 0))
        && parts.next().is_none()
}

fn run_resource(text: &str) -> bool {
    let mut parts = text.split('/');
    parts.next() == Some("pipeline")
        && parts.next().is_some_and(|name| hyphenated(name, 256))
        && parts.next() == Some("execution")
        && parts.next().is_some_and(|id| word(id, 64, "-"))
        && parts.next().is_none()
}

/// ECR's `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn repository_part(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let between = |gap: &str| matches!(gap, "." | "_" | "__") || gap.bytes().all(|b| b == b'-');
    text.starts_with(is_plain) && text.ends_with(is_plain) && text.split(is_plain).all(between)
}

fn image_uri(text: &str) -> bool {
    let Some((image, digest)) = text.split_once('@') else { return false };
    let Some((host, repository)) = image.split_once('/') else { return false };
    let Some((owner, rest)) = host.split_once(".dkr.ecr.") else { return false };
    let region = rest.strip_suffix(".amazonaws.com").or_else(|| rest.strip_suffix(".amazonaws.com.cn"));
    account(owner)
        && region.is_some_and(|region| word(region, 30, "-"))
        && ImageRepository::parse(repository).is_ok()
        && ImageDigest::parse(digest).is_ok()
}

names! {
    /// An AWS account: twelve digits.
    AccountId, "AWS account", "12 digits", account;
    /// A model, by its name in the policy. `platform` owns what belongs to no model, and `trimtab` stands for it in messages.
    ModelName, "model name", "1 to 40 lower-case letters, digits and inner hyphens, but not `platform` or `trimtab`",
        |t| hyphenated(t, 40) && !t.chars().any(|c| c.is_ascii_uppercase()) && !["platform", "trimtab"].contains(&t);
    /// A stage in a policy.
    StageName, "stage name", "1 to 15 lower-case letters, digits and inner hyphens",
        |t| hyphenated(t, 15) && !t.chars().any(|c| c.is_ascii_uppercase());
    /// A SageMaker pipeline.
    PipelineName, "SageMaker pipeline name", "1 to 256 letters, digits and inner hyphens", |t| hyphenated(t, 256);
    /// A SageMaker model package group.
    GroupName, "model package group", "1 to 63 letters, digits and inner hyphens", |t| hyphenated(t, 63);
    /// A SageMaker endpoint. Events write it in either case; the API ignores case.
    EndpointName, "endpoint name", "1 to 63 letters, digits and inner hyphens", |t| hyphenated(t, 63);
    /// A job, model, endpoint, endpoint configuration or notebook instance of SageMaker.
    ResourceName, "SageMaker name", "1 to 63 letters, digits and inner hyphens", |t| hyphenated(t, 63);
    /// A CodeCommit repository.
    RepositoryName, "CodeCommit repository", "1 to 100 letters, digits, '.', '_' and '-'", |t| word(t, 100, "._-");
    /// A branch without `refs/heads/`, by Git's rules, and safe as one word of a shell command.
    BranchName, "branch name", "1 to 255 letters, digits, '.', '_', '-', '/', '+' and '@'",
        |t| word(t, 255, "._-/+@") && !t.starts_with('-') && !t.contains("..");
    /// A file in a repository, by its path from the root.
    FilePath, "path in a repository", "1 to 255 letters, digits, '.', '_', '-' and '/', from the repository's root and without '..'",
        |t| word(t, 255, "._-/") && !t.starts_with(['/', '-']) && !t.ends_with('/') && !t.contains("..") && !t.contains("//");
    /// A CodeCommit pull request.
    PullRequestId, "pull request", "1 to 20 digits", |t| (1..=20).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
    /// A full Git commit id.
    CommitId, "commit id", "40 hexadecimal digits in lower case",
        |t| t.len() == 40 && t.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    /// A CodeBuild project.
    ProjectName, "CodeBuild project", "2 to 150 letters, digits, '_' and '-', a letter or digit first",
        |t| t.len() > 1 && word(t, 150, "_-") && t.starts_with(|c: char| c.is_ascii_alphanumeric());
    /// A CodeBuild build, by its ARN.
    BuildId, "CodeBuild build ARN", "arn:aws:codebuild:…:build/PROJECT:ID",
        |t| arn(t, "codebuild", |r| r.strip_prefix("build/").is_some_and(|r| word(r, 250, "_-:")));
    /// A CodePipeline pipeline.
    CodePipelineName, "CodePipeline pipeline", "1 to 100 letters, digits, '.', '@', '_' and '-'", |t| word(t, 100, ".@_-");
    /// An action of a CodePipeline pipeline.
    ActionName, "CodePipeline action", "1 to 100 letters, digits, '.', '@', '_' and '-'", |t| word(t, 100, ".@_-");
    /// An execution of a CodePipeline pipeline that builds a commit, by its id.
    PipelineBuildId, "CodePipeline execution", "1 to 64 letters, digits and '-'", |t| word(t, 64, "-");
    /// An ECR repository.
    ImageRepository, "ECR repository", "2 to 256 lower-case letters, digits, and '.', '_', '-' and '/' between them",
        |t| (2..=256).contains(&t.len()) && t.split('/').all(repository_part);
    /// A tag of an image.
    ImageTag, "image tag", "1 to 128 letters, digits, '.', '_' and '-', and no '.' or '-' as first character",
        |t| word(t, 128, "._-") && !t.starts_with(['.', '-']);
    /// The digest of an image, which identifies its content.
    ImageDigest, "image digest", "sha256: and 64 hexadecimal digits in lower case",
        |t| t.strip_prefix("sha256:").is_some_and(|d| d.len() == 64 && d.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
    /// An image in ECR, by its digest.
    ImageUri, "ECR image by digest", "ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY@sha256:DIGEST", image_uri;
    /// A CloudWatch alarm, by its name.
    AlarmName, "alarm name", "1 to 255 characters without control characters", |t| printable(t, 255);
    /// A CloudWatch alarm, by its ARN.
    AlarmArn, "alarm ARN", "arn:aws:cloudwatch:…:alarm:NAME",
        |t| printable(t, 1600) && arn(t, "cloudwatch", |r| r.strip_prefix("alarm:").is_some_and(|n| printable(n, 255)));
    /// A version of a model package, by its ARN. Unversioned packages are not deployed by Trimtab.
    PackageArn, "model package ARN", "arn:aws:sagemaker:…:model-package/GROUP/VERSION", |t| arn(t, "sagemaker", package_resource);
    /// One execution of a SageMaker pipeline, by its ARN.
    RunArn, "pipeline execution ARN", "arn:aws:sagemaker:…:pipeline/NAME/execution/ID", |t| arn(t, "sagemaker", run_resource);
    /// A Step Functions state machine, by its ARN; without version or alias.
    StateMachineArn, "state machine ARN", "arn:aws:states:…:stateMachine:NAME",
        |t| arn(t, "states", |r| r.strip_prefix("stateMachine:").is_some_and(|n| word(n, 80, "_-")));
    /// One execution of a STANDARD state machine, by its ARN.
    ExecutionArn, "execution ARN", "arn:aws:states:…:execution:MACHINE:NAME",
        |t| arn(t, "states", |r| r.strip_prefix("execution:").and_then(|r| r.split_once(':'))
            .is_some_and(|(machine, name)| word(machine, 80, "_-") && word(name, 80, "_-")));
    /// A location in S3.
    S3Uri, "S3 URI", "s3://BUCKET/KEY, up to 512 characters without spaces",
        |t| t.len() <= 512 && t.strip_prefix("s3://").is_some_and(|r| word(r.split('/').next().unwrap_or_default(), 63, ".-"))
            && t.chars().all(|c| c.is_ascii_graphic());
    /// A KMS key, by its id, its alias or its ARN.
    KmsKeyId, "KMS key", "1 to 2048 letters, digits, ':', '/', '_' and '-'", |t| word(t, 2048, ":/_-");
    /// A monitoring schedule of SageMaker. ARNs write it in lower case.
    ScheduleName, "monitoring schedule", "1 to 63 letters, digits and inner hyphens", |t| hyphenated(t, 63);
    /// A feature group of SageMaker Feature Store.
    FeatureGroupName, "feature group", "1 to 64 letters, digits, inner '_' and inner hyphens",
        |t| word(t, 64, "_-") && !t.starts_with(['_', '-']) && !t.ends_with(['_', '-']);
    /// A folder in a bucket, with its objects at any depth.
    S3Prefix, "prefix", "s3://BUCKET/FOLDER/ with 1 to 8 folders, each with a '/' after it", |t| t.strip_prefix("s3://")
        .and_then(|t| t.split_once('/')).is_some_and(|(name, folders)| bucket(name) && printable(folders, 900)
            && folders.ends_with('/') && !folders.starts_with('/') && !folders.contains("//") && (1..=MOST_FOLDERS).contains(&folders.matches('/').count()));
    /// An object, by its bucket and key.
    ObjectUri, "object", "s3://BUCKET/KEY", |t| t.strip_prefix("s3://")
        .and_then(|t| t.split_once('/')).is_some_and(|(name, key)| bucket(name) && printable(key, 1024) && key.len() <= 1024);
    /// An SNS topic, by its ARN.
    TopicArn, "topic ARN", "arn:aws:sns:…:NAME", |t| arn(t, "sns", |r| word(r, 256, "_-."));
    /// A CloudFormation stack, by its name.
    StackName, "stack name", "1 to 128 letters, digits and '-', a letter first",
        |t| word(t, 128, "-") && t.starts_with(|c: char| c.is_ascii_alphabetic());
    /// The URL of a CloudFormation template in S3.
    TemplateUrl, "template URL", "https://BUCKET.s3.REGION.amazonaws.com/KEY, or s3.REGION.amazonaws.com/BUCKET/KEY",
        |t| t.strip_prefix("https://").and_then(|r| r.split_once('/')).is_some_and(|(host, key)| {
            (host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn")) && word(host, 253, ".-")
                && (host.contains(".s3.") || host.contains(".s3-") || host.starts_with("s3.") || host.starts_with("s3-"))
                && word(key, 1024, "!-_.*'()/") && !key.contains("..")
        });
    /// An IAM role, by its ARN.
    RoleArn, "role ARN", "arn:aws:iam::ACCOUNT:role/NAME",
        |t| { let mut p = t.splitn(6, ':'); p.next() == Some("arn") && p.next().is_some_and(partition) && p.next() == Some("iam") && p.next() == Some("")
            && p.next().is_some_and(account) && p.next().is_some_and(|r| r.strip_prefix("role/").is_some_and(|n| word(n, 600, "+=,.@_-/"))) };
}

#[cfg(test)]
mod checks;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commit_is_forty_lower_case_hex_digits() {
        assert!(CommitId::parse(&"a1".repeat(20)).is_ok());
        for bad in ["", "main", "A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1", "7f0103f; rm -rf /"] {
            assert!(CommitId::parse(bad).is_err(), "{bad}");
        }
        assert!(CommitId::parse(&format!("{}\n", "a".repeat(40))).is_err());
    }

    #[test]
    fn package_without_version_is_refused() {
        for bad in [
            "model-package/churn",
            "model-package/churn/0",
            "model-package/churn/3/4",
            "model-package/../3",
            "endpoint/churn/3",
        ] {
            assert!(PackageArn::parse(&format!("arn:aws:sagemaker:eu-west-1:123456789012:{bad}")).is_err(), "{bad}");
        }
    }

    #[test]
    fn branch_that_is_an_option_or_a_command_is_refused() {
        for bad in ["--upload-pack=x", "a b", "a;b", "$(x)", "a/../b", ""] {
            assert!(BranchName::parse(bad).is_err(), "{bad}");
        }
        assert!(BranchName::parse("feature/tenure-bins").is_ok());
    }

    #[test]
    fn image_without_registry_or_digest_is_refused() {
        let digest = format!("sha256:{}", "a1".repeat(32));
        let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
        let uri = ImageUri::parse(&format!("{host}/team/churn@{digest}")).unwrap();
        assert_eq!((uri.account(), uri.repository(), uri.digest()), ("123456789012", "team/churn", digest.as_str()));
        let bad = [
            format!("{host}/churn:latest"),
            format!("{host}/churn@sha256:abc"),
            format!("public.ecr.aws/churn@{digest}"),
            format!("{host}.evil.example/churn@{digest}"),
            format!("{host}/../churn@{digest}"),
            format!("{host}/churn@{digest}\n"),
        ];
        for bad in bad {
            assert!(ImageUri::parse(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn prefix_is_a_folder_and_not_a_whole_bucket() {
        assert!(S3Prefix::parse("s3://churn-123456789012/features/").is_ok());
        for bad in ["s3://churn/", "s3://churn/features", "s3://churn/a//b/", "s3://Churn/a/", "churn/a/", "s3://../a/"]
        {
            assert!(S3Prefix::parse(bad).is_err(), "{bad}");
        }
        assert!(S3Prefix::parse(&format!("s3://churn/{}", "a/".repeat(9))).is_err());
        let uri = ObjectUri::parse("s3://churn/a/b.json").unwrap();
        assert_eq!((uri.bucket(), uri.key()), ("churn", "a/b.json"));
    }
}
