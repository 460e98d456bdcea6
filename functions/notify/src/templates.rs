//! The text of messages: one row for each kind of fact that subscribers receive.

use std::fmt::Write;

use trimtab_core::audience;
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::ModelName;
use trimtab_core::port::Message;
use trimtab_core::text;

use crate::console_links::ConsoleLinks;
use crate::{fact, runbook};

/// SNS accepts subjects of fewer than 100 characters.
pub(crate) const SUBJECT_MAX: usize = 99;

/// Longest attribute `thread`.
const THREAD_MAX: usize = 200;

/// Longest line of a body.
const LINE_MAX: usize = 600;

/// Largest number of reasons, and of details: SNS accepts 256 KB.
const LINES_MAX: usize = 40;

/// The text of a kind of fact.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Template {
    kind: FactKind,
    /// What happened, in a few words after the model's name.
    pub(crate) what: &'static str,
    /// What the operator does next; at most 250 characters, which is a chat's limit.
    pub(crate) next: &'static str,
}

const fn row(kind: FactKind, what: &'static str, next: &'static str) -> Template {
    Template { kind, what, next }
}

/// Every kind but the requests, which are sent to no subscriber.
const TEMPLATES: &[Template] = &[
    row(FactKind::BuildStarted, "build started", "Nothing to do. The end of the build will be reported."),
    row(
        FactKind::BuildFailed,
        "build failed",
        "Nothing was trained. Read the build's log, correct the commit and push again.",
    ),
    row(
        FactKind::BranchDeleted,
        "configured branch was deleted",
        "Nothing is built from the branch until it is recreated. If the deletion is intended, remove the branch from integrate.branches.",
    ),
    row(FactKind::ImageAdopted, "training image changed", "Nothing to do. The next training run uses the image."),
    row(FactKind::TrainingStarted, "training started", "Nothing to do. The end of the run will be reported."),
    row(
        FactKind::TrainingTriggerMerged,
        "trigger was merged into the current training run",
        "Nothing to do. The current run covers the trigger, or the next one will.",
    ),
    row(
        FactKind::TrainingSkipped,
        "training was skipped",
        "Nothing to do if the limit is intended. To train now, run trimtab retrain. To change the limit, edit retrain.cool_down or retrain.budget.",
    ),
    row(
        FactKind::CircuitOpened,
        "retraining does not end the drift",
        "Check the alarm, the data and the training pipeline. Until the drift ends, one drift run is started per budget window. A run for a commit, an image or trimtab retrain closes the circuit.",
    ),
    row(
        FactKind::TrainingSucceeded,
        "training succeeded",
        "Nothing to do if the policy has [evaluate]. Otherwise approve or reject the new version in the Model Registry.",
    ),
    row(
        FactKind::TrainingFailed,
        "training failed",
        "The live version is unchanged. Check the failed step of the run, correct the pipeline or its data, then push again or run trimtab retrain.",
    ),
    row(
        FactKind::EvaluationStarted,
        "version is being tested",
        "Nothing to do. The result of the test suite will be reported.",
    ),
    row(FactKind::EvaluationPassed, "version passed and was approved", "Nothing to do. Its rollout will be reported."),
    row(
        FactKind::EvaluationFailed,
        "version did not pass and was rejected",
        "Check the metrics below, then train again. To deploy the version anyway, approve it in the Model Registry.",
    ),
    row(
        FactKind::ApprovalRequested,
        "version requires manual approval",
        "Check the metrics below, then run one of the two commands below, which approve and reject the version.",
    ),
    row(
        FactKind::EvaluationStuck,
        "version could not be evaluated",
        "The version stays pending and is not deployed. Correct what the reason names, then run trimtab redrive --queue dead-letters.",
    ),
    row(FactKind::RolloutStarted, "rollout started", "Nothing to do. The end of the rollout will be reported."),
    row(
        FactKind::RolloutQueued,
        "rollout is queued",
        "Nothing to do. The rollout starts when the target is free. To cancel it, reject the version.",
    ),
    row(
        FactKind::RolloutSkipped,
        "approved version was not rolled out",
        "Nothing to do if the newer version is intended. To deploy this version, reject the newer one.",
    ),
    row(
        FactKind::RolloutHeld,
        "rollout was held: an alarm has no data",
        "The live version is unchanged. Create the alarm, correct its metric, or set missing data to notBreaching. Then run trimtab reconcile, or reject the version and approve it again.",
    ),
    row(FactKind::RolloutSucceeded, "version is live", "Nothing to do."),
    row(
        FactKind::RolloutRolledBack,
        "rollout was rolled back",
        "The previous version serves again. Check the alarms of the policy and the reason, then reject the version. After the cause is fixed, approve it again.",
    ),
    row(
        FactKind::RolloutFailed,
        "rollout failed",
        "Check the reason and what the target serves now. A failed endpoint or stack accepts no further version: repair an endpoint with trimtab rollback, and a stack in CloudFormation.",
    ),
    row(
        FactKind::SmokeTestFailed,
        "smoke test failed",
        "The previous version serves again, if there was one. Check the reason and the endpoint's log. Correct the model or the smoke test, then reject the version and approve it again.",
    ),
    row(
        FactKind::PromotionPending,
        "version waits at the gate of its next stage",
        "Verify the version in its current stage. Then open the gate as the reason says, or reject the version.",
    ),
    row(
        FactKind::RollbackRefused,
        "rollback was refused",
        "Nothing was changed. Name a version that was live in the stage, or that is approved.",
    ),
    row(
        FactKind::PackageRejected,
        "version was rejected",
        "Nothing to do, unless the version is live and deploy.on_rejected is \"notify\": then return to the previous version with trimtab rollback.",
    ),
    row(
        FactKind::FindingReported,
        "resource violates a rule of the organization",
        "Ask the owner to correct the resource: an update, new tags or its deletion close the finding. If the resource is legitimate, change [guard] in organization.toml.",
    ),
    row(FactKind::FindingClosed, "finding was closed", "Nothing to do."),
    row(
        FactKind::JobStopped,
        "resource was stopped, because it violates a rule of the organization",
        "Ask the owner to correct what the first message about it lists, and to start it again.",
    ),
    row(
        FactKind::StopFailed,
        "resource violates a rule and could not be stopped",
        "Stop it in the SageMaker console. Then correct what the reason names, and run trimtab redrive --queue dead-letters.",
    ),
    row(
        FactKind::BaselineStarted,
        "baseline is being computed",
        "Nothing to do. Monitoring starts when the baseline is complete.",
    ),
    row(FactKind::MonitoringStarted, "monitoring started", "Nothing to do. An alarm reports drift."),
    row(FactKind::MonitoringChanged, "monitoring changed", "Nothing to do."),
    row(
        FactKind::DataCaptureMissing,
        "endpoint captures no data, and is not monitored",
        "Start a rollout, whose configuration captures data: approve the next version, or reject the live one and approve it again.",
    ),
    row(
        FactKind::MonitoringFailed,
        "version is not monitored",
        "Correct what the reason names. A failed baseline is computed again for the next version, or when [monitor] changes. To repeat everything else now, run trimtab reconcile.",
    ),
    row(
        FactKind::DeadlineExceeded,
        "deadline exceeded: work takes longer than the policy allows",
        "Check the work in the console, and stop it there if it hangs. Its end is found with or without an event. If the deadline is too short, raise it in [reconcile].",
    ),
    row(
        FactKind::EventDeadLettered,
        "event was dead-lettered",
        "The event is stored. Correct what the reason names, then run trimtab redrive --queue dead-letters.",
    ),
];

