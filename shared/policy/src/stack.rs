//! `[deploy.stack]`: a CloudFormation stack that takes the ARN of the version as a parameter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::validate::{Fault, first};
use trimtab_names::name::{RoleArn, StackName, TemplateUrl};

/// The most parameters of a CloudFormation stack.
const PARAMETERS: usize = 200;

/// A CloudFormation stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StackTarget {
    /// The stack. Trimtab creates it with the first approved version.
    pub name: StackName,
    /// The template in S3, by its URL.
    pub template: TemplateUrl,
    /// The role that CloudFormation assumes.
    pub role: RoleArn,
    /// The parameter of the template that receives the ARN of the version.
    pub parameter: String,
    /// The other parameters of the template.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// The permissions of the template to change IAM: `"CAPABILITY_IAM"` or `"CAPABILITY_NAMED_IAM"`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
}

/// A permission of a template to change IAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Capability {
    /// Allows IAM resources with generated names.
    #[serde(rename = "CAPABILITY_IAM")]
    Iam,
    /// Allows IAM resources with custom names, too.
    #[serde(rename = "CAPABILITY_NAMED_IAM")]
    NamedIam,
}

pub(super) fn limits(stack: &StackTarget) -> Option<Fault> {
    let word = |name: &str| (1..=255).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric());
    first([
        (word(&stack.parameter), "deploy.stack.parameter", "expected letters and digits"),
        (
            stack.parameters.keys().all(|name| word(name) && *name != stack.parameter),
            "deploy.stack.parameters",
            "expected names of letters and digits, without the one that takes the ARN of the version",
        ),
        (stack.parameters.len() < PARAMETERS, "deploy.stack.parameters", "expected at most 199"),
        (
            stack.parameters.values().all(|value| value.len() <= 4096 && !value.chars().any(char::is_control)),
            "deploy.stack.parameters",
            "expected values of at most 4096 bytes on one line",
        ),
    ])
}
