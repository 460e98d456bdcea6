//! The keys in `docs/reference/policy.md`, generated from the schema, the defaults and the limits.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value;

use super::defaults::DEFAULTS;
use super::limits::row::{Row, Source};
use super::limits::table;
use super::{schema, stale};
use crate::{OrganizationPolicy, Policy};

/// The text before this line is written by hand.
const MARKER: &str =
    "<!-- Generated from here on: UPDATE=1 cargo nextest run -p trimtab-policy reference_is_current -->";

/// The order of the tables.
const TABLES: [&str; 8] = ["integrate", "retrain", "evaluate", "deploy", "monitor", "reconcile", "notify", "lineage"];

/// Tables with the keys of another one, which their descriptions name.
const ELSEWHERE: [&str; 6] = [
    "deploy.stages.endpoint",
    "deploy.stages.pipeline",
    "deploy.stages.stack",
    "deploy.stages.transform",
    "notify.all",
    "notify.platform",
];

/// Limits that the rest of the page states: the range of durations, and what is required.
const STATED: [&str; 4] = ["1s to 3650d", "required", "may be left out", "any number"];

const ORGANIZATION: &str = "## organization.toml

`organization.toml`, beside the policies, applies to all models and is applied with them. A missing rule is off. Service
control policies in `infra/guardrails/` refuse most of what `guard` reports.

";

/// The text of the page so far.
struct Page<'a> {
    text: String,
    rows: &'a [Row],
    /// Whether the keys are those of a model's policy.
    of_model: bool,
}

/// A table with its keys.
struct Table<'a> {
    key: String,
    schema: &'a Value,
    list: bool,
}

fn join(table: &str, key: &str) -> String {
    if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") }
}

/// The schema of the items, if it is a list of tables.
fn items(schema: &Value) -> Option<&Value> {
    schema.get("items").filter(|items| items.get("properties").is_some())
}

/// Whether the key is a table or a list of tables, with known keys.
fn is_table(schema: &Value) -> bool {
    let closed = schema["type"] == "object" && schema.get("additionalProperties") == Some(&Value::Bool(false));
    items(schema).is_some() || closed && schema.get("oneOf").is_none()
}

fn is_elsewhere(key: &str) -> bool {
    ELSEWHERE.contains(&key)
}

fn plural(word: &str) -> String {
    let end = if word.ends_with('x') { "es" } else { "s" };
    format!("{word}{end}")
}

/// The values of an enumeration in TOML.
fn words(schema: &Value) -> Vec<String> {
    let list = |key: &str| schema.get(key).and_then(Value::as_array).into_iter().flatten();
    let own = list("enum").chain(schema.get("const")).map(|value| format!("`{value}`"));
    let tables = schema.get("properties").and_then(Value::as_object).into_iter().flat_map(|keys| keys.keys());
    let tables = tables.map(|key| format!("`{{ {key} = \"…\" }}`"));
    let inner = list("oneOf").flat_map(words);
    let found: Vec<String> = own.chain(inner).collect();
    if found.is_empty() { tables.collect() } else { found }
}

fn either(words: &[String]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => words.join(""),
    }
}

/// The type of a key, as readers of TOML call it.
fn type_of(schema: &Value) -> String {
    if schema.get("oneOf").is_some() || schema.get("enum").is_some() || schema.get("const").is_some() {
        return either(&words(schema));
    }
    if schema["type"] == "object" && is_table(schema) {
        return "table".to_owned();
    }
    match (schema["type"].as_str(), schema["title"].as_str()) {
        (Some("object"), _) => "table of strings".to_owned(),
        (Some("array"), _) => match schema["items"].get("oneOf").or(schema["items"].get("enum")) {
            Some(_) => format!("list of {}", either(&words(&schema["items"]))),
            None if items(schema).is_some() => "list of tables".to_owned(),
            None => format!("list of {}", plural(&type_of(&schema["items"]))),
        },
        (_, Some(title)) => title.to_owned(),
        (Some(kind), None) => kind.to_owned(),
        (None, None) => panic!("no type: {schema}"),
    }
}