/// The text of a kind; `None` for requests between functions.
pub(crate) fn template(kind: FactKind) -> Option<Template> {
    TEMPLATES.iter().find(|template| template.kind == kind).copied()
}

/// Severity, model, event and version in one line.
pub(crate) fn subject(fact: &Fact, template: Template) -> String {
    let severity = fact.kind.severity().as_str();
    let model = fact.model.as_ref().map_or("trimtab", ModelName::as_str);
    let version = fact::version(fact).map(|version| format!(" (version {version})")).unwrap_or_default();
    text::subject(&format!("[{severity}] {model}: {}{version}", template.what), SUBJECT_MAX)
}

/// The message for a fact; `None` for requests between functions.
#[must_use]
pub fn message(fact: &Fact, links: &ConsoleLinks<'_>) -> Option<Message> {
    template(fact.kind).map(|template| message_of(fact, template, links))
}

/// The message for a fact of this template's kind.
pub(crate) fn message_of(fact: &Fact, template: Template, links: &ConsoleLinks<'_>) -> Message {
    let (severity, model) = (fact.kind.severity(), fact.model.as_ref());
    let thread = text::one_line(&fact.subject.thread(), THREAD_MAX);
    let attributes = [
        ("severity", severity.as_str()),
        ("model", model.map_or("trimtab", ModelName::as_str)),
        ("kind", fact.kind.as_str()),
        ("thread", &thread),
        (audience::ATTRIBUTE, &audience::of(model, &[severity].into())),
    ];
    Message {
        subject: subject(fact, template),
        body: body(fact, template, links),
        attributes: attributes.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    }
}

