//! The words that people read: one subject and one next step per kind of fact.

use std::fmt::Write;

use trimtab_core::audience;
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::ModelName;
use trimtab_core::port::Message;
use trimtab_core::text;

use crate::console_links::{ConsoleLinks, thread};

/// SNS takes subjects of fewer than 100 characters.
pub(crate) const SUBJECT_MAX: usize = 99;

/// The longest thread's name.
const THREAD_MAX: usize = 200;

/// The longest line of a body.
const LINE_MAX: usize = 600;

/// The most reasons, and the most details: SNS takes 256 KB.
const LINES_MAX: usize = 40;

/// What happened, in a few words, and what a person does next.
pub(crate) fn words(kind: FactKind) -> (&'static str, &'static str) {
    match kind {
        FactKind::BuildStarted => ("build started", "Nothing to do: the build's end will be reported."),
        FactKind::BuildFailed => {
            ("build failed", "Read the build's log, mend the commit and push again. Nothing was trained.")
        }
        FactKind::BuildRequested => ("build requested", "Nothing to do."),
        FactKind::BranchDeleted => (
            "a watched branch was deleted",
            "Nothing is built from it until it is there again. If it is gone for good, take it out of integrate.branches.",
        ),
        FactKind::ImageRequested => ("image requested", "Nothing to do."),
        FactKind::ImageAdopted => ("runs get another image", "Nothing to do: the next training run gets it."),
        FactKind::NotificationBatched => ("message waits for the digest", "Nothing to do."),
        FactKind::TrainingRequested => ("training requested", "Nothing to do."),
        FactKind::ReconcileRequested => ("look requested", "Nothing to do."),
        FactKind::DeadlineExceeded => (
            "takes longer than the policy allows",
            "Look at it in the service's console: stop it there if it hangs. Its end is found whether or not AWS sends an event.",
        ),
        FactKind::TrainingStarted => ("training started", "Nothing to do: the run's end will be reported."),
        FactKind::TrainingTriggerMerged => (
            "trigger joined the run in progress",
            "Nothing to do: the run that is on answers this too, or the next one will.",
        ),
        FactKind::TrainingSkipped => (
            "training held back",
            "If this should have trained, look at cool_down and budget in the model's policy, and start the pipeline by hand.",
        ),
        FactKind::CircuitOpened => (
            "retraining does not stop the drift",
            "Look at the data and at the training pipeline: the model was trained again and the drift is still there. One more run is tried once per budget window; a push, once its commit is trained, ends the wait.",
        ),
        FactKind::TrainingSucceeded => (
            "training succeeded",
            "Nothing to do where the policy has [evaluate]; else look at the new version in the Model Registry, and approve or reject it.",
        ),
        FactKind::TrainingFailed => (
            "training failed",
            "Look at the failed step of the run in SageMaker Studio. The model in production is unchanged.",
        ),
        FactKind::EvaluationRequested => ("evaluation requested", "Nothing to do."),
        FactKind::EvaluationStarted => ("version is tested", "Nothing to do: the test suite's end will be reported."),
        FactKind::EvaluationPassed => {
            ("version passed and is approved", "Nothing to do: its rollout will be reported.")
        }
        FactKind::EvaluationFailed => (
            "version did not pass and is rejected",
            "Look at the metrics; train again, or approve the version by hand if it is to go out all the same.",
        ),
        FactKind::ApprovalRequested => (
            "version waits for your verdict",
            "Look at the metrics, then approve or reject it with one of the two commands below, or in SageMaker Studio.",
        ),
        FactKind::EvaluationStuck => (
            "version could not be evaluated",
            "Mend what the reason names, then send the kept event again. The version waits, and is not deployed.",
        ),
        FactKind::RolloutStarted => ("rollout started", "Nothing to do: the rollout's end will be reported."),
        FactKind::RolloutQueued => (
            "rollout waits",
            "Nothing to do: it goes ahead when what is under way has ended. Reject the version to take it back.",
        ),
        FactKind::RolloutSkipped => {
            ("approval not rolled out", "A newer version is approved already. To go back, reject the newer one.")
        }
        FactKind::RolloutHeld => (
            "rollout held back",
            "Give the alarms data (or let them treat missing data as not breaching). The version goes out at the next look if the policy has a [reconcile] table; otherwise reject it and approve it again.",
        ),
        FactKind::RolloutSucceeded => ("version is live", "Nothing to do."),
        FactKind::RolloutRolledBack => (
            "rollout went back",
            "The version before serves again. Look at the alarms named in the policy; reject the version, or approve it again after a rejection.",
        ),
        FactKind::RolloutFailed => (
            "rollout failed",
            "Look at the reason, and at what serves, now. An endpoint or a stack takes no further version until a person has mended it.",
        ),
        FactKind::SmokeTestFailed => (
            "smoke test failed",
            "The version goes no further, and the one before serves again if there is one. Look at the reason and at the endpoint's log; reject the version, or approve it again after a rejection.",
        ),
        FactKind::PromotionRequested => ("promotion requested", "Nothing to do."),
        FactKind::PromotionPending => (
            "version waits before its next stage",
            "Look at it where it is live now, then let it go on as the reason says; or reject it.",
        ),
        FactKind::WithdrawalRequested => ("withdrawal requested", "Nothing to do."),
        FactKind::RollbackRequested => ("rollback requested", "Nothing to do."),
        FactKind::RollbackRefused => {
            ("rollback refused", "Nothing was changed. Name a version that was live there, or one that is approved.")
        }
        FactKind::StageReconcileRequested => ("look requested", "Nothing to do."),
        FactKind::PackageRejected => {
            ("version rejected", "Nothing to do, unless the version is live and the policy only gives notice.")
        }
        FactKind::FindingReported => (
            "a rule of the organization is broken",
            "Ask its owner to put right what the reasons name: an update or new tags close the finding. If it must be so, change [guard] in organization.toml.",
        ),
        FactKind::FindingClosed => ("a finding is closed", "Nothing to do."),
        FactKind::JobStopped => (
            "stopped, since it breaks a rule of the organization",
            "Its owner puts right what the reasons name, and starts it again.",
        ),
        FactKind::StopFailed => (
            "breaks a rule and could not be stopped",
            "Stop it in the SageMaker console. Mend what the reason names: the event is kept, and can be sent again.",
        ),
        FactKind::MonitoringRequested => ("watch requested", "Nothing to do."),
        FactKind::BaselineStarted => ("baseline is computed", "Nothing to do: the watch begins when it is there."),
        FactKind::MonitoringStarted => ("version is watched", "Nothing to do: an alarm tells of drift."),
        FactKind::MonitoringChanged => ("watch changed", "Nothing to do."),
        FactKind::DataCaptureMissing => (
            "endpoint keeps nothing of its traffic",
            "Roll a version out: approve the next one, or reject and approve this one. Its configuration captures data.",
        ),
        FactKind::MonitoringFailed => (
            "version is not watched",
            "Mend what the reason names. A baseline that failed is computed again for the next version, or when [monitor] changes; all else at the next look.",
        ),
        FactKind::EventDeadLettered => {
            ("event could not be acted on", "The event is kept. Mend what the reason names, then send it again.")
        }
    }
}

