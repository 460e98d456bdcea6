#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]
//! Helpers of the tests across crates: sample events, routes, and a ledger on the local cloud.

#[path = "../chaos/mod.rs"]
pub mod chaos;

use std::collections::BTreeMap;
use std::path::Path;

use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use serde_json::Value;
use trimtab_cloud::{Cloud, root};
use trimtab_ledger::DynamoLedger;

/// Every file under `events/`, by its relative path.
///
/// # Panics
/// A file cannot be read.
#[must_use]
pub fn events() -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let folder = root().join("events");
    for source in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for file in std::fs::read_dir(&source).unwrap().map(|entry| entry.unwrap().path()) {
            let name = file.strip_prefix(&folder).unwrap().display().to_string();
            found.insert(name, json(&file));
        }
    }
    found
}

/// The content of a JSON file.
///
/// # Panics
/// The file cannot be read, or is not JSON.
#[must_use]
pub fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
}

/// The functions that react to each file of `events/`, from `events/routes.json`.
///
/// # Panics
/// The file cannot be read.
#[must_use]
pub fn routes() -> BTreeMap<String, Vec<String>> {
    serde_json::from_value(json(&root().join("events/routes.json"))).unwrap()
}

/// A ledger on a new table with the schema of the template.
///
/// # Panics
/// The table cannot be created.
pub async fn ledger(cloud: &Cloud, table: &str) -> DynamoLedger {
    let config = trimtab_stories::config(&cloud.ministack());
    let client = aws_sdk_dynamodb::Client::new(&config);
    let mut call = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    for (attribute, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let defined = AttributeDefinition::builder().attribute_name(attribute).attribute_type(ScalarAttributeType::S);
        let keyed = KeySchemaElement::builder().attribute_name(attribute).key_type(kind);
        call = call.attribute_definitions(defined.build().unwrap()).key_schema(keyed.build().unwrap());
    }
    call.send().await.unwrap();
    DynamoLedger::new(&config, table.to_owned())
}
