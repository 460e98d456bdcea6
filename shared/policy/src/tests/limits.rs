//! Every limit of the policy: what is at its bounds is read, and what is one beyond is refused with a
//! fault that names key and line. The rows are also what `docs/reference/policy-limits.md` is made of.

pub(super) mod base;
mod coverage;
mod reference;
mod row;
mod table;
pub(super) mod text;

use super::super::{OrganizationPolicy, Policy, PolicyError};
use base::ORGANIZATION;
use row::Row;
use text::{Edit, Text};

fn rows() -> Vec<Row> {
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

/// Whether the fault says this number.
fn names(fault: &PolicyError, bound: u32) -> bool {
    fault.problem.split(|c: char| !c.is_ascii_digit()).any(|number| number == bound.to_string())
}

/// Collects what does not hold, so that one run shows all of it.
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

    /// `from`: the line of the stage that is at fault, where there are several.
    fn refuses(&mut self, row: &Row, text: &Text, [key, named]: [&str; 2], from: usize) {
        // The key itself is as good as the table around it, and what is in it better.
        let about = |found: &str| found == named || found == key || found.starts_with(&format!("{key}."));
        let line = |found: &str| text.line(found, from);
        let problem = match read(text, row.base) {
            Ok(()) => "is beyond the limit and accepted".to_owned(),
            Err(fault) if !about(&plain(&fault.key)) => format!("the fault names another key than {named}: {fault}"),
            Err(fault) if fault.line != line(&plain(&fault.key)) => {
                format!("the fault names another line than {}: {fault}", line(&plain(&fault.key)))
            }
            // Serde's own faults, such as that of a number below zero, know of no bounds.
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
fn every_policy_of_the_table_keeps_all_limits() {
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

/// The README writes small tables in braces: `budget = { runs = 4, per = "7d" }`.
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

/// Whether the key is in one of the ways to production.
fn is_way(key: &str) -> bool {
    let way = key.strip_prefix("deploy.").and_then(|rest| rest.split('.').next());
    way.is_some_and(|way| ["endpoint", "pipeline", "stack", "transform"].contains(&way))
}

/// A stage's way to production has the limits of that of a policy without stages.
#[test]
fn limits_of_a_stage_are_refused_by_its_own_line() {
    let mut broken = Broken::default();
    for row in rows().iter().filter(|row| is_way(row.named)) {
        let sound = Text::of(row.base);
        // Without [reconcile] the sound stages would be at fault, too.
        let reconciled_models = |edits: &&Vec<Edit>| !edits.iter().any(|edit| matches!(edit, Edit::Drop("reconcile")));
        for edits in row.refused.iter().filter(reconciled_models) {
            let Some((text, from)) = sound.with(edits).staged(&sound) else { continue };
            let staged = [row.key, row.named].map(|key| key.replacen("deploy.", "deploy.stages.", 1));
            broken.refuses(row, &text, staged.each_ref().map(String::as_str), from);
        }
    }
    broken.none();
}

#[test]
fn values_at_a_limit_are_accepted_of_a_stage() {
    let mut broken = Broken::default();
    for row in rows().iter().filter(|row| is_way(row.named)) {
        let sound = Text::of(row.base);
        for edits in &row.accepted {
            let Some((text, _)) = sound.with(edits).staged(&sound) else { continue };
            broken.accepts(row, &text);
        }
    }
    broken.none();
}
