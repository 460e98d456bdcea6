//! The promises, checked by a model that shares no code with the functions. It reads the policies' text and the
//! journal, and knows nothing of the functions' types, states and plans. There is one file for each kind of promise,
//! and all of them are checked after every run of every flow.

mod account;
mod budget;
mod circuit_breaker;
mod cool_down;
mod guard;
mod names;
mod packages;
mod pause;
pub(crate) mod policy_text;
mod rollback;
mod severity;
mod trained_commits;
mod truthful_reports;
mod verdict;
mod version_order;

use jiff::{SignedDuration, Timestamp};

use crate::case::Case;
use crate::faults::Schedule;
use crate::journal::{Entry, Happening};
use crate::outcomes::Ending;
use crate::promise::{Promise, Violation};
use crate::services::Services;
use policy_text::{Model, Promised};

/// The largest delay between a decision and its call that one or two faults cause.
const RETRIED: SignedDuration = SignedDuration::from_mins(2);

/// The largest delay if all attempts on an event may have failed, and the failure queue was redriven.
const SENT_AGAIN: SignedDuration = SignedDuration::from_hours(4);

/// The input of a rule.
pub(crate) struct World<'a> {
    pub(crate) case: &'a Case,
    pub(crate) services: &'a Services,
    pub(crate) promised: &'a Promised,
}

/// A training run in the journal.
pub(crate) struct Begun<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) name: &'a str,
    /// The trigger, as the documentation names it.
    pub(crate) word: &'a str,
    pub(crate) ended: Option<(Timestamp, Ending)>,
}

impl<'a> World<'a> {
    pub(crate) fn journal(&self) -> &'a [Entry] {
        &self.services.journal
    }

    /// The runs of a model, in order. A run's name is `<model>-<word>-<8 hex>`.
    pub(crate) fn runs(&self, model: &str) -> Vec<Begun<'a>> {
        let run = |entry: &'a Entry| {
            let Happening::RunBegan(number) = entry.happening else { return None };
            let run = self.services.runs.get(number)?;
            let name = run.request.display_name.as_str();
            let mut parts = name.rsplitn(3, '-').skip(1);
            let (word, of) = (parts.next()?, parts.next()?);
            (of == model).then_some(Begun { entry, name, word, ended: run.ended })
        };
        self.journal().iter().filter_map(run).collect()
    }

    /// The largest delay between a decision and its call.
    pub(crate) fn slack(&self) -> SignedDuration {
        match self.case.faults.len() {
            0 => SignedDuration::ZERO,
            1 | 2 => RETRIED,
            _ => SENT_AGAIN,
        }
    }

    /// Whether the run had no fault, and each event was delivered once without delay.
    pub(crate) fn is_smooth(&self) -> bool {
        self.case.faults.is_empty() && self.case.schedule == Schedule::Once
    }

    /// The last verdict on this version before this entry.
    pub(crate) fn approval(&self, version: u32, before: &Entry) -> Option<&'a str> {
        let earlier = self.journal().iter().take_while(|entry| !std::ptr::eq(*entry, before));
        let verdicts = earlier.filter_map(|entry| match &entry.happening {
            Happening::Verdict { version: of, approval, .. } if *of == version => Some(approval.as_str()),
            _ => None,
        });
        verdicts.last()
    }

    /// The entries before this one.
    pub(crate) fn before<'s>(&'s self, entry: &'s Entry) -> impl Iterator<Item = &'s Entry> {
        self.services.journal.iter().take_while(move |earlier| !std::ptr::eq(*earlier, entry))
    }

    /// Whether `deploy` has handled the event of this version's rejection.
    pub(crate) fn has_handled_rejection(&self, version: u32, at: &Entry) -> bool {
        let of = |event: &serde_json::Value| {
            let detail = &event["detail"];
            detail["ModelPackageVersion"] == version && detail["ModelApprovalStatus"] == "Rejected"
        };
        let delivered = self.before(at).filter_map(|entry| match &entry.happening {
            Happening::Delivered { event, .. } if of(event) => event["id"].as_str(),
            _ => None,
        });
        let handled = |id: &str| {
            self.before(at).any(
                |entry| matches!(&entry.happening, Happening::Finished { function, event } if function == "deploy" && event == id),
            )
        };
        delivered.into_iter().any(handled)
    }

    /// Whether the models were paused.
    pub(crate) fn is_paused(&self, at: &Entry) -> bool {
        let changes = self.before(at).filter(|entry| matches!(entry.happening, Happening::Paused | Happening::Resumed));
        changes.last().is_some_and(|entry| matches!(entry.happening, Happening::Paused))
    }
}

/// A violation at this entry.
pub(crate) fn broken(promise: Promise, model: &str, entry: &Entry, what: String) -> Violation {
    Violation { promise, what, model: model.to_owned(), event: entry.cause() }
}

/// The model of a version.
pub(crate) fn model_of(version: u32) -> &'static str {
    // In the simulation, each model has the name of its package group.
    crate::events::group(version)
}

impl World<'_> {
    pub(crate) fn policy_of(&self, version: u32) -> Option<&Model> {
        self.promised.of_group(model_of(version))
    }
}

/// All rules, after a run.
pub(crate) fn all(case: &Case, services: &Services) -> Vec<Violation> {
    let world = World { case, services, promised: &services.policies.promised };
    let rules = [
        budget::holds,
        cool_down::holds,
        circuit_breaker::holds,
        version_order::holds,
        rollback::holds,
        packages::holds,
        account::holds,
        severity::holds,
        truthful_reports::holds,
        verdict::holds,
        guard::holds,
        trained_commits::holds,
        pause::holds,
        names::holds,
    ];
    rules.iter().flat_map(|rule| rule(&world)).collect()
}
