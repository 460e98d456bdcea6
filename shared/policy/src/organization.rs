//! `organization.toml`, beside the policies of the models: the rules that apply to all of them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::validate::{self, Fault};
use super::{PolicyError, Recipient, VERSION};
use trimtab_names::resource::ResourceKind;

/// The name of the file.
pub const FILE: &str = "organization.toml";

/// The policy of the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OrganizationPolicy {
    /// The version of the policy format: `1`.
    pub version: u32,
    /// The organization's rules for SageMaker resources. A missing rule is off; without this table, `guard` checks nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<Guard>,
    /// Recipients of messages, in addition to those in the policies of the models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<OrganizationNotify>,
}

/// The recipients that `trimtab apply` subscribes for all models.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct OrganizationNotify {
    /// Recipients of the messages of every model and of the platform, as `notify.recipients` in a model's policy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub all: Vec<Recipient>,
    /// Recipients of the messages that belong to no model, with the same keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub platform: Vec<Recipient>,
}

/// The organization's rules. A missing rule is off.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Guard {
    /// The tags that every resource must have, with a value. Messages show the value of `owner`.
    pub tags: BTreeSet<String>,
    /// Whether volumes, output and captured data must name a KMS key. Instances with local disks accept no key for their
    /// volumes and are exempt from that part.
    pub kms: bool,
    /// Whether jobs, models and notebook instances must be in a VPC, and notebook instances without direct internet access.
    pub vpc: bool,
    /// Whether the containers of jobs and models must have no network access.
    pub network_isolation: bool,
    /// The allowed instance types; `*` stands for any text. An empty list allows all.
    pub instance_types: BTreeSet<String>,
    /// The registries that images may come from, such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com`. An empty list
    /// allows all.
    pub registries: BTreeSet<String>,
    /// Whether images must be named by digest.
    pub image_digest: bool,
    /// The kinds of resources that are stopped in addition to being reported. Endpoints, their configurations and models
    /// are only reported.
    pub stop: BTreeSet<Stoppable>,
    /// ARNs of roles and users whose calls are not checked; `*` stands for any text after the account.
    pub exempt: BTreeSet<String>,
}

/// A kind of resource that `guard` can stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "each is the SageMaker resource it is named after")]
pub enum Stoppable {
    Training,
    Processing,
    Notebook,
}

impl Guard {
    /// Whether a resource of this kind is stopped when it violates a rule.
    #[must_use]
    pub fn stops(&self, kind: ResourceKind) -> bool {
        let kind = match kind {
            ResourceKind::Training => Stoppable::Training,
            ResourceKind::Processing => Stoppable::Processing,
            ResourceKind::Notebook => Stoppable::Notebook,
            ResourceKind::Model | ResourceKind::EndpointConfig | ResourceKind::Endpoint => return false,
        };
        self.stop.contains(&kind)
    }
}

impl OrganizationPolicy {
    /// Parses and validates the file; `label` is its name in errors.
    ///
    /// # Errors
    /// The first error, with file, line, key and expected value.
    pub fn parse(label: &str, text: &str) -> Result<Self, PolicyError> {
        validate::parse(label, text, |policy| limits(policy).map(|fault| (None, fault)))
    }
}

