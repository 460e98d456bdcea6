//! The facts that `monitor` publishes, and the request that it reads.

use jiff::Timestamp;
use trimtab_core::event::DriftKind;
use trimtab_core::fact::{Details, Fact, FactKind, FactSubject, Token};
use trimtab_core::name::{ModelName, PackageArn};
use trimtab_core::policy::monitor::{alarm_name, schedule_name};
use trimtab_core::request::Request;
use trimtab_core::text::digest;

use crate::state::Monitoring;

/// The definition of a monitoring that was never in place.
const NO_DEFINITION: &str = "none";

/// The kind of drift of a monitoring request; `None` for every other fact.
pub(crate) fn requested(fact: &Fact) -> Option<DriftKind> {
    match Request::from_fact(fact) {
        Ok(Request::Monitor { kind, .. }) => Some(kind),
        _ => None,
    }
}

/// The version of a monitoring request.
pub(crate) fn package(fact: &Fact) -> Option<PackageArn> {
    fact.details.package()
}

/// Requests that one kind of drift is compared with the policy.
pub(crate) fn monitoring_requested(
    model: &ModelName,
    kind: DriftKind,
    package: Option<&PackageArn>,
    at: Timestamp,
) -> Fact {
    let reason = format!("monitoring of {kind} drift is compared with the policy");
    Request::Monitor { kind, package: package.cloned() }.into_fact(model, reason, at)
}

/// The endpoint captures no data. `report` counts the reports of the model: a rollback can bring the same configuration
/// again, which needs a message again. The key has no time, because a fact whose record was lost is published twice.
pub(crate) fn data_capture_missing(model: &ModelName, config: &str, report: u32, reason: &str, at: Timestamp) -> Fact {
    let subject = FactSubject::DataCapture { model: model.clone(), configuration: Token::of(config), count: report };
    Fact::new(FactKind::DataCaptureMissing, subject, at)
        .of_model(model)
        .because(reason)
        .with(Details::default().with_configuration(config.to_owned()))
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
    let about = monitoring.fingerprint().unwrap_or_else(|| NO_DEFINITION.to_owned());
    let text = format!("version {} is monitored for {} drift", monitoring.version, monitoring.kind);
    of(monitoring, kind, &about, text, at)
}

/// Schedule and alarm are removed.
pub(crate) fn ended(monitoring: &Monitoring, at: Timestamp) -> Fact {
    let definition = Token::of(monitoring.reported.as_deref().unwrap_or(NO_DEFINITION));
    let text =
        format!("the policy no longer has a table for {} drift: its schedule and alarm were deleted", monitoring.kind);
    let fact = of(monitoring, FactKind::MonitoringChanged, NO_DEFINITION, text, at);
    let (model, kind) = (monitoring.model.clone(), monitoring.kind);
    Fact { subject: FactSubject::MonitoringEnd { model, kind, definition }, ..fact }
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
    let subject = FactSubject::Monitoring { model: model.clone(), kind: *drift, definition: Token::of(about) };
    let details = Details::default()
        .with_version(*version)
        .with_kind(*drift)
        .with_schedule(schedule_name(model, *drift))
        .with_alarm(alarm_name(endpoint, *drift))
        .with_baseline(desired.as_ref().map(|desired| desired.constraints.clone()));
    Fact::new(kind, subject, at).of_model(model).because(reason).with(details)
}
