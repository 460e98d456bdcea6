//! The facts that `evaluate` publishes, and the request that it reads.

use jiff::Timestamp;
use trimtab_core::fact::{Details, Fact, FactKind, FactSubject, Token};
use trimtab_core::name::{ModelName, PackageArn};
use trimtab_core::plan::Reason;
use trimtab_core::request::Request;

use crate::state::{Candidate, Verdict};

/// The version of an evaluation request; `None` for every other fact.
pub(crate) fn requested(fact: &Fact) -> Option<PackageArn> {
    match Request::from_fact(fact) {
        Ok(Request::Evaluate { package }) => Some(package),
        _ => None,
    }
}

/// Requests the evaluation of a version that reconciling found.
pub(crate) fn evaluation_requested(model: &ModelName, package: &PackageArn, at: Timestamp) -> Fact {
    let reason = format!("version {} is pending approval", package.version());
    Request::Evaluate { package: package.clone() }.into_fact(model, reason, at)
}

pub(crate) fn started(candidate: &Candidate, at: Timestamp) -> Fact {
    let text = format!("{} tests version {}", candidate.request.name, candidate.package.version());
    of(candidate, FactKind::EvaluationStarted, vec![text], at)
}

pub(crate) fn deadline_exceeded(candidate: &Candidate, reason: &Reason, at: Timestamp) -> Fact {
    let fact = of(candidate, FactKind::DeadlineExceeded, vec![reason.text.clone()], at);
    Fact { subject: FactSubject::Deadline(Box::new(fact.subject.clone())), ..fact }
}

/// AWS refused a call. Each call is a subject of its own, so that a refused verdict is reported after a refused start.
pub(crate) fn stuck(candidate: &Candidate, reason: &Reason, at: Timestamp) -> Fact {
    let fact = of(candidate, FactKind::EvaluationStuck, vec![reason.text.clone()], at);
    let (model, version) = (candidate.model.clone(), candidate.package.version());
    Fact { subject: FactSubject::EvaluationStuck { model, version, code: Token::of(reason.code) }, ..fact }
}

/// The verdict with the metrics of both versions; `None` if an operator had decided.
pub(crate) fn judged(candidate: &Candidate, verdict: &Verdict, at: Timestamp) -> Option<Fact> {
    let fact = of(candidate, verdict.outcome.fact()?, verdict.reasons.clone(), at);
    let metrics = &verdict.request.metrics;
    let mut details = fact.details.clone();
    for (name, value) in metrics {
        details = details.with_text(format!("metric {name}"), Some(value.to_string()));
    }
    if let Some(live) = &verdict.champion {
        for (name, value) in live.metrics.iter().filter(|(name, _)| metrics.contains_key(*name)) {
            let name = format!("metric {name} of version {}, which is live", live.version);
            details = details.with_text(name, Some(value.to_string()));
        }
    }
    if fact.kind == FactKind::ApprovalRequested {
        details = details
            .with_text("to approve", Some(command(&candidate.package, "Approved")))
            .with_text("to reject", Some(command(&candidate.package, "Rejected")));
    }
    Some(fact.with(details))
}

fn command(package: &PackageArn, approval: &str) -> String {
    format!("aws sagemaker update-model-package --model-package-arn {package} --model-approval-status {approval}")
}

fn of(candidate: &Candidate, kind: FactKind, reasons: Vec<String>, at: Timestamp) -> Fact {
    let (model, package) = (&candidate.model, &candidate.package);
    let details = Details::default().with_package(package.clone()).with_version(package.version());
    Fact { reasons, details, ..Fact::new(kind, FactSubject::evaluation(model, package), at).of_model(model) }
}
