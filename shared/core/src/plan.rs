//! The result of a decision: the new state, the actions, and the reasons. A plan has a reason also when it does nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fact::Fact;

/// How a reaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Trimtab changed something in AWS or in its own state.
    Acted,
    /// Nothing had to be done.
    Skipped,
    /// The work is queued in the ledger until its target is free.
    Deferred,
    /// A permanent failure: reported, and dead-lettered unless the event is periodic.
    Failed,
}

impl Decision {
    /// The word in logs, metrics and the ledger.
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

/// One reason: a stable code for programs, and a sentence for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// A code of the function's [`reason_codes!`](crate::reason_codes), such as `cool_down`.
    pub code: &'static str,
    /// One line of at most 400 characters; safe to display.
    pub text: String,
}

impl Reason {
    /// A reason; control characters of the sentence are removed.
    pub fn new(code: impl Into<&'static str>, text: impl AsRef<str>) -> Self {
        Self { code: code.into(), text: crate::text::one_line(text.as_ref(), 400) }
    }
}

/// Defines a function's reason codes: an enum with one variant for each code, its text and its meaning.
///
/// The texts are stable: operators filter `trimtab history` by them. `docs/reference/reasons.md` is generated from `ALL`.
///
/// ```
/// trimtab_core::reason_codes! {
///     /// Reasons of an example.
///     pub Code {
///         CoolDown = "cool_down" => "The last run ended less than `retrain.cool_down` ago.",
///     }
/// }
/// assert_eq!((Code::CoolDown.as_str(), Code::ALL.len()), ("cool_down", 1));
/// assert_eq!(trimtab_core::plan::Reason::new(Code::CoolDown, "too early").code, "cool_down");
/// ```
#[macro_export]
macro_rules! reason_codes {
    ($(#[$meta:meta])* $vis:vis $name:ident { $($variant:ident = $text:literal => $meaning:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name {
            $(#[doc = $meaning] $variant,)+
        }

        impl $name {
            /// Every code, in the order of the source.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as history, logs and metrics show it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The sentence of the reference that explains the code.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),+ }
            }
        }

        impl From<$name> for &'static str {
            fn from(code: $name) -> Self {
                code.as_str()
            }
        }
    };
}

/// Serializes a function's `Action` with the AWS service of its call, as the history and `trimtab plan` show it.
///
/// The enum `Action` derives `Serialize` with `#[serde(tag = "action", remote = "Self")]`, and its method `service` returns
/// the service. `serde::Serialize` is in scope.
#[macro_export]
macro_rules! serialize_with_service {
    () => {
        impl ::serde::Serialize for Action {
            fn serialize<S: ::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                #[derive(::serde::Serialize)]
                struct Call<'a> {
                    service: &'static str,
                    #[serde(flatten, with = "Action")]
                    action: &'a Action,
                }
                ::serde::Serialize::serialize(&Call { service: self.service(), action: self }, to)
            }
        }
    };
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The result of a decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan<S, A> {
    /// How the reaction ends if every action succeeds.
    pub decision: Decision,
    /// At least one.
    pub reasons: Vec<Reason>,
    /// The new state, written before the first action, so that a crash leaves the intent in the ledger; `None` leaves
    /// the state unchanged.
    pub state: Option<S>,
    /// The calls to AWS, in order.
    pub actions: Vec<A>,
    /// The facts to publish, besides those of the actions' outcomes.
    pub facts: Vec<Fact>,
}

impl<S, A> Plan<S, A> {
    /// Nothing is to be done, for this reason.
    pub fn skip(code: impl Into<&'static str>, text: impl AsRef<str>) -> Self {
        Self::only(Decision::Skipped, Reason::new(code, text))
    }

    /// A permanent failure, for this reason.
    pub fn fail(code: impl Into<&'static str>, text: impl AsRef<str>) -> Self {
        Self::only(Decision::Failed, Reason::new(code, text))
    }

    /// The state changes, without an action.
    pub fn update(state: S, code: impl Into<&'static str>, text: impl AsRef<str>) -> Self {
        Self { state: Some(state), ..Self::only(Decision::Acted, Reason::new(code, text)) }
    }

    /// A decision with its reason and nothing else.
    #[must_use]
    pub fn only(decision: Decision, reason: Reason) -> Self {
        Self::with_reasons(decision, vec![reason])
    }

    /// A decision with its reasons, at least one, and nothing else.
    #[must_use]
    pub fn with_reasons(decision: Decision, reasons: Vec<Reason>) -> Self {
        Self { decision, reasons, state: None, actions: Vec::new(), facts: Vec::new() }
    }

    /// The same plan with this new state.
    #[must_use]
    pub fn with_state(mut self, state: S) -> Self {
        self.state = Some(state);
        self
    }

    /// The same plan with one more fact to publish.
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
            subject: crate::fact::FactSubject::Incident { incident: crate::fact::Token::of(dedup_key) },
            at: jiff::Timestamp::UNIX_EPOCH,
            reasons: Vec::new(),
            details: crate::fact::Details::default(),
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