fn body(fact: &Fact, template: Template, links: &ConsoleLinks<'_>) -> String {
    let line = |value: &str| text::one_line(value, LINE_MAX);
    let model = fact.model.as_ref().map_or("Trimtab", ModelName::as_str);
    let mut body = format!("{model}: {}\n\nWhy\n", template.what);
    for reason in fact.reasons.iter().take(LINES_MAX) {
        let _ = writeln!(body, "  - {}", line(reason));
    }
    let _ = writeln!(body, "\nWhat next\n  {}", template.next);
    if let Some(section) = runbook::link(fact.kind) {
        let _ = writeln!(body, "  Runbook: {section}");
    }
    let _ = writeln!(body, "  Console: {}\n  Command: {}", links.link(fact), line(&links.command(fact)));
    let _ = writeln!(body, "\nDetails");
    for (name, value) in fact::details(fact).take(LINES_MAX) {
        let _ = writeln!(body, "  {}: {}", line(name), line(value));
    }
    let _ = write!(body, "  at: {}\n  dedup_key: {}\n", fact.at, line(&fact.dedup_key()));
    body
}

#[cfg(test)]
mod tests {
    use trimtab_core::fact::Details;

    use super::*;

    fn fact(kind: FactKind) -> Fact {
        let subject = "rollout/churn/3/1".parse().unwrap();
        Fact::new(kind, subject, "2026-11-20T03:12:00Z".parse().unwrap())
            .of_model(&ModelName::parse("churn").unwrap())
            .because("the endpoint serves version 2 again: alarm churn-prod-5xx fired")
            .with(Details::default().with_version(3))
    }

    #[test]
    fn message_states_what_why_and_what_next() {
        let message = message(&fact(FactKind::RolloutRolledBack), &ConsoleLinks::default()).unwrap();
        assert_eq!(message.subject, "[critical] churn: rollout was rolled back (version 3)");
        assert_eq!(
            message.body,
            "churn: rollout was rolled back\n\nWhy\n  - the endpoint serves version 2 again: alarm churn-prod-5xx fired\n\n\
             What next\n  The previous version serves again. Check the alarms of the policy and the reason, then reject the \
             version. After the cause is fixed, approve it again.\n  Runbook: docs/operations/runbook.md#rollout-rolled-back\n  \
             Console: https://.console.aws.amazon.com/cloudwatch/home?region=#logsV2:log-groups$3FlogGroupNameFilter$3D$252Ftrimtab\n  \
             Command: trimtab history churn\n\nDetails\n  version: 3\n  at: 2026-11-20T03:12:00Z\n  dedup_key: rollout/churn/3/1\n"
        );
    }

    #[test]
    fn every_kind_but_requests_has_one_template() {
        for kind in FactKind::ALL {
            let count = TEMPLATES.iter().filter(|template| template.kind == *kind).count();
            assert_eq!(count, usize::from(!kind.is_request()), "{}", kind.as_str());
        }
    }

    #[test]
    fn next_step_fits_a_chat_and_ends_with_a_full_stop() {
        for Template { kind, what, next } in TEMPLATES {
            assert!(next.len() <= 250 && next.ends_with('.'), "{}: {next}", kind.as_str());
            assert!(!what.ends_with('.') && !what.contains('\n'), "{}: {what}", kind.as_str());
        }
    }

    #[test]
    fn warning_and_critical_message_links_to_its_runbook_section() {
        for kind in FactKind::ALL.iter().filter(|kind| !kind.is_request()) {
            let body = message(&fact(*kind), &ConsoleLinks::default()).unwrap().body;
            let linked = body.lines().find_map(|line| line.strip_prefix("  Runbook: docs/operations/runbook.md#"));
            assert_eq!(linked.map(str::to_owned), runbook::heading(*kind), "{}", kind.as_str());
        }
    }

    #[test]
    fn every_subject_fits_sns() {
        for kind in FactKind::ALL.iter().filter(|kind| !kind.is_request()) {
            let mut fact = fact(*kind);
            fact.details = fact.details.with_text("version", Some("9\u{202e}\n\r".repeat(60)));
            let subject = message(&fact, &ConsoleLinks::default()).unwrap().subject;
            assert!(subject.len() < 100 && subject.chars().all(|c| c.is_ascii() && !c.is_control()), "{subject:?}");
        }
    }

    #[test]
    fn line_break_in_a_reason_starts_no_section() {
        let mut fact = fact(FactKind::TrainingFailed);
        fact.reasons = vec!["bad\n\nWhat next\n  run this".into()];
        let body = message(&fact, &ConsoleLinks::default()).unwrap().body;
        assert_eq!(body.matches("\nWhat next\n").count(), 1);
    }
}
