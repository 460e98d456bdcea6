//! Each key has a row of limits, or a reason why it has none.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::{OrganizationPolicy, Policy};
use super::base::{self, ORGANIZATION};
use super::row::{Base, Row};
use super::table::{self, FREE, FREE_IN_ORGANIZATION};
use super::text::{Edit, Text};

/// The keys that a table can have, from the error about an unknown key.
fn keys(base: Base, table: &str) -> Vec<String> {
    let unknown = if table.is_empty() { "zzz".to_owned() } else { format!("{table}.zzz") };
    let text = Text::of(base).with(&[Edit::Set(unknown.clone(), "1".to_owned())]).text();
    let fault = match base.first() {
        Some(&ORGANIZATION) => toml::from_str::<OrganizationPolicy>(&text).unwrap_err().message().to_owned(),
        _ => toml::from_str::<Policy>(&text).unwrap_err().message().to_owned(),
    };
    let (_, known) = fault.split_once("unknown field `zzz`, ").unwrap_or_else(|| panic!("{unknown}: {fault}"));
    let names = known.split('`').skip(1).step_by(2);
    names.map(|name| unknown.replace("zzz", name)).collect()
}

/// All keys of these policies, and the tables that some of them are.
fn all<'a>(bases: impl Iterator<Item = &'a Base>) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut tables = BTreeMap::from([(String::new(), base::PLAIN)]);
    for base in bases {
        tables.entry(String::new()).and_modify(|first| *first = *base);
        for table in Text::of(base).tables() {
            let around = table.match_indices('.').filter_map(|(at, _)| table.get(..at));
            tables.extend(around.chain([table]).map(|table| (table.to_owned(), *base)));
        }
    }
    let keys = tables.iter().flat_map(|(table, base)| keys(base, table)).collect();
    (keys, tables.into_keys().collect())
}

#[track_caller]
fn covered(keys: BTreeSet<String>, tables: &BTreeSet<String>, rows: &[Row], free: &[(&str, &str)]) {
    // The target of a stage has the keys of a target without stages.
    let keys: BTreeSet<String> = keys
        .into_iter()
        .filter(|key| {
            let targets =
                ["endpoint.", "pipeline.", "stack.", "transform."].map(|target| format!("deploy.stages.{target}"));
            !targets.iter().any(|target| key.starts_with(target))
        })
        .collect();
    let limited: BTreeSet<&str> = rows.iter().map(|row| row.key).collect();
    let free: BTreeSet<&str> = free.iter().map(|(key, _)| *key).collect();
    // A table needs no row if its keys have rows.
    let inner = |key: &str| tables.contains(key) && limited.iter().any(|other| other.starts_with(&format!("{key}.")));
    for key in &keys {
        let known = limited.contains(key.as_str()) || free.contains(key.as_str()) || inner(key);
        assert!(
            known,
            "{key} is a key of the policy without a row in the table of limits and without a reason in FREE"
        );
        let twice = limited.contains(key.as_str()) && free.contains(key.as_str());
        assert!(!twice, "{key} has a row, and a reason why it needs none");
    }
    for key in limited.iter().chain(&free) {
        assert!(keys.contains(*key), "{key} has a row in the table of limits and is no key of the policy");
    }
}

#[test]
fn every_key_of_a_policy_has_its_row_of_limits() {
    let (keys, tables) = all(base::ALL.iter().filter(|base| base.first() != Some(&ORGANIZATION)));
    covered(keys, &tables, &table::of_models(), FREE);
}

#[test]
fn every_key_of_the_organization_has_its_row_of_limits() {
    let (keys, tables) = all(base::ALL.iter().filter(|base| base.first() == Some(&ORGANIZATION)));
    // The keys of recipients have their rows in the policy of a model.
    let keys = keys.into_iter().filter(|key| !key.starts_with("notify.all.")).collect();
    covered(keys, &tables, &table::of_organization(), FREE_IN_ORGANIZATION);
}
