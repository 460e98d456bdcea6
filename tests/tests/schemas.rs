//! The contract with other teams: each kind of fact has a schema, and each sample fact matches it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use trimtab_cloud::{root, tool};
use trimtab_core::fact::FactKind;

#[test]
fn every_fact_matches_its_schema() {
    let kinds = FactKind::ALL.iter().map(|kind| kind.as_str());
    let mut command = Command::new(tool("python").unwrap());
    let ran = command.arg(root().join("tests/fact_schemas.py")).arg(root()).args(kinds).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}
