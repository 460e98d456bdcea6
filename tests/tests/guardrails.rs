//! The service control policies agree with `policies/organization.toml` and meet the limits of AWS Organizations.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use trimtab_cloud::root;
use trimtab_core::policy::{Guard, OrganizationPolicy};

/// The maximum length of a service control policy in characters.
const LONGEST: usize = 5120;

fn guardrails() -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for file in std::fs::read_dir(root().join("infra/guardrails")).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_some_and(|ending| ending == "json") {
            let text = std::fs::read_to_string(&file).unwrap();
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(text.chars().count() < LONGEST, "{name}");
            found.insert(name, serde_json::from_str(&text).unwrap());
        }
    }
    found
}

fn guard() -> Guard {
    let text = std::fs::read_to_string(root().join("policies/organization.toml")).unwrap();
    OrganizationPolicy::parse("organization.toml", &text).unwrap().guard.unwrap()
}

fn statements(policy: &Value) -> &Vec<Value> {
    policy["Statement"].as_array().unwrap()
}

#[test]
fn policies_contain_only_deny_statements() {
    let mut count = 0;
    for (name, policy) in guardrails() {
        assert_eq!(policy["Version"], "2012-10-17", "{name}");
        for statement in statements(&policy) {
            assert_eq!((&statement["Effect"], &statement["Resource"]), (&json!("Deny"), &json!("*")), "{name}");
            assert!(!statement["Condition"].as_object().unwrap().is_empty(), "{name}: it would deny always");
            count += 1;
        }
    }
    assert!(count >= 9, "{count}");
}

#[test]
fn trimtab_roles_are_exempt_except_from_regions() {
    let exempt = guard().exempt;
    let names: BTreeSet<&str> = exempt.iter().map(|arn| arn.rsplit(':').next().unwrap()).collect();
    for (name, policy) in guardrails().iter().filter(|(name, _)| *name != "regions.json") {
        for statement in statements(policy) {
            let arns = statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"].as_array().unwrap();
            let roles: BTreeSet<&str> =
                arns.iter().map(|arn| arn.as_str().unwrap().rsplit(':').next().unwrap()).collect();
            assert_eq!(roles, names, "{name}");
        }
    }
}

#[test]
fn tags_and_instance_types_match_organization_policy() {
    let (guard, policies) = (guard(), guardrails());
    let required: BTreeSet<String> = statements(&policies["tags.json"])
        .iter()
        .filter_map(|statement| statement["Condition"]["Null"].as_object())
        .flat_map(|keys| keys.keys().map(|key| key.trim_start_matches("aws:RequestTag/").to_owned()))
        .collect();
    assert_eq!(required, guard.tags);
    let condition = &statements(&policies["instance-types.json"])[0]["Condition"];
    let types: BTreeSet<String> =
        serde_json::from_value(condition["ForAnyValue:StringNotLike"]["sagemaker:InstanceTypes"].clone()).unwrap();
    assert_eq!(types, guard.instance_types);
}

/// The table in the README has a row for each rule of `[guard]`.
#[test]
fn readme_lists_every_rule_and_policy() {
    let readme = std::fs::read_to_string(root().join("infra/guardrails/README.md")).unwrap();
    let rows: BTreeMap<&str, &str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(rule, rest)| (rule, rest.split(" |").next().unwrap_or_default()))
        .collect();
    let written = serde_json::to_value(guard()).unwrap();
    let rules: BTreeSet<&str> = written.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(rows.keys().copied().collect::<BTreeSet<_>>(), rules);
    let policies = guardrails();
    for (rule, policy) in &rows {
        let there = policies.contains_key(policy.trim_matches('`'));
        assert!(there || matches!(*policy, "none" | "in each"), "{rule}: {policy}");
    }
    for name in policies.keys() {
        assert!(readme.contains(&format!("`{name}`")), "{name} is not in the README");
    }
}
