//! Faults in policies: each names the file, the line, the key and what was expected.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::{Key, Policy, VERSION, deploy, evaluate, integrate, monitor, notify, retrain};

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

/// A fault, and in which of the stages, from 0, where it is in one.
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

/// A stage's target breaks the same rules as that of a policy without stages; its table is elsewhere.
fn placed(key: &str, stage: Option<usize>) -> String {
    match key.strip_prefix("deploy.").filter(|rest| stage.is_some() && !rest.starts_with("stages")) {
        Some(rest) => format!("deploy.stages.{rest}"),
        None => key.to_owned(),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// The line on which a dotted key is set; where it is in a table in braces, or left out, that of the
/// innermost table around it. Of several stages only this one's lines count.
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

/// The table that a line opens.
fn header(line: &str) -> Option<&str> {
    line.strip_prefix("[[").or_else(|| line.strip_prefix('[')).and_then(|rest| rest.split(']').next()).map(str::trim)
}

/// The first of these rules that does not hold.
pub(super) fn first<const N: usize>(rules: [(bool, &'static str, &'static str); N]) -> Option<Fault> {
    rules.into_iter().find(|(holds, ..)| !holds).map(|(_, key, problem)| (key, problem))
}

/// What the types cannot say. Gives the first key that breaks a rule, and the rule.
pub(super) fn limits(policy: &Policy) -> Option<Found> {
    let rules = [
        (policy.version == VERSION, "version", "expected 1"),
        (!policy.owner.trim().is_empty(), "owner", "expected who answers for this model"),
    ];
    let looks = policy.reconcile.is_some();
    let before = first(rules)
        .or_else(|| policy.integrate.as_ref().and_then(|table| integrate::limits(table, policy)))
        .or_else(|| policy.retrain.as_ref().and_then(|table| retrain::limits(table, looks)))
        .or_else(|| unwatched(policy));
    let after = || {
        let tests = policy.evaluate.as_ref().and_then(evaluate::limits);
        tests
            .or_else(|| policy.monitor.as_ref().and_then(|table| monitor::limits(table, policy.endpoint())))
            .or_else(|| policy.notify.as_ref().and_then(|table| notify::limits(table, policy)))
    };
    let stages = || policy.deploy.as_ref().and_then(|table| deploy::limits(table, looks));
    before.map(|fault| (None, fault)).or_else(stages).or_else(|| after().map(|fault| (None, fault)))
}

/// Of what nobody tells, looking must: without it an incident would stay open for ever.
fn unwatched(policy: &Policy) -> Option<Fault> {
    let tells = policy.retrain.as_ref().is_none_or(|table| table.engine.tells());
    let problem = "expected a [reconcile] table: of the runs of this engine AWS tells nothing, and they are looked at";
    (!tells && policy.reconcile.is_none()).then_some(("retrain", problem))
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
