//! The steps of a sequence, and the limits of a policy.

use proptest::prelude::*;

use super::ALARMS;
use super::reference::{Hour, Rules, Trigger, Why};

/// One step.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    Wait(u8),
    /// Waits until a limit ends, or an hour less.
    WaitForEdge {
        which: u8,
        early: bool,
    },
    /// An alarm fires; its event arrives, or is lost.
    Alarm {
        which: usize,
        arrives: bool,
    },
    Recover(usize),
    Violations,
    Commit,
    Image {
        newer: bool,
    },
    Operator {
        over_budget: bool,
    },
    Object {
        number: u8,
        in_feature_group: bool,
    },
    /// The run ends; its event arrives, or is lost.
    End {
        how: u8,
        arrives: bool,
    },
    /// An event reports the end of the run, which has not ended.
    EarlyEnd,
    /// An earlier event is delivered again.
    Again(u8),
    Reconcile,
}

pub fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..9_u8).prop_map(Step::Wait),
        5 => (any::<u8>(), any::<bool>()).prop_map(|(which, early)| Step::WaitForEdge { which, early }),
        5 => (0..ALARMS.len(), prop::bool::weighted(0.8)).prop_map(|(which, arrives)| Step::Alarm { which, arrives }),
        1 => (0..ALARMS.len()).prop_map(Step::Recover),
        2 => Just(Step::Violations),
        2 => Just(Step::Commit),
        1 => any::<bool>().prop_map(|newer| Step::Image { newer }),
        1 => any::<bool>().prop_map(|over_budget| Step::Operator { over_budget }),
        3 => (0..4_u8, any::<bool>()).prop_map(|(number, in_feature_group)| Step::Object { number, in_feature_group }),
        7 => (0..3_u8, prop::bool::weighted(0.7)).prop_map(|(how, arrives)| Step::End { how, arrives }),
        1 => Just(Step::EarlyEnd),
        2 => any::<u8>().prop_map(Step::Again),
        6 => Just(Step::Reconcile),
    ]
}

prop_compose! {
    pub fn rules()(
        cool_down in 1..40_i64, runs in 1..6_usize, per in 24..240_i64, circuit_breaker_threshold in 1..4_u32,
        debounce in 1..9_i64, more in 0..20_i64, min_objects in 1..4_usize, cool_down_for_data: bool,
        every in prop::option::of(20..300_i64),
    ) -> Rules {
        Rules { cool_down, runs, per, circuit_breaker_threshold, debounce, max_wait: debounce + more, min_objects, cool_down_for_data, every }
    }
}

/// An event as the reference receives it.
#[derive(Debug, Clone)]
pub enum Sent {
    Alarm { which: usize, since: Hour },
    Trigger(Trigger),
    Image(u8),
    Object { number: u8, why: Why, at: Hour },
    End,
    Reconcile,
}
