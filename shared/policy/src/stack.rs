//! `[deploy.stack]`: a CloudFormation stack that takes the package's ARN as a parameter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::check::{Fault, first};
use trimtab_names::name::{RoleArn, StackName, TemplateUrl};

/// CloudFormation takes no more parameters.
const PARAMETERS: usize = 200;

/// A stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackTarget {
    /// The stack.
    pub name: StackName,
    /// Where its template is, in S3.
    pub template: TemplateUrl,
    /// The role that CloudFormation works as.
    pub role: RoleArn,
    /// The parameter that takes the package's ARN.
    pub parameter: String,
    /// Its other parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// What the template may do to IAM; nothing unless said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
}

/// What a template may do to IAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Capability {
    /// Roles and policies whose names CloudFormation makes up.
    #[serde(rename = "CAPABILITY_IAM")]
    Iam,
    /// Those with names of their own, too.
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
            "expected names of letters and digits, without the one that takes the package's ARN",
        ),
        (stack.parameters.len() < PARAMETERS, "deploy.stack.parameters", "expected at most 199"),
        (
            stack.parameters.values().all(|value| value.len() <= 4096 && !value.chars().any(char::is_control)),
            "deploy.stack.parameters",
            "expected values of at most 4096 bytes on one line",
        ),
    ])
}
