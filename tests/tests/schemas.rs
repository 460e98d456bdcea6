//! JSON Schemas: every fact fits the schema of its kind, and every policy the schema for editors.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use trimtab_cloud::{root, tool};
use trimtab_core::fact::FactKind;

/// Runs a script of `tests/` with the root of the repository and these arguments.
#[track_caller]
fn run(script: &str, arguments: &[&str]) {
    let mut command = Command::new(tool("python").unwrap());
    let ran = command.arg(root().join("tests").join(script)).arg(root()).args(arguments).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn every_fact_fits_the_schema_of_its_kind() {
    let kinds: Vec<&str> = FactKind::ALL.iter().map(|kind| kind.as_str()).collect();
    run("fact_schemas.py", &kinds);
}

#[test]
fn every_policy_fits_its_schema() {
    run("policy_schemas.py", &[]);
}