fn limits(policy: &OrganizationPolicy) -> Option<Fault> {
    let mut faults = Vec::new();
    let mut hold = |holds: bool, key, problem| {
        if !holds {
            faults.push((key, problem));
        }
    };
    hold(policy.version == VERSION, "version", "expected 1");
    let has_recipients = |notify: &OrganizationNotify| !notify.all.is_empty() || !notify.platform.is_empty();
    hold(
        policy.notify.as_ref().is_none_or(has_recipients),
        "notify",
        "expected all (every model and the platform), or platform",
    );
    let Some(guard) = &policy.guard else { return faults.into_iter().next() };
    hold(guard.tags.iter().all(|tag| is_tag(tag)), "guard.tags", "expected names of tags, 1 to 128 characters each");
    let instance = |kind: &String| kind.starts_with("ml.") && kind.len() <= 64;
    hold(
        guard.instance_types.iter().all(instance),
        "guard.instance_types",
        "expected SageMaker instance types such as \"ml.m5.large\" or \"ml.m5.*\"",
    );
    hold(
        guard.registries.iter().all(|registry| is_registry(registry)),
        "guard.registries",
        "expected registries such as \"123456789012.dkr.ecr.eu-west-1.amazonaws.com\", without a repository",
    );
    // A pattern for the account would exempt identities of foreign accounts.
    let identity = |arn: &String| arn.starts_with("arn:") && arn.split(':').nth(4).is_some_and(is_account);
    hold(
        guard.exempt.iter().all(identity),
        "guard.exempt",
        "expected ARNs of roles or users such as \"arn:aws:iam::123456789012:role/trimtab-*\"",
    );
    let has_rule = guard.kms || guard.vpc || guard.network_isolation || guard.image_digest;
    let lists = [&guard.tags, &guard.instance_types, &guard.registries];
    hold(
        has_rule || lists.iter().any(|list| !list.is_empty()),
        "guard",
        "expected at least one rule; to disable the guard, leave [guard] out",
    );
    faults.into_iter().next()
}

fn is_tag(tag: &str) -> bool {
    (1..=128).contains(&tag.chars().count()) && !tag.contains(char::is_control)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_registry(text: &str) -> bool {
    let host = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    text.contains('.') && text.len() <= 255 && text.chars().all(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORGANIZATION: &str = include_str!("../../../policies/organization.toml");

    fn fault(from: &str, to: &str) -> String {
        assert!(ORGANIZATION.contains(from), "{from}");
        OrganizationPolicy::parse("organization.toml", &ORGANIZATION.replacen(from, to, 1)).unwrap_err().to_string()
    }

    #[test]
    fn organization_example_has_every_key() {
        let policy = OrganizationPolicy::parse("organization.toml", ORGANIZATION).unwrap();
        let written = serde_json::to_value(&policy).unwrap();
        let back: OrganizationPolicy = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(back, policy);
        for (key, _) in written["guard"].as_object().unwrap() {
            assert!(ORGANIZATION.lines().any(|line| line.starts_with(&format!("{key} = "))), "{key}");
        }
    }

    #[test]
    fn fault_names_file_line_key_and_expected_value() {
        let line = 1 + ORGANIZATION.lines().position(|line| line.starts_with("exempt")).unwrap();
        let expected = format!(
            "organization.toml:{line}: guard.exempt: expected ARNs of roles or users such as \"arn:aws:iam::123456789012:role/trimtab-*\""
        );
        assert_eq!(fault("arn:aws:iam::123456789012:role/trimtab-*", "*"), expected);
    }

    #[test]
    fn rules_that_cannot_apply_are_refused() {
        assert!(fault("\"ml.m5.*\"", "\"m5.*\"").contains("guard.instance_types"));
        assert!(fault("amazonaws.com\"", "amazonaws.com/churn\"").contains("guard.registries"));
        assert!(fault("\"training\"", "\"endpoint\"").contains("guard.stop"));
        assert!(fault("kms = true", "kmz = true").contains("guard.kmz"));
        let nothing = OrganizationPolicy::parse("organization.toml", "version = 1\n[guard]\n").unwrap_err();
        assert!(nothing.to_string().contains("at least one rule"), "{nothing}");
    }

    #[test]
    fn recipients_of_the_organization_are_validated() {
        let fault = fault("platform@example.com", "platform");
        assert!(fault.contains("notify.all[0]: not a valid e-mail address"), "{fault}");
        let empty = OrganizationPolicy::parse("organization.toml", "version = 1\n[notify]\n").unwrap_err();
        assert!(empty.to_string().contains("notify: expected all"), "{empty}");
    }

    #[test]
    fn organization_without_guard_has_none() {
        assert_eq!(OrganizationPolicy::parse("organization.toml", "version = 1\n").unwrap().guard, None);
    }
}
