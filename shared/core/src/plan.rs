//! The answer of a decision: what to do and why, or why not. A plan says why also when it does
//! nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fact::Fact;

/// How a reaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// The suite changed the world, or its own record of it.
    Acted,
    /// Nothing was to be done.
    Skipped,
    /// The work is queued in the ledger until its target is free.
    Deferred,
    /// A permanent failure: reported, and dead-lettered unless the event is periodic.
    Failed,
}

impl Decision {
    /// The word that logs, metrics and the ledger use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Acted => "acted",
            Self::Skipped => "skipped",
            Self::Deferred => "deferred",
            Self::Failed => "failed",
        }
    }
}

/// One reason: a code for metrics and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// A short, stable word such as `cool_down`.
    pub code: &'static str,
    /// The sentence. Safe to show.
    pub text: String,
}

impl Reason {
    /// A reason; the sentence passes the sanitiser.
    pub fn new(code: &'static str, text: impl AsRef<str>) -> Self {
        Self { code, text: crate::text::one_line(text.as_ref(), 400) }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What a decision wants: the aggregate as it shall stand, the actions in order, and what to say.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan<S, A> {
    /// How the reaction ends if all goes well.
    pub decision: Decision,
    /// Why. Never empty.
    pub reasons: Vec<Reason>,
    /// The aggregate to be written before the first action, so that a crash leaves the intent on
    /// record; `None` leaves it as it was.
    pub state: Option<S>,
    /// What to do to the world, in order.
    pub actions: Vec<A>,
    /// What to tell, besides what the actions' outcomes tell.
    pub facts: Vec<Fact>,
}

impl<S, A> Plan<S, A> {
    /// Nothing is to be done, for this reason.
    pub fn skip(code: &'static str, text: impl AsRef<str>) -> Self {
        Self::only(Decision::Skipped, Reason::new(code, text))
    }

    /// A permanent failure, for this reason.
    pub fn fail(code: &'static str, text: impl AsRef<str>) -> Self {
        Self::only(Decision::Failed, Reason::new(code, text))
    }

    /// The aggregate moves on, with no action.
    pub fn update(state: S, code: &'static str, text: impl AsRef<str>) -> Self {
        Self { state: Some(state), ..Self::only(Decision::Acted, Reason::new(code, text)) }
    }

    /// A decision with its reason and nothing else.
    #[must_use]
    pub fn only(decision: Decision, reason: Reason) -> Self {
        Self { decision, reasons: vec![reason], state: None, actions: Vec::new(), facts: Vec::new() }
    }

    /// The same plan with the aggregate as it shall stand.
    #[must_use]
    pub fn with_state(mut self, state: S) -> Self {
        self.state = Some(state);
        self
    }

    /// The same plan with one more thing to tell.
    #[must_use]
    pub fn with_fact(mut self, fact: Fact) -> Self {
        self.facts.push(fact);
        self
    }

    /// The same plan with one more action.
    #[must_use]
    pub fn with_action(mut self, action: A) -> Self {
        self.actions.push(action);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::FactKind;

    fn fact(dedup_key: &str) -> Fact {
        Fact {
            kind: FactKind::RolloutStarted,
            version: 1,
            model: None,
            dedup_key: dedup_key.to_owned(),
            at: jiff::Timestamp::UNIX_EPOCH,
            reasons: Vec::new(),
            details: [].into(),
        }
    }

    #[test]
    fn decision_is_one_word_in_logs_metrics_and_the_ledger() {
        let words = [
            (Decision::Acted, "acted"),
            (Decision::Skipped, "skipped"),
            (Decision::Deferred, "deferred"),
            (Decision::Failed, "failed"),
        ];
        for (decision, word) in words {
            assert_eq!((decision.as_str(), serde_json::to_value(decision).unwrap()), (word, word.into()));
        }
    }

    #[test]
    fn plan_says_why_also_when_it_does_nothing() {
        let skip = Plan::<u8, u8>::skip("cool_down", "too soon");
        assert_eq!(
            (skip.decision, skip.reasons[0].code, skip.reasons[0].text.as_str()),
            (Decision::Skipped, "cool_down", "too soon")
        );
        assert_eq!((skip.state, skip.actions.len(), skip.facts.len()), (None, 0, 0));
        assert_eq!(Plan::<u8, u8>::fail("unknown", "no such version").decision, Decision::Failed);
        let note = Plan::<u8, u8>::update(7, "noted", "written down");
        assert_eq!((note.decision, note.state, note.actions.len()), (Decision::Acted, Some(7), 0));
    }

    #[test]
    fn plan_is_added_to_in_order() {
        let plan = Plan::only(Decision::Acted, Reason::new("due", "due"));
        let plan = plan
            .with_state(1)
            .with_action("a")
            .with_action("b")
            .with_fact(fact("x"))
            .with_fact(fact("y"))
            .with_state(2);
        assert_eq!((plan.state, plan.actions), (Some(2), vec!["a", "b"]));
        assert_eq!(plan.facts, [fact("x"), fact("y")]);
    }

    #[test]
    fn reason_is_one_line_of_at_most_400_characters() {
        let reason = Reason::new("x", "a\n".repeat(400));
        assert!(!reason.text.contains('\n'));
        assert_eq!(reason.text.chars().count(), 400);
        assert_eq!(reason.to_string(), reason.text);
    }
}
