//! A person asks for a run: the request, as the operator's command puts it on the suite's bus and as
//! `retrain` reads it.

use jiff::{Timestamp, Unit};
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::ModelName;
use trimtab_core::text::{digest, one_line};

use crate::incident::{Kind, Trigger};

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The model.
    pub model: ModelName,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// By what it is known again: one request is one run. The minute, unless given.
    pub id: Option<String>,
    /// Whether it is wanted whatever has been spent.
    pub over_budget: bool,
}

/// The fact that asks for the run.
#[must_use]
pub fn request(asked: &Request, now: Timestamp) -> Fact {
    let minute = || now.round(Unit::Minute).unwrap_or(now).to_string();
    let id = asked.id.as_deref().map_or_else(minute, |id| one_line(id, 80));
    let mut details =
        [("by", one_line(&asked.by, 80)), ("reason", one_line(&asked.reason, 200)), ("request", id.clone())]
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec();
    if asked.over_budget {
        details.push(("over_budget".to_owned(), "true".to_owned()));
    }
    Fact {
        kind: FactKind::TrainingRequested,
        version: fact::VERSION,
        model: Some(asked.model.clone()),
        dedup_key: format!("request/{}/{}", asked.model, digest(&[&id], 16)),
        at: now,
        reasons: vec![format!("{} asks: {}", one_line(&asked.by, 80), one_line(&asked.reason, 200))],
        details: details.into_iter().collect(),
    }
}

/// The trigger, where a person asks; `None` where something else does.
pub(crate) fn asked(fact: &Fact) -> Option<Trigger> {
    let text = |name: &str| fact.details.get(name).filter(|text| !text.is_empty());
    let by = one_line(text("by")?, 80);
    let why = text("reason").map_or_else(|| "no reason given".to_owned(), |reason| one_line(reason, 200));
    let id = text("request").unwrap_or(&fact.dedup_key);
    let over_budget = text("over_budget").is_some_and(|word| word == "true");
    let leave = if over_budget { ", over the budget" } else { "" };
    let trigger =
        Trigger::new(Kind::Operator, format!("operator/{}", one_line(id, 80)), format!("{by} asks{leave}: {why}"));
    Some(Trigger { over_budget, ..trigger })
}
