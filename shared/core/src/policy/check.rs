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
        Some((key, problem)) => {
            let key = placed(text, key);
            Err(fault(line_of_key(text, &key), &key, problem))
        }
        None => Ok(policy),
    }
}

/// A stage's target breaks the same rules as that of a policy without stages; its table is elsewhere.
fn placed(text: &str, key: &str) -> String {
    let staged = text.lines().any(|line| line.trim().starts_with("[[deploy.stages]]"));
    match key.strip_prefix("deploy.").filter(|rest| staged && *rest != "stages" && !rest.starts_with("stages.")) {
        Some(rest) => format!("deploy.stages.{rest}"),
        None => key.to_owned(),
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
        let line = line.strip_prefix("[[").map_or_else(|| line.to_owned(), |rest| format!("[{rest}"));
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

/// The first of these rules that does not hold.
pub(super) fn first<const N: usize>(rules: [(bool, &'static str, &'static str); N]) -> Option<Fault> {
    rules.into_iter().find(|(holds, ..)| !holds).map(|(_, key, problem)| (key, problem))
}

/// What the types cannot say. Gives the first key that breaks a rule, and the rule.
pub(super) fn limits(policy: &Policy) -> Option<Fault> {
    let rules = [
        (policy.version == VERSION, "version", "expected 1"),
        (!policy.owner.trim().is_empty(), "owner", "expected who answers for this model"),
    ];
    first(rules)
        .or_else(|| policy.integrate.as_ref().and_then(|table| integrate::limits(table, policy)))
        .or_else(|| policy.retrain.as_ref().and_then(|table| retrain::limits(table, policy.reconcile.is_some())))
        .or_else(|| unwatched(policy))
        .or_else(|| policy.deploy.as_ref().and_then(|table| deploy::limits(table, policy.reconcile.is_some())))
        .or_else(|| policy.evaluate.as_ref().and_then(evaluate::limits))
        .or_else(|| policy.monitor.as_ref().and_then(|table| monitor::limits(table, policy.endpoint())))
        .or_else(|| policy.notify.as_ref().and_then(|table| notify::limits(table, policy)))
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