/// A value in TOML.
fn toml(value: &Value) -> String {
    match value {
        Value::Array(values) => format!("[{}]", values.iter().map(toml).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// Breaks a text into lines of at most 120 characters.
fn wrap(text: &mut String, first: &str, indent: &str, words: &str) {
    let mut line = first.to_owned();
    for word in words.split_whitespace() {
        let blank = usize::from(!line.ends_with(' ') && !line.is_empty());
        if line.chars().count() + blank + word.chars().count() > 120 && line.trim() != first.trim() {
            writeln!(text, "{line}").unwrap();
            line = format!("{indent}{word}");
        } else {
            line.push_str(if blank == 1 { " " } else { "" });
            line.push_str(word);
        }
    }
    writeln!(text, "{line}").unwrap();
}

impl Page<'_> {
    fn default_of(&self, key: &str, schema: &Value) -> Option<String> {
        let written = schema.get("default").filter(|default| !default.is_object()).map(toml);
        let tested =
            || DEFAULTS.iter().find(|(_, of, ..)| self.of_model && *of == key).map(|(_, _, default, _)| *default);
        written.or_else(|| tested().map(str::to_owned))
    }

    /// The limits of a key, each once: one limit may be tested on several policies.
    fn limits(&self, key: &str, schema: &Value) -> Vec<String> {
        let mut written = BTreeSet::new();
        // The type of an enumeration already lists its values.
        let values = words(schema).join(", ");
        let rows = self.rows.iter().filter(|row| row.key == key && !STATED.contains(&row.says.as_str()));
        rows.filter(|row| row.says != values).map(limit).filter(|limit| written.insert(limit.clone())).collect()
    }

    fn key(&mut self, table: &str, name: &str, schema: &Value, required: bool) {
        let key = join(table, name);
        let presence = match self.default_of(&key, schema) {
            _ if required => "required".to_owned(),
            Some(default) => format!("default `{default}`"),
            None => "optional".to_owned(),
        };
        let description = schema["description"].as_str().unwrap_or_else(|| panic!("{key} has no doc comment"));
        wrap(&mut self.text, "- ", "  ", &format!("**`{name}`** ({}, {presence}): {description}", type_of(schema)));
        // The limits of a table follow its own heading.
        if !is_table(schema) || is_elsewhere(&key) {
            for limit in self.limits(&key, schema) {
                wrap(&mut self.text, "  - ", "    ", &limit);
            }
        }
    }

    fn heading(&mut self, Table { key, schema, list }: &Table<'_>) {
        let level = if key.contains('.') { "###" } else { "##" };
        let name = if *list { format!("[[{key}]]") } else { format!("[{key}]") };
        writeln!(self.text, "{level} `{name}`\n").unwrap();
        let description = schema["description"].as_str().unwrap_or_else(|| panic!("{key} has no doc comment"));
        wrap(&mut self.text, "", "", description);
        self.text.push('\n');
        let limits = self.limits(key, &Value::Null);
        for limit in &limits {
            wrap(&mut self.text, "- ", "  ", limit);
        }
        if !limits.is_empty() {
            self.text.push_str("\nKeys:\n\n");
        }
    }

    /// The table with its keys, the required ones first, and then its tables.
    fn table(&mut self, table: &Table<'_>) {
        let Table { key, schema, list } = table;
        if !key.is_empty() {
            self.heading(table);
        }
        let inner = if *list { &schema["items"] } else { *schema };
        let none = serde_json::Map::new();
        let keys = inner["properties"].as_object().unwrap_or(&none);
        let required: BTreeSet<&str> =
            inner["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut names: Vec<&String> = keys.keys().collect();
        names.sort_by_key(|name| (!required.contains(name.as_str()), TABLES.iter().position(|table| table == name)));
        for name in &names {
            self.key(key, name, &keys[*name], required.contains(name.as_str()));
        }
        if !keys.is_empty() {
            self.text.push('\n');
        }
        let tables = names.into_iter().map(|name| (join(key, name), &keys[name]));
        for (key, schema) in tables.filter(|(key, schema)| is_table(schema) && !is_elsewhere(key)) {
            self.table(&Table { key, schema, list: items(schema).is_some() });
        }
    }
}

/// A limit with its source.
fn limit(row: &Row) -> String {
    let mut says = row.says.clone();
    if let Some(first) = says.get(..1).map(str::to_uppercase) {
        says.replace_range(..1, &first);
    }
    match row.source {
        Source::Aws(page) => {
            let name = page.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            format!("{says} ([{}]({page})).", name.trim_end_matches(".html").trim_start_matches("API_"))
        }
        Source::Own(reason) => format!("{says}: {reason}."),
    }
}

fn keys_of(schema: &Value, rows: &[Row], of_model: bool) -> String {
    let mut page = Page { text: String::new(), rows, of_model };
    page.table(&Table { key: String::new(), schema, list: false });
    page.text
}

fn reference(found: &str) -> String {
    let (head, _) = found.split_once(MARKER).expect("docs/reference/policy.md has lost its marker");
    let model = keys_of(&schema::schema::<Policy>(true), &table::of_models(), true);
    let organization = keys_of(&schema::schema::<OrganizationPolicy>(true), &table::of_organization(), false);
    // Both files have a table of this name.
    let organization = organization.replace("## `[notify]`", "## `[notify]` of the organization");
    let text = format!("{head}{MARKER}\n\n## Top level\n\n{model}{ORGANIZATION}{organization}");
    text.trim_end().to_owned() + "\n"
}

#[test]
fn reference_is_current() {
    stale::check("policy.md", "reference_is_current", reference);
}

#[test]
fn every_limit_names_its_source() {
    for row in super::limits::rows() {
        let source = match row.source {
            Source::Aws(page) => page.starts_with("https://"),
            Source::Own(reason) => !reason.is_empty(),
        };
        assert!(source, "{} has neither a page of documentation nor a reason", row.key);
    }
}
