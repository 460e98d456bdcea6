//! A case in one line, as failures print it and `--replay` takes it.

use std::fmt;
use std::str::FromStr;

use crate::baseline::Design;
use crate::faults::{Fault, Kind, Schedule};
use crate::script::Flow;

/// One run of the simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The flow.
    pub flow: Flow,
    /// The schedule of deliveries.
    pub schedule: Schedule,
    /// The injected faults.
    pub faults: Vec<Fault>,
    /// The seed of random delays, and of the choice of the event that is dropped.
    pub seed: u64,
    /// Trimtab, or a design that it is compared with.
    pub design: Design,
}

impl Case {
    /// The command that replays this case with its trace.
    #[must_use]
    pub fn command(&self) -> String {
        format!("cargo run --profile sim --package trimtab-sim -- --replay {self}")
    }
}

/// `Flow/Schedule/seed`, then the faults: `Drift/Twice/0/5=ResponseLost+9=CrashAfter`; for a baseline, `@` and its name
/// follow.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{:?}/{}", self.flow, self.schedule, self.seed)?;
        for (number, Fault { call, kind }) in self.faults.iter().enumerate() {
            write!(f, "{}{call}={kind:?}", if number == 0 { '/' } else { '+' })?;
        }
        if self.design == Design::Trimtab { Ok(()) } else { write!(f, "@{:?}", self.design) }
    }
}

/// The error of a text that is no case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoCase(String);

impl fmt::Display for NoCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected a case such as Drift/Twice/0/5=ResponseLost+9=CrashAfter: {}", self.0)
    }
}

impl std::error::Error for NoCase {}

impl FromStr for Case {
    type Err = NoCase;

    fn from_str(text: &str) -> Result<Self, NoCase> {
        let (text, design) = text.split_once('@').unwrap_or((text, "Trimtab"));
        let mut parts = text.split('/');
        let mut part = |what: &str| parts.next().ok_or_else(|| NoCase(format!("the {what} is missing")));
        let (flow, schedule, seed) = (part("flow")?, part("schedule")?, part("seed")?);
        let faults = part("faults").unwrap_or_default().split('+').filter(|fault| !fault.is_empty());
        Ok(Self {
            flow: named("flow", Flow::every(), flow)?,
            schedule: named("schedule", Schedule::ALL, schedule)?,
            faults: faults.map(fault).collect::<Result<_, _>>()?,
            seed: number("seed", seed)?,
            design: named("design", [Design::Trimtab, Design::Naive, Design::Recorded], design)?,
        })
    }
}

fn fault(text: &str) -> Result<Fault, NoCase> {
    let (call, kind) = text.split_once('=').ok_or_else(|| NoCase(format!("{text} is no fault")))?;
    Ok(Fault { call: number("call", call)?, kind: named("kind of fault", Kind::ALL, kind)? })
}

fn number<T: FromStr>(what: &str, text: &str) -> Result<T, NoCase> {
    text.parse().map_err(|_| NoCase(format!("{text} is no number of a {what}")))
}

fn named<T: fmt::Debug>(what: &str, all: impl IntoIterator<Item = T>, text: &str) -> Result<T, NoCase> {
    let found = all.into_iter().find(|known| format!("{known:?}").eq_ignore_ascii_case(text));
    found.ok_or_else(|| NoCase(format!("there is no {what} {text}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_parsed_from_its_own_text() {
        let faults = vec![Fault { call: 5, kind: Kind::ResponseLost }, Fault { call: 119, kind: Kind::Stale }];
        for flow in Flow::every() {
            for (schedule, faults) in Schedule::ALL.into_iter().zip([vec![], faults.clone()].into_iter().cycle()) {
                for design in [Design::Trimtab, Design::Naive, Design::Recorded] {
                    let case = Case { flow, schedule, faults: faults.clone(), seed: 42, design };
                    assert_eq!(case.to_string().parse(), Ok(case));
                }
            }
        }
    }

    #[test]
    fn invalid_case_is_refused_with_its_reason() {
        for (text, reason) in [
            ("Drift", "the schedule is missing"),
            ("Drift/Once", "the seed is missing"),
            ("Drifts/Once/0", "there is no flow Drifts"),
            ("Drift/Once/0/5", "5 is no fault"),
            ("Drift/Once/0/x=Late", "x is no number of a call"),
            ("Drift/Once/0/5=Lately", "there is no kind of fault Lately"),
        ] {
            let error = text.parse::<Case>().expect_err(text).to_string();
            assert!(error.ends_with(reason), "{text}: {error}");
        }
    }
}
