//! Faults in policies: each names the file, the line, the key and what was expected.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::{Key, Policy, Target, VERSION};

/// A fault in a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {key}: {problem}")]
pub struct PolicyError {
    /// The file, as the caller called it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The key, dotted.
    pub key: String,
    /// What is wrong, and what was expected.
    pub problem: String,
}

/// A key that breaks a rule, and the rule.
pub(super) type Fault = (&'static str, &'static str);

pub(super) fn parse<T: DeserializeOwned>(
    file: &str,
    text: &str,
    limits: fn(&T) -> Option<Fault>,
) -> Result<T, PolicyError> {
    let fault = |line, key: &str, problem: &str| PolicyError {
        file: file.to_owned(),
        line,
        key: if key == "." { "policy".to_owned() } else { crate::text::one_line(key, 120) },
        problem: crate::text::one_line(problem, 300),
    };
    let start = |span: Option<std::ops::Range<usize>>| span.map_or(1, |span| line_of(text, span.start));
    let source =
        toml::Deserializer::parse(text).map_err(|error| fault(start(error.span()), "policy", error.message()))?;
    let policy: T = serde_path_to_error::deserialize(source).map_err(|error| {
        let inner = error.inner();
        fault(start(inner.span()), &error.path().to_string(), inner.message())
    })?;
    match limits(&policy) {
        Some((key, problem)) => Err(fault(line_of_key(text, key), key, problem)),
        None => Ok(policy),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// The line on which a dotted key is set: its last part, below the header of the rest.
fn line_of_key(text: &str, key: &str) -> usize {
    let (table, last) = key.rsplit_once('.').unwrap_or(("", key));
    let mut here = String::new();
    let mut header = 1;
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            name.trim().clone_into(&mut here);
            if here == table {
                header = number;
            }
        } else if here == table && line.split('=').next().is_some_and(|name| name.trim() == last) {
            return number;
        }
    }
    header
}

/// What the types cannot say. Gives the first key that breaks a rule, and the rule.
pub(super) fn limits(policy: &Policy) -> Option<Fault> {
    let mut faults = Vec::new();
    let mut hold = |holds: bool, key, problem| {
        if !holds {
            faults.push((key, problem));
        }
    };
    hold(policy.version == VERSION, "version", "expected 1");
    hold(!policy.owner.trim().is_empty(), "owner", "expected who answers for this model");
    if let Some(integrate) = &policy.integrate {
        hold(!integrate.branches.is_empty(), "integrate.branches", "expected at least one branch");
        hold(
            integrate.definition.is_none() || policy.retrain.is_some(),
            "integrate.definition",
            "expected a [retrain] table: its pipeline is what the definition is for",
        );
    }
    if let Some(retrain) = &policy.retrain {
        hold(
            retrain.budget.runs > 0,
            "retrain.budget",
            "expected runs to be at least 1; to switch training off, leave [retrain] out",
        );
        hold(retrain.give_up_after > 0, "retrain.give_up_after", "expected at least 1");
        // CloudWatch describes so many at once.
        hold(retrain.alarms.len() <= 100, "retrain.alarms", "expected at most 100 alarms");
        hold(!retrain.drift.is_empty(), "retrain.drift", "expected at least one kind of drift");
    }
    if let Some(Target::Endpoint(target)) = policy.deploy.as_ref().map(|deploy| &deploy.target) {
        hold(target.instances > 0, "deploy.endpoint.instances", "expected at least 1");
        hold(
            target.instance_type.starts_with("ml."),
            "deploy.endpoint.instance_type",
            "expected a SageMaker instance type such as \"ml.m5.large\"",
        );
        if let Some(canary) = &target.canary {
            hold((1..=50).contains(&canary.percent), "deploy.endpoint.canary.percent", "expected 1 to 50");
            hold(
                canary.bake.as_secs() <= 3600,
                "deploy.endpoint.canary.bake",
                "expected at most \"1h\": SageMaker bakes no longer",
            );
            hold(
                (1..=10).contains(&canary.alarms.len()),
                "deploy.endpoint.canary.alarms",
                "expected 1 to 10 alarms: without one, nothing ever sends a canary back",
            );
        }
        if let Some(scaling) = &target.autoscaling {
            hold(scaling.min > 0 && scaling.min <= scaling.max, "deploy.endpoint.autoscaling.min", "expected 1 to max");
            hold(
                scaling.invocations_per_instance > 0,
                "deploy.endpoint.autoscaling.invocations_per_instance",
                "expected at least 1",
            );
        }
    }
    faults.into_iter().chain(policy.evaluate.as_ref().and_then(super::evaluate::limits)).next()
}

/// Refuses policies that claim one model or one name twice.
///
/// # Errors
/// The first claim that is made twice; both files are named.
pub fn check_all(policies: &[(String, Policy)]) -> Result<(), PolicyError> {
    let fault = |file: &str, key: &str, problem: String| PolicyError {
        file: file.to_owned(),
        line: 1,
        key: key.to_owned(),
        problem,
    };
    let mut models = BTreeMap::new();
    let mut owners: BTreeMap<Key, &str> = BTreeMap::new();
    for (file, policy) in policies {
        if let Some(other) = models.insert(&policy.model, file) {
            return Err(fault(file, "model", format!("model {} has a policy already, in {other}", policy.model)));
        }
        for key in policy.keys() {
            let shown = key.to_string();
            if let Some(other) = owners.insert(key, file) {
                return Err(fault(file, "policy", format!("{shown} belongs to the policy in {other} already")));
            }
        }
    }
    Ok(())
}