/// What the fact says in one line.
pub(crate) fn subject(fact: &Fact) -> String {
    let (what, severity) = (words(fact.kind).0, fact.kind.severity().as_str());
    let model = fact.model.as_ref().map_or("trimtab", ModelName::as_str);
    let version = fact.details.get("version").map(|version| format!(" (version {version})")).unwrap_or_default();
    text::subject(&format!("[{severity}] {model}: {what}{version}"), SUBJECT_MAX)
}

/// The message for a fact.
#[must_use]
pub fn message(fact: &Fact, place: &ConsoleLinks<'_>) -> Message {
    let (what, next) = words(fact.kind);
    let (severity, model) = (fact.kind.severity(), fact.model.as_ref());
    let thread = text::one_line(&thread(&fact.dedup_key), THREAD_MAX);
    let attributes = [
        ("severity", severity.as_str()),
        ("model", model.map_or("trimtab", ModelName::as_str)),
        ("kind", fact.kind.as_str()),
        ("thread", &thread),
        (audience::ATTRIBUTE, &audience::of(model, &[severity].into())),
    ];
    Message {
        subject: subject(fact),
        body: body(fact, place, what, next),
        attributes: attributes.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    }
}

fn body(fact: &Fact, place: &ConsoleLinks<'_>, what: &str, next: &str) -> String {
    let line = |value: &str| text::one_line(value, LINE_MAX);
    let model = fact.model.as_ref().map_or("the suite", ModelName::as_str);
    let mut body = format!("{model}: {what}\n\nWhy\n");
    for reason in fact.reasons.iter().take(LINES_MAX) {
        let _ = writeln!(body, "  - {}", line(reason));
    }
    let (link, command) = (place.link(fact), line(&place.command(fact)));
    let _ = writeln!(body, "\nWhat next\n  {next}\n  Look: {link}\n  Command: {command}\n\nDetails");
    for (name, value) in fact.details.iter().take(LINES_MAX) {
        let _ = writeln!(body, "  {}: {}", line(name), line(value));
    }
    let _ = write!(body, "  at: {}\n  dedup_key: {}\n", fact.at, line(&fact.dedup_key));
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(kind: FactKind) -> Fact {
        Fact {
            kind,
            version: 1,
            model: ModelName::parse("churn").ok(),
            dedup_key: "rollout/churn/3/1".into(),
            at: "2026-11-20T03:12:00Z".parse().unwrap(),
            reasons: vec!["the endpoint went back to the version before 3: alarm churn-prod-5xx".into()],
            details: [("version".to_owned(), "3".to_owned())].into(),
        }
    }

    #[test]
    fn the_message_says_what_why_and_what_next() {
        let message = message(&fact(FactKind::RolloutRolledBack), &ConsoleLinks::default());
        assert_eq!(message.subject, "[critical] churn: rollout went back (version 3)");
        assert_eq!(
            message.body,
            "churn: rollout went back\n\nWhy\n  - the endpoint went back to the version before 3: alarm churn-prod-5xx\n\n\
             What next\n  The version before serves again. Look at the alarms named in the policy; reject the version, or \
             approve it again after a rejection.\n  Look: https://.console.aws.amazon.com/cloudwatch/home?region=#logsV2:log-groups$3FlogGroupNameFilter$3D$252Ftrimtab\n  \
             Command: trimtab history churn\n\nDetails\n  version: 3\n  at: 2026-11-20T03:12:00Z\n  dedup_key: rollout/churn/3/1\n"
        );
    }

    #[test]
    fn every_subject_fits_sns() {
        for kind in FactKind::ALL {
            let mut fact = fact(*kind);
            fact.details.insert("version".into(), "9\u{202e}\n\r".repeat(60));
            let subject = message(&fact, &ConsoleLinks::default()).subject;
            assert!(subject.len() < 100 && subject.chars().all(|c| c.is_ascii() && !c.is_control()), "{subject:?}");
        }
    }

    #[test]
    fn a_line_break_in_a_reason_cannot_make_a_line_of_its_own() {
        let mut fact = fact(FactKind::TrainingFailed);
        fact.reasons = vec!["bad\n\nWhat next\n  run this".into()];
        assert_eq!(message(&fact, &ConsoleLinks::default()).body.matches("\nWhat next\n").count(), 1);
    }
}
