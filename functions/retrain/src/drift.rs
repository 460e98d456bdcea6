//! Drift that alarms report: alarms on a metric, on an expression, or on other alarms (composite).

use std::collections::BTreeSet;

use jiff::Timestamp;
use trimtab_core::event::{Alarm, AlarmState, DriftKind, children};
use trimtab_core::name::AlarmName;
use trimtab_core::port::ObservedAlarm;

use crate::state::State;
use crate::trigger::Trigger;

/// What an alarm's event means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AlarmFinding {
    /// The alarm monitors no metric of SageMaker's monitoring.
    NotDrift,
    /// It changed to a state other than ALARM.
    NotInAlarm,
    /// CloudWatch has no such alarm.
    NoSuchAlarm,
    /// It returned to OK since.
    Recovered,
    /// Its actions are suppressed.
    Suppressed,
    /// The policy ignores this kind of drift.
    Ignored(DriftKind),
    /// Drift that the policy trains on.
    Drift(Trigger),
}

/// What the event of an alarm means. The observed alarm decides, because the event may be old or forged.
pub(crate) fn check_event(
    alarm: &Alarm,
    observed: Option<&ObservedAlarm>,
    children: &[ObservedAlarm],
    configured: &BTreeSet<DriftKind>,
) -> AlarmFinding {
    if alarm.drift().is_none() && !alarm.is_composite() {
        return AlarmFinding::NotDrift;
    }
    if alarm.state != AlarmState::Alarm {
        return AlarmFinding::NotInAlarm;
    }
    let Some(observed) = observed else {
        return AlarmFinding::NoSuchAlarm;
    };
    if observed.state == AlarmState::Ok {
        return AlarmFinding::Recovered;
    }
    if observed.suppressed {
        return AlarmFinding::Suppressed;
    }
    let (content, since) = if alarm.is_composite() {
        // CloudWatch sends the event again when a suppression ends: only the time of the transition identifies it. The
        // event does not contain the children's metrics either.
        (Content::of_observed(observed, children), observed.since.unwrap_or(alarm.since))
    } else {
        (Content::of_event(alarm), alarm.since)
    };
    match content.configured(configured) {
        Ok(kind) => AlarmFinding::Drift(content.trigger(observed, kind, since)),
        Err(ignored) => AlarmFinding::Ignored(ignored),
    }
}

/// The trigger of a firing alarm whose event was missed; `None` if the drift was handled, or a run covers it.
pub(crate) fn missed_trigger(
    alarm: &ObservedAlarm,
    children: &[ObservedAlarm],
    state: &State,
    configured: &BTreeSet<DriftKind>,
) -> Option<Trigger> {
    let since = alarm.since?;
    if alarm.state != AlarmState::Alarm || alarm.suppressed || state.covers(since) {
        return None;
    }
    let content = Content::of_observed(alarm, children);
    if content.kinds.is_empty() && !alarm.is_composite() {
        return None;
    }
    let kind = content.configured(configured).ok()?;
    let trigger = content.trigger(alarm, kind, since);
    // A trigger that a limit refused is handled too: it is deferred until the limit ends.
    if state.handled(&trigger.subject).is_some() {
        return None;
    }
    Some(trigger)
}

/// The event's alarm as CloudWatch would describe it, for planning offline.
pub(crate) fn preview(alarm: &Alarm) -> Option<ObservedAlarm> {
    Some(ObservedAlarm {
        name: AlarmName::parse(&alarm.name).ok()?,
        arn: alarm.arn.clone(),
        state: alarm.state.clone(),
        since: Some(alarm.since),
        drift: alarm.drift(),
        features: alarm.features(),
        children: alarm.rule.as_deref().map(children).unwrap_or_default(),
        suppressed: alarm.suppressed,
    })
}

/// The drift that an alarm reports: several kinds if it is composite, none if its metrics are unknown.
struct Content {
    kinds: BTreeSet<DriftKind>,
    features: BTreeSet<String>,
}

impl Content {
    fn of_event(alarm: &Alarm) -> Self {
        Self { kinds: alarm.drift().into_iter().collect(), features: alarm.features().into_iter().collect() }
    }

    /// The content of an observed alarm; that of a composite alarm is the content of its children that are in ALARM.
    fn of_observed(alarm: &ObservedAlarm, children: &[ObservedAlarm]) -> Self {
        let sources: Vec<&ObservedAlarm> = if alarm.is_composite() {
            let is_child = |other: &&ObservedAlarm| alarm.children.contains(&other.name);
            children.iter().filter(is_child).filter(|child| child.state == AlarmState::Alarm).collect()
        } else {
            vec![alarm]
        };
        Self {
            kinds: sources.iter().filter_map(|alarm| alarm.drift).collect(),
            features: sources.iter().flat_map(|alarm| alarm.features.clone()).collect(),
        }
    }

    /// The first kind that the policy names, or the kind that it ignores. An alarm of unknown kind counts, because the
    /// policy names the alarm.
    fn configured(&self, configured: &BTreeSet<DriftKind>) -> Result<Option<DriftKind>, DriftKind> {
        let first = self.kinds.iter().find(|kind| configured.contains(kind)).copied();
        match (first, self.kinds.first()) {
            (None, Some(ignored)) => Err(*ignored),
            (first, _) => Ok(first),
        }
    }

    fn trigger(&self, alarm: &ObservedAlarm, kind: Option<DriftKind>, since: Timestamp) -> Trigger {
        Trigger::of_alarm(alarm.arn.clone(), alarm.name.as_str(), kind, since, &self.features)
    }
}
