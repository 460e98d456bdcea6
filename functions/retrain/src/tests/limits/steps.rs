//! What may happen to a model, and within which limits.

use proptest::prelude::*;

use super::ALARMS;
use super::reference::{Ask, Hour, Rules, Why};

/// What happens next.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    Wait(u8),
    /// Until the moment when a limit ends, or an hour before.
    WaitForEdge {
        which: u8,
        early: bool,
    },
    /// An alarm goes off; its event comes, or is lost.
    Alarm {
        which: usize,
        comes: bool,
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
        of_a_group: bool,
    },
    /// The run ends; its event comes, or is lost.
    End {
        how: u8,
        comes: bool,
    },
    /// An event says that the run ended, and it has not.
    EarlyEnd,
    /// An earlier event is delivered again.
    Again(u8),
    Look,
}

pub fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..9_u8).prop_map(Step::Wait),
        5 => (any::<u8>(), any::<bool>()).prop_map(|(which, early)| Step::WaitForEdge { which, early }),
        5 => (0..ALARMS.len(), prop::bool::weighted(0.8)).prop_map(|(which, comes)| Step::Alarm { which, comes }),
        1 => (0..ALARMS.len()).prop_map(Step::Recover),
        2 => Just(Step::Violations),
        2 => Just(Step::Commit),
        1 => any::<bool>().prop_map(|newer| Step::Image { newer }),
        1 => any::<bool>().prop_map(|over_budget| Step::Operator { over_budget }),
        3 => (0..4_u8, any::<bool>()).prop_map(|(number, of_a_group)| Step::Object { number, of_a_group }),
        7 => (0..3_u8, prop::bool::weighted(0.7)).prop_map(|(how, comes)| Step::End { how, comes }),
        1 => Just(Step::EarlyEnd),
        2 => any::<u8>().prop_map(Step::Again),
        6 => Just(Step::Look),
    ]
}

prop_compose! {
    pub fn rules()(
        cool_down in 1..40_i64, runs in 1..6_usize, per in 24..240_i64, circuit_breaker_threshold in 1..4_u32,
        quiet in 1..9_i64, more in 0..20_i64, at_least in 1..4_usize, data_cools_down: bool,
        every in prop::option::of(20..300_i64),
    ) -> Rules {
        Rules { cool_down, runs, per, circuit_breaker_threshold, quiet, longest: quiet + more, at_least, data_cools_down, every }
    }
}

/// An event, as far as the reference understands it.
#[derive(Debug, Clone)]
pub enum Sent {
    Alarm { which: usize, since: Hour },
    Ask(Ask),
    Image(u8),
    Object { number: u8, why: Why, at: Hour },
    End,
    Look,
}
