//! Drift as alarms tell of it: of a metric, of an expression, or of other alarms.

use std::collections::BTreeSet;

use jiff::Timestamp;
use trimtab_core::event::{Alarm, AlarmState, DriftKind, children};
use trimtab_core::name::AlarmName;
use trimtab_core::plan::Plan;
use trimtab_core::policy::{Policy, Retrain as Limits};
use trimtab_core::port::ObservedAlarm;
use trimtab_core::reactor::Context;

use crate::decide::{Answer, Observed, triage};
use crate::incident::{State, Trigger};

/// The event's alarm as CloudWatch would describe it.
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

/// What an alarm tells of; several kinds where it is composite, and none where CloudWatch does not say.
struct Told {
    kinds: BTreeSet<DriftKind>,
    features: BTreeSet<String>,
}

/// Of a composite alarm: what those of its children tell of that are on themselves.
fn told(alarm: &ObservedAlarm, children: &[ObservedAlarm]) -> Told {
    let on = |child: &&ObservedAlarm| alarm.children.contains(&child.name) && child.state == AlarmState::Alarm;
    let of: Vec<&ObservedAlarm> = if alarm.is_composite() { children.iter().filter(on).collect() } else { vec![alarm] };
    Told {
        kinds: of.iter().filter_map(|alarm| alarm.drift).collect(),
        features: of.iter().flat_map(|alarm| alarm.features.clone()).collect(),
    }
}

impl Told {
    /// The first kind that the policy counts. Where none is known, the policy has named the alarm
    /// all the same, and it counts.
    fn counts(&self, limits: &Limits) -> Result<Option<DriftKind>, DriftKind> {
        let counted = self.kinds.iter().find(|kind| limits.drift.contains(kind));
        match (counted, self.kinds.first()) {
            (None, Some(other)) => Err(*other),
            (counted, _) => Ok(counted.copied()),
        }
    }

    fn trigger(&self, alarm: &ObservedAlarm, kind: Option<DriftKind>, since: Timestamp) -> Trigger {
        Trigger::of_alarm(&alarm.arn, alarm.name.as_str(), kind, since, &self.features)
    }
}

/// An alarm changed its state.
pub(crate) fn on_alarm(ctx: &Context<'_, State, Observed>, policy: &Policy, limits: &Limits, alarm: &Alarm) -> Answer {
    if alarm.drift().is_none() && !alarm.is_composite() {
        return Plan::skip(
            "not_drift",
            format!("alarm {} watches no SageMaker monitoring metric: it says nothing about drift", alarm.name),
        );
    }
    if alarm.state != AlarmState::Alarm {
        return Plan::skip("not_in_alarm", format!("alarm {} is not in ALARM", alarm.name));
    }
    let Some(actual) = &ctx.observed.alarm else {
        return Plan::fail(
            "no_such_alarm",
            format!("CloudWatch knows no alarm {}: the event is forged or the alarm is gone", alarm.name),
        );
    };
    if actual.state == AlarmState::Ok {
        return Plan::skip("recovered", format!("alarm {} has returned to OK since", alarm.name));
    }
    if actual.suppressed {
        return Plan::skip(
            "suppressed",
            format!(
                "the actions of alarm {} are held back; when they no longer are, CloudWatch tells again",
                alarm.name
            ),
        );
    }
    // The event says what the alarm was about then; of a composite alarm only CloudWatch knows.
    let (told, since) = if alarm.is_composite() {
        // It tells of one change twice where it was held back: what counts is when it went off.
        (told(actual, &ctx.observed.children), actual.since.unwrap_or(alarm.since))
    } else {
        let (kinds, features) = (alarm.drift().into_iter().collect(), alarm.features().into_iter().collect());
        (Told { kinds, features }, alarm.since)
    };
    match told.counts(limits) {
        Ok(kind) => triage(ctx, policy, limits, told.trigger(actual, kind, since)),
        Err(other) => ignored(policy, other),
    }
}

/// A kind of drift that the policy leaves alone.
pub(crate) fn ignored(policy: &Policy, kind: DriftKind) -> Answer {
    let text = format!("{kind} drift is not among the kinds that the policy of {} retrains on", policy.model);
    Plan::skip("drift_ignored", text)
}

/// The transition of an alarm that is on, and that nothing has answered since it went off.
pub(crate) fn unanswered(
    alarm: &ObservedAlarm,
    children: &[ObservedAlarm],
    state: &State,
    limits: &Limits,
) -> Option<Trigger> {
    let (told, since) = (told(alarm, children), alarm.since?);
    if told.kinds.is_empty() && !alarm.is_composite() {
        return None;
    }
    let kind = told.counts(limits).ok()?;
    let news = alarm.state == AlarmState::Alarm && !alarm.suppressed && !state.has_answered_since(since);
    // What a limit refused is held, and waits for its end.
    Some(told.trigger(alarm, kind, since)).filter(|trigger| news && state.answer_to(trigger).is_none())
}
