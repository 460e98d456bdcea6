//! Validation of policies: an error names the file, the line, the key and the expected value.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::{Key, Policy, VERSION, deploy, evaluate, integrate, monitor, notify, retrain};

/// An error in a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {key}: {problem}")]
pub struct PolicyError {
    /// The file, by the label of the caller.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The key, dotted.
    pub key: String,
    /// The problem and the expected value.
    pub problem: String,
}

/// A key that breaks a rule, and the expected value.
pub(super) type Fault = (&'static str, &'static str);

/// A fault, and the index of its stage if it is in one.
pub(super) type Found = (Option<usize>, Fault);

pub(super) fn parse<T: DeserializeOwned>(
    file: &str,
    text: &str,
    limits: fn(&T) -> Option<Found>,
) -> Result<T, PolicyError> {
    let fault = |line, key: &str, problem: &str| PolicyError {
        file: file.to_owned(),
        line,
        key: if key == "." { "policy".to_owned() } else { trimtab_names::text::one_line(key, 120) },
        problem: trimtab_names::text::one_line(problem, 300),
    };
    let start = |span: Option<std::ops::Range<usize>>| span.map_or(1, |span| line_of(text, span.start));
    let source =
        toml::Deserializer::parse(text).map_err(|error| fault(start(error.span()), "policy", error.message()))?;
    let policy: T = serde_path_to_error::deserialize(source).map_err(|error| {
        let inner = error.inner();
        fault(start(inner.span()), &error.path().to_string(), inner.message())
    })?;
    match limits(&policy) {
        Some((stage, (key, problem))) => {
            let key = placed(key, stage);
            Err(fault(line_of_key(text, &key, stage), &key, problem))
        }
        None => Ok(policy),
    }
}

/// Moves the key of a target below `deploy.stages`, if the fault is in a stage: the rules of a target name the key of a
/// policy without stages.
fn placed(key: &str, stage: Option<usize>) -> String {
    match key.strip_prefix("deploy.").filter(|rest| stage.is_some() && !rest.starts_with("stages")) {
        Some(rest) => format!("deploy.stages.{rest}"),
        None => key.to_owned(),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// The line that sets a dotted key, or the line of the innermost table around it if the key is missing or in an inline
/// table. With several stages, only the lines of this stage count.
fn line_of_key(text: &str, key: &str, stage: Option<usize>) -> usize {
    let (mut here, mut stages) = (String::new(), 0);
    let (mut depth, mut found) = (0, 1);
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        let path = match (header(line), line.split_once('=')) {
            (Some(name), _) => {
                stages += usize::from(line.starts_with("[[deploy.stages]]"));
                name.clone_into(&mut here);
                here.clone()
            }
            (None, Some((name, _))) if here.is_empty() => name.trim().to_owned(),
            (None, Some((name, _))) => format!("{here}.{}", name.trim()),
            (None, None) => continue,
        };
        let elsewhere = here.starts_with("deploy.stages") && stage.is_some_and(|stage| stages != stage + 1);
        let around = key.strip_prefix(&path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if around && !elsewhere && path.len() > depth {
            (depth, found) = (path.len(), number);
        }
    }
    found
}

/// The name of the table that the line opens.
fn header(line: &str) -> Option<&str> {
    line.strip_prefix("[[").or_else(|| line.strip_prefix('[')).and_then(|rest| rest.split(']').next()).map(str::trim)
}

/// The first rule that is broken.
pub(super) fn first<const N: usize>(rules: [(bool, &'static str, &'static str); N]) -> Option<Fault> {
    rules.into_iter().find(|(holds, ..)| !holds).map(|(_, key, problem)| (key, problem))
}

/// Validates the rules that types cannot express, and returns the first broken one.
pub(super) fn limits(policy: &Policy) -> Option<Found> {
    let rules = [
        (policy.version == VERSION, "version", "expected 1"),
        (!policy.owner.trim().is_empty(), "owner", "expected the team or operator that is responsible for the model"),
    ];
    let reconciled = policy.reconcile.is_some();
    let before = first(rules)
        .or_else(|| policy.integrate.as_ref().and_then(|table| integrate::limits(table, policy)))
        .or_else(|| policy.retrain.as_ref().and_then(|table| retrain::limits(table, reconciled)))
        .or_else(|| without_events(policy));
    let after = || {
        let tests = policy.evaluate.as_ref().and_then(evaluate::limits);
        tests
            .or_else(|| policy.monitor.as_ref().and_then(|table| monitor::limits(table, policy.endpoint())))
            .or_else(|| policy.notify.as_ref().and_then(|table| notify::limits(table, policy)))
    };
    let stages = || policy.deploy.as_ref().and_then(|table| deploy::limits(table, reconciled));
    before.map(|fault| (None, fault)).or_else(stages).or_else(|| after().map(|fault| (None, fault)))
}

/// Requires `[reconcile]` for an engine without events: otherwise its incidents would stay open indefinitely.
fn without_events(policy: &Policy) -> Option<Fault> {
    let sends_events = policy.retrain.as_ref().is_none_or(|table| table.engine.sends_events());
    let problem =
        "expected a [reconcile] table: this engine sends no events, so only reconciling finds the end of a run";
    (!sends_events && policy.reconcile.is_none()).then_some(("retrain", problem))
}

/// Refuses two policies for one model, or with one name in common.
///
/// # Errors
/// The first conflict, with both files.
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
            return Err(fault(file, "model", format!("model {} already has a policy in {other}", policy.model)));
        }
        for key in policy.keys() {
            let shown = key.to_string();
            if let Some(other) = owners.insert(key, file) {
                return Err(fault(file, "policy", format!("{shown} already belongs to the policy in {other}")));
            }
        }
    }
    Ok(())
}
