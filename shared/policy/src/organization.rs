//! What holds for the whole suite, whatever the model: `organization.toml`, beside the models' policies.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::check::{self, Fault};
use super::{PolicyError, Recipient, VERSION};
use trimtab_names::resource::ResourceKind;

/// What the file is called.
pub const FILE: &str = "organization.toml";

/// What holds for the whole suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationPolicy {
    /// The shape's version: [`VERSION`].
    pub version: u32,
    /// The organization's rules for what people make in SageMaker; absent means nobody looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<Guard>,
    /// Who is told, besides those whom the models' policies name; absent means nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<OrganizationNotify>,
}

/// Whom `trimtab apply` subscribes to the topic, whatever the model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrganizationNotify {
    /// Subscribers to the messages of every model and of the platform.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub all: Vec<Recipient>,
    /// Subscribers to the messages of the platform: those that belong to no model.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub platform: Vec<Recipient>,
}

/// The organization's rules. What is left out is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Guard {
    /// Tags that everything must have, with a value.
    pub tags: BTreeSet<String>,
    /// Whether volumes and outputs must be encrypted with a named KMS key.
    pub kms: bool,
    /// Whether jobs, models and notebooks must be in a VPC, and notebooks in nothing else.
    pub vpc: bool,
    /// Whether the containers of jobs and models must be cut off from the network.
    pub network_isolation: bool,
    /// The instance types that may be used, `*` for anything; any if empty.
    pub instance_types: BTreeSet<String>,
    /// The registries that images may come from, such as
    /// `123456789012.dkr.ecr.eu-west-1.amazonaws.com`; any if empty.
    pub registries: BTreeSet<String>,
    /// Whether images must be named by digest.
    pub image_digest: bool,
    /// What is stopped, besides being reported.
    pub stop: BTreeSet<Stoppable>,
    /// ARNs of roles and users whose calls are not looked at, `*` for anything.
    pub exempt: BTreeSet<String>,
}

/// What can be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "each is the SageMaker resource it is named after")]
pub enum Stoppable {
    Training,
    Processing,
    Notebook,
}

impl Guard {
    /// Whether what is of this kind and breaks a rule is stopped.
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
    /// Reads the file; `label` is what errors call it.
    ///
    /// # Errors
    /// One fault, with file, line, key and what was expected.
    pub fn parse(label: &str, text: &str) -> Result<Self, PolicyError> {
        check::parse(label, text, |policy| limits(policy).map(|fault| (None, fault)))
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
    let told = policy.notify.as_ref().is_none_or(|told| !told.all.is_empty() || !told.platform.is_empty());
    hold(told, "notify", "expected all (every model and the platform), or platform");
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
    // A star in front would let anybody's account in.
    let identity = |arn: &String| arn.starts_with("arn:") && arn.split(':').nth(4).is_some_and(is_account);
    hold(
        guard.exempt.iter().all(identity),
        "guard.exempt",
        "expected ARNs of roles or users such as \"arn:aws:iam::123456789012:role/trimtab-*\"",
    );
    let demands = guard.kms || guard.vpc || guard.network_isolation || guard.image_digest;
    let lists = [&guard.tags, &guard.instance_types, &guard.registries];
    hold(
        demands || lists.iter().any(|list| !list.is_empty()),
        "guard",
        "expected at least one rule; to switch the guard off, leave [guard] out",
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
    fn the_example_uses_every_key_and_survives_the_ledger() {
        let policy = OrganizationPolicy::parse("organization.toml", ORGANIZATION).unwrap();
        let written = serde_json::to_value(&policy).unwrap();
        let back: OrganizationPolicy = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(back, policy);
        for (key, _) in written["guard"].as_object().unwrap() {
            assert!(ORGANIZATION.lines().any(|line| line.starts_with(&format!("{key} = "))), "{key}");
        }
    }

    #[test]
    fn a_fault_names_file_line_key_and_what_was_expected() {
        let line = 1 + ORGANIZATION.lines().position(|line| line.starts_with("exempt")).unwrap();
        let expected = format!(
            "organization.toml:{line}: guard.exempt: expected ARNs of roles or users such as \"arn:aws:iam::123456789012:role/trimtab-*\""
        );
        assert_eq!(fault("arn:aws:iam::123456789012:role/trimtab-*", "*"), expected);
    }

    #[test]
    fn rules_that_could_not_hold_are_refused() {
        assert!(fault("\"ml.m5.*\"", "\"m5.*\"").contains("guard.instance_types"));
        assert!(fault("amazonaws.com\"", "amazonaws.com/churn\"").contains("guard.registries"));
        assert!(fault("\"training\"", "\"endpoint\"").contains("guard.stop"));
        assert!(fault("kms = true", "kmz = true").contains("guard.kmz"));
        let nothing = OrganizationPolicy::parse("organization.toml", "version = 1\n[guard]\n").unwrap_err();
        assert!(nothing.to_string().contains("at least one rule"), "{nothing}");
    }

    #[test]
    fn who_is_told_whatever_the_model_is_checked_as_in_a_models_policy() {
        let fault = fault("platform@example.com", "platform");
        assert!(fault.contains("notify.all[0]: not a valid e-mail address"), "{fault}");
        let nobody = OrganizationPolicy::parse("organization.toml", "version = 1\n[notify]\n").unwrap_err();
        assert!(nobody.to_string().contains("notify: expected all"), "{nobody}");
    }

    #[test]
    fn without_the_table_nobody_looks() {
        assert_eq!(OrganizationPolicy::parse("organization.toml", "version = 1\n").unwrap().guard, None);
    }
}
