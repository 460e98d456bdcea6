//! The facts that `evaluate` publishes, and the request that it reads.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_core::decimal::Decimal;
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::{ModelName, PackageArn};
use trimtab_core::plan::Reason;

use crate::state::{Candidate, Verdict};

/// The version of an evaluation request; `None` for every other fact.
pub(crate) fn requested(fact: &Fact) -> Option<PackageArn> {
    if fact.kind != FactKind::EvaluationRequested {
        return None;
    }
    PackageArn::parse(fact.details.get("package")?).ok()
}

/// Requests the evaluation of a version that reconciling found.
pub(crate) fn evaluation_requested(model: &ModelName, package: &PackageArn, at: Timestamp) -> Fact {
    let version = package.version();
    Fact {
        kind: FactKind::EvaluationRequested,
        version: fact::VERSION,
        model: Some(model.clone()),
        // The time makes each reconcile a request of its own: an earlier one may have been lost.
        dedup_key: format!("candidate/{model}/{version}/{at}"),
        at,
        reasons: vec![format!("version {version} is pending approval")],
        details: BTreeMap::from([("package".to_owned(), package.to_string())]),
    }
}

pub(crate) fn started(candidate: &Candidate, at: Timestamp) -> Fact {
    let text = format!("{} tests version {}", candidate.request.name, candidate.package.version());
    of(candidate, FactKind::EvaluationStarted, vec![text], at)
}

pub(crate) fn deadline_exceeded(candidate: &Candidate, reason: &Reason, at: Timestamp) -> Fact {
    let fact = of(candidate, FactKind::DeadlineExceeded, vec![reason.text.clone()], at);
    Fact { dedup_key: format!("late/{}", fact.dedup_key), ..fact }
}

/// AWS refused a call. Each call has its own dedup key, so that a refused verdict is reported after a refused start.
pub(crate) fn stuck(candidate: &Candidate, reason: &Reason, at: Timestamp) -> Fact {
    let fact = of(candidate, FactKind::EvaluationStuck, vec![reason.text.clone()], at);
    Fact { dedup_key: format!("{}/{}", fact.dedup_key, reason.code), ..fact }
}

/// The verdict with the metrics of both versions; `None` if an operator had decided.
pub(crate) fn judged(candidate: &Candidate, verdict: &Verdict, at: Timestamp) -> Option<Fact> {
    let mut fact = of(candidate, verdict.outcome.fact()?, verdict.reasons.clone(), at);
    let metrics = &verdict.request.metrics;
    let detail = |(name, value): (&String, &Decimal)| (format!("metric {name}"), value.to_string());
    fact.details.extend(metrics.iter().map(detail));
    if let Some(live) = &verdict.champion {
        let compared = live.metrics.iter().filter(|(name, _)| metrics.contains_key(*name));
        let name = |metric: &str| format!("metric {metric} of version {}, which is live", live.version);
        fact.details.extend(compared.map(|(metric, value)| (name(metric), value.to_string())));
    }
    if fact.kind == FactKind::ApprovalRequested {
        fact.details.insert("to approve".to_owned(), command(&candidate.package, "Approved"));
        fact.details.insert("to reject".to_owned(), command(&candidate.package, "Rejected"));
    }
    Some(fact)
}

fn command(package: &PackageArn, approval: &str) -> String {
    format!("aws sagemaker update-model-package --model-package-arn {package} --model-approval-status {approval}")
}

fn of(candidate: &Candidate, kind: FactKind, reasons: Vec<String>, at: Timestamp) -> Fact {
    let version = candidate.package.version();
    Fact {
        kind,
        version: fact::VERSION,
        model: Some(candidate.model.clone()),
        dedup_key: format!("candidate/{}/{version}", candidate.model),
        at,
        reasons,
        details: BTreeMap::from([
            ("package".to_owned(), candidate.package.to_string()),
            ("version".to_owned(), version.to_string()),
        ]),
    }
}
