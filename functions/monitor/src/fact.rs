//! The facts that `monitor` publishes, and the request that it reads.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_core::event::DriftKind;
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::{ModelName, PackageArn};
use trimtab_core::policy::monitor::{alarm_name, schedule_name, slug};
use trimtab_core::text::digest;

use crate::kind::kind_of;
use crate::state::Monitoring;

/// The kind of drift of a monitoring request; `None` for every other fact.
pub(crate) fn requested(fact: &Fact) -> Option<DriftKind> {
    if fact.kind != FactKind::MonitoringRequested {
        return None;
    }
    kind_of(fact.details.get("kind")?)
}

/// The version of a monitoring request.
pub(crate) fn package(fact: &Fact) -> Option<PackageArn> {
    PackageArn::parse(fact.details.get("package")?).ok()
}

/// Requests that one kind of drift is compared with the policy.
pub(crate) fn monitoring_requested(
    model: &ModelName,
    kind: DriftKind,
    package: Option<&PackageArn>,
    at: Timestamp,
) -> Fact {
    let mut details = BTreeMap::from([("kind".to_owned(), slug(kind).to_owned())]);
    details.extend(package.map(|package| ("package".to_owned(), package.to_string())));
    Fact {
        kind: FactKind::MonitoringRequested,
        version: fact::VERSION,
        model: Some(model.clone()),
        dedup_key: format!("watch/{model}/{}/{at}", slug(kind)),
        at,
        reasons: vec![format!("monitoring of {kind} drift is compared with the policy")],
        details,
    }
}

/// The endpoint captures no data. `report` counts the reports of the model: a rollback can bring the same configuration
/// again, which needs a message again. The key has no time, because a fact whose record was lost is published twice.
pub(crate) fn data_capture_missing(model: &ModelName, config: &str, report: u32, reason: &str, at: Timestamp) -> Fact {
    Fact {
        kind: FactKind::DataCaptureMissing,
        version: fact::VERSION,
        model: Some(model.clone()),
        dedup_key: format!("watch/{model}/blind/{config}/{report}"),
        at,
        reasons: vec![reason.to_owned()],
        details: BTreeMap::from([("configuration".to_owned(), config.to_owned())]),
    }
}

pub(crate) fn baseline_started(monitoring: &Monitoring, job: &str, at: Timestamp) -> Fact {
    let text = format!("{job} computes the baseline of version {}", monitoring.version);
    of(monitoring, FactKind::BaselineStarted, job, text, at)
}

/// Schedule and alarm are in place; the caller marks this as reported.
pub(crate) fn in_place(monitoring: &Monitoring, at: Timestamp) -> Fact {
    let kind = match monitoring.reported {
        None => FactKind::MonitoringStarted,
        Some(_) => FactKind::MonitoringChanged,
    };
    let about = monitoring.fingerprint().unwrap_or_default();
    let text = format!("version {} is monitored for {} drift", monitoring.version, monitoring.kind);
    of(monitoring, kind, &about, text, at)
}

/// Schedule and alarm are removed.
pub(crate) fn ended(monitoring: &Monitoring, at: Timestamp) -> Fact {
    let about = format!("ended/{}", monitoring.reported.as_deref().unwrap_or_default());
    let text =
        format!("the policy no longer has a table for {} drift: its schedule and alarm were deleted", monitoring.kind);
    of(monitoring, FactKind::MonitoringChanged, &about, text, at)
}

/// Version is not monitored. `about` is [`failure`] of the reason.
pub(crate) fn failed(monitoring: &Monitoring, about: &str, reason: &str, at: Timestamp) -> Fact {
    of(monitoring, FactKind::MonitoringFailed, about, reason.to_owned(), at)
}

/// Identity of a failure, by which it is reported once for each version.
pub(crate) fn failure(monitoring: &Monitoring, reason: &str) -> String {
    digest(&[&monitoring.version.to_string(), reason], 8)
}

fn of(monitoring: &Monitoring, kind: FactKind, about: &str, reason: String, at: Timestamp) -> Fact {
    let Monitoring { model, endpoint, kind: drift, version, desired, .. } = monitoring;
    let mut details = BTreeMap::from([
        ("version".to_owned(), version.to_string()),
        ("kind".to_owned(), slug(*drift).to_owned()),
        ("schedule".to_owned(), schedule_name(model, *drift)),
        ("alarm".to_owned(), alarm_name(endpoint, *drift)),
    ]);
    details.extend(desired.as_ref().map(|desired| ("baseline".to_owned(), desired.constraints.to_string())));
    Fact {
        kind,
        version: fact::VERSION,
        model: Some(model.clone()),
        dedup_key: format!("watch/{model}/{}/{about}", slug(*drift)),
        at,
        reasons: vec![reason],
        details,
    }
}
