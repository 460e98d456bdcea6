//! Every limit of the policy: a value at a bound is accepted, and one beyond is refused with key and line.
//! `docs/reference/policy.md` is generated from the same rows.

pub(super) mod base;
mod coverage;
pub(super) mod row;
pub(super) mod table;
pub(super) mod text;

use super::super::{OrganizationPolicy, Policy, PolicyError};
use base::ORGANIZATION;
use row::Row;
use text::{Edit, Text};

pub(super) fn rows() -> Vec<Row> {
    [table::of_models(), table::of_organization()].concat()
}

fn read(text: &Text, base: row::Base) -> Result<(), PolicyError> {
    if base.first() == Some(&ORGANIZATION) {
        OrganizationPolicy::parse("p.toml", &text.text()).map(drop)
    } else {
        Policy::parse("p.toml", &text.text()).map(drop)
    }
}

/// The key without the numbers of list members.
fn plain(key: &str) -> String {
    key.split('.').map(|part| part.split('[').next().unwrap_or(part)).collect::<Vec<_>>().join(".")
}

/// Whether the message of the fault contains this number.
fn names(fault: &PolicyError, bound: u32) -> bool {
    fault.problem.split(|c: char| !c.is_ascii_digit()).any(|number| number == bound.to_string())
}

/// Collects the limits that do not hold, so that one run shows all of them.
#[derive(Default)]
struct Broken(Vec<String>);

impl Broken {
    fn accepts(&mut self, row: &Row, text: &Text) {
        if let Err(fault) = read(text, row.base) {
            self.0.push(format!(
                "{}: {}: is within the limit and refused: {fault}\n{}",
                row.key,
                row.says,
                text.text()
            ));
        }
    }

    /// `from`: the line of the stage with the fault, if there are several.
    fn refuses(&mut self, row: &Row, text: &Text, [key, named]: [&str; 2], from: usize) {
        // The key, the expected one, or a key below it.
        let about = |found: &str| found == named || found == key || found.starts_with(&format!("{key}."));
        let line = |found: &str| text.line(found, from);
        let problem = match read(text, row.base) {
            Ok(()) => "is beyond the limit and accepted".to_owned(),
            Err(fault) if !about(&plain(&fault.key)) => format!("the fault names another key than {named}: {fault}"),
            Err(fault) if fault.line != line(&plain(&fault.key)) => {
                format!("the fault names another line than {}: {fault}", line(&plain(&fault.key)))
            }
            // Faults of serde, such as a number below zero, have no bounds.
            Err(fault)
                if row.bound.is_some_and(|bound| fault.problem.starts_with("expected") && !names(&fault, bound)) =>
            {
                format!("the fault does not name the bound: {fault}")
            }
            Err(_) => return,
        };
        self.0.push(format!("{}: {}: {problem}\n{}", row.key, row.says, text.text()));
    }

    #[track_caller]
    fn none(self) {
        assert!(self.0.is_empty(), "{} limits do not hold:\n{}", self.0.len(), self.0.join("\n"));
    }
}

#[test]
fn every_base_policy_is_valid() {
    for base in base::ALL {
        assert_eq!(read(&Text::of(base), base), Ok(()), "{}", Text::of(base).text());
    }
}

#[test]
fn values_at_a_limit_are_accepted() {
    let mut broken = Broken::default();
    for row in rows() {
        for edits in &row.accepted {
            broken.accepts(&row, &Text::of(row.base).with(edits));
        }
    }
    broken.none();
}

/// The ledger holds policies as JSON.
#[test]
fn policies_at_a_limit_survive_the_ledger() {
    for row in table::of_models() {
        for edits in &row.accepted {
            let policy = Policy::parse("p.toml", &Text::of(row.base).with(edits).text()).unwrap();
            let back: Policy = serde_json::from_str(&serde_json::to_string(&policy).unwrap()).unwrap();
            assert_eq!(back, policy, "{}: {}", row.key, row.says);
        }
    }
}

#[test]
fn values_beyond_a_limit_are_refused_by_key_and_line() {
    let mut broken = Broken::default();
    for row in rows() {
        for edits in &row.refused {
            let text = Text::of(row.base).with(edits);
            broken.refuses(&row, &text, [row.key, row.named], text.stage_of(row.named));
        }
    }
    broken.none();
}

/// The book has inline tables, such as `budget = { runs = 4, per = "7d" }`.
#[test]
fn limits_of_inline_tables_are_refused_by_line() {
    let mut broken = Broken::default();
    for row in rows() {
        for edits in &row.refused {
            let table = row.key.rsplit_once('.').map_or("", |(table, _)| table);
            let Some(text) = Text::of(row.base).with(edits).inline(table) else { continue };
            broken.refuses(&row, &text, [row.key, row.named], text.stage_of(row.named));
        }
    }
    broken.none();
}

/// Whether the key is in the table of a target.
fn is_of_target(key: &str) -> bool {
    let target = key.strip_prefix("deploy.").and_then(|rest| rest.split('.').next());
    target.is_some_and(|target| ["endpoint", "pipeline", "stack", "transform"].contains(&target))
}

/// The target of a stage has the limits of the target of a policy without stages.
#[test]
fn limits_of_a_stage_are_refused_by_its_own_line() {
    let mut broken = Broken::default();
    for row in rows().iter().filter(|row| is_of_target(row.named)) {
        let valid = Text::of(row.base);
        // Without [reconcile], the valid stages would be refused, too.
        let reconciled_models = |edits: &&Vec<Edit>| !edits.iter().any(|edit| matches!(edit, Edit::Drop("reconcile")));
        for edits in row.refused.iter().filter(reconciled_models) {
            let Some((text, from)) = valid.with(edits).staged(&valid) else { continue };
            let staged = [row.key, row.named].map(|key| key.replacen("deploy.", "deploy.stages.", 1));
            broken.refuses(row, &text, staged.each_ref().map(String::as_str), from);
        }
    }
    broken.none();
}

#[test]
fn values_at_a_limit_are_accepted_in_a_stage() {
    let mut broken = Broken::default();
    for row in rows().iter().filter(|row| is_of_target(row.named)) {
        let valid = Text::of(row.base);
        for edits in &row.accepted {
            let Some((text, _)) = valid.with(edits).staged(&valid) else { continue };
            broken.accepts(row, &text);
        }
    }
    broken.none();
}
