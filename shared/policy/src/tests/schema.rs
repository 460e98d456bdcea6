//! The JSON Schemas of the policies, for editors: `docs/reference/*.schema.json`.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::stale;
use crate::{OrganizationPolicy, Policy};

/// The schema of a policy, as TOML has it: a missing key is no `null`. Draft 7 is the newest that editors of TOML support.
pub(super) fn schema<T: JsonSchema>(inline: bool) -> Value {
    let mut settings = SchemaSettings::draft07();
    settings.inline_subschemas = inline;
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    as_toml(&mut schema);
    schema
}

fn as_toml(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            without_null(map);
            // `uint32` and the like are no formats of JSON Schema.
            map.remove("format");
            if let Some(Value::String(text)) = map.get_mut("description") {
                *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            }
            map.values_mut().for_each(as_toml);
        }
        Value::Array(items) => items.iter_mut().for_each(as_toml),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Removes what schemars adds for an `Option`.
fn without_null(map: &mut Map<String, Value>) {
    if map.get("default").is_some_and(Value::is_null) {
        map.remove("default");
    }
    if let Some(Value::Array(types)) = map.get("type") {
        let types: Vec<Value> = types.iter().filter(|kind| *kind != "null").cloned().collect();
        if let [one] = types.as_slice() {
            map.insert("type".to_owned(), one.clone());
        }
    }
    if let Some(Value::Array(values)) = map.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let Some(Value::Array(variants)) = map.get("anyOf") else { return };
    let variants: Vec<Value> = variants.iter().filter(|variant| variant["type"] != "null").cloned().collect();
    let [Value::Object(one)] = variants.as_slice() else { return };
    map.remove("anyOf");
    if one.contains_key("$ref") {
        // Draft 7 ignores the description beside a reference.
        map.insert("allOf".to_owned(), Value::Array(variants));
        return;
    }
    for (key, value) in one {
        map.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

fn file<T: JsonSchema>(title: &str) -> String {
    let mut schema = schema::<T>(false);
    schema["title"] = title.into();
    serde_json::to_string_pretty(&schema).unwrap() + "\n"
}

#[test]
fn schema_of_policies_is_current() {
    stale::check("policy.schema.json", "schema_of_policies_is_current", |_| file::<Policy>("Policy of a model"));
}

#[test]
fn schema_of_the_organization_is_current() {
    let expected = |_: &str| file::<OrganizationPolicy>("Policy of the organization");
    stale::check("organization.schema.json", "schema_of_the_organization_is_current", expected);
}
