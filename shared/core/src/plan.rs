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
    /// The work waits in the ledger for the event that frees its target.
    Parked,
    /// The event, or the world, will not have it. Kept and reported.
    Rejected,
}

impl Decision {
    /// The word that logs, metrics and the ledger use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Acted => "acted",
            Self::Skipped => "skipped",
            Self::Parked => "parked",
            Self::Rejected => "rejected",
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

    /// The event is refused, for this reason.
    pub fn reject(code: &'static str, text: impl AsRef<str>) -> Self {
        Self::only(Decision::Rejected, Reason::new(code, text))
    }

    /// The aggregate moves on, with no action.
    pub fn note(state: S, code: &'static str, text: impl AsRef<str>) -> Self {
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
    pub fn telling(mut self, fact: Fact) -> Self {
        self.facts.push(fact);
        self
    }

    /// The same plan with one more action.
    #[must_use]
    pub fn doing(mut self, action: A) -> Self {
        self.actions.push(action);
        self
    }
}
