//! `docs/reference/policy-limits.md`, made of the table.

use std::fmt::Write;

use super::row::{Row, Source};
use super::table::{self, FREE, FREE_IN_ORGANIZATION};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/policy-limits.md");

const COMMAND: &str = "UPDATE=1 cargo nextest run -p trimtab-policy reference_of_limits";

const TABLES: &[(&str, &str)] = &[
    ("", "The policy"),
    ("integrate", "`[integrate]`"),
    ("retrain", "`[retrain]`"),
    ("evaluate", "`[evaluate]`"),
    ("deploy", "`[deploy]`"),
    ("monitor", "`[monitor]`"),
    ("reconcile", "`[reconcile]`"),
    ("notify", "`[notify]`"),
    ("lineage", "`[lineage]`"),
];

fn table_of(key: &str) -> &str {
    let first = key.split('.').next().unwrap_or_default();
    TABLES.iter().map(|(table, _)| *table).find(|table| *table == first).unwrap_or_default()
}

fn source(row: &Row) -> String {
    match row.source {
        Source::Aws(page) => {
            let name = page.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            format!("[{}]({page})", name.trim_end_matches(".html").trim_start_matches("API_"))
        }
        Source::Own(reason) => reason.to_owned(),
    }
}

fn write_rows(text: &mut String, rows: &[&Row], free: &[(&str, &str)]) {
    text.push_str("| key | what is accepted | where the limit comes from |\n|---|---|---|\n");
    let (mut last, mut said) = ("", String::new());
    for row in rows {
        // One limit may be tested on several policies.
        let limit = format!("{} | {} | {}", row.key, row.says, source(row));
        if limit == said {
            continue;
        }
        said = limit;
        let key = if row.key == last { String::new() } else { format!("`{}`", row.key) };
        last = row.key;
        writeln!(text, "| {key} | {} | {} |", row.says.replace('|', "\\|"), source(row)).unwrap();
    }
    for (key, reason) in free {
        writeln!(text, "| `{key}` | no limit | {reason} |").unwrap();
    }
    text.push('\n');
}

fn reference() -> String {
    let mut text = format!(
        "# Limits of the policy\n\n\
         Generated from the table that the tests of these limits run on; `{COMMAND}` writes it anew.\n\n\
         Each bound is tested at the bound, where it is accepted, and one beyond, where it is refused with file,\n\
         line, key and what was expected. A length of time is to the second; a day is 24 hours. `deploy.stages.endpoint`,\n\
         `pipeline`, `stack` and `transform` have the limits of the tables of the same names without stages.\n\n"
    );
    let models = table::of_models();
    for (table, title) in TABLES {
        writeln!(text, "## {title}\n").unwrap();
        let mut rows: Vec<&Row> = models.iter().filter(|row| table_of(row.key) == *table).collect();
        rows.sort_by_key(|row| row.key);
        let free: Vec<_> = FREE.iter().filter(|(key, _)| table_of(key) == *table).copied().collect();
        write_rows(&mut text, &rows, &free);
    }
    text.push_str("## `organization.toml`\n\n");
    let suite = table::of_organization();
    let mut rows: Vec<&Row> = suite.iter().collect();
    rows.sort_by_key(|row| row.key);
    write_rows(&mut text, &rows, FREE_IN_ORGANIZATION);
    text.trim_end().to_owned() + "\n"
}

#[test]
fn reference_of_limits_is_what_the_table_says() {
    let expected = reference();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(FILE, &expected).unwrap();
    }
    let found = std::fs::read_to_string(FILE).unwrap_or_default();
    let stale = expected.lines().zip(found.lines().chain(std::iter::repeat(""))).find(|(new, old)| new != old);
    assert!(found == expected, "docs/reference/policy-limits.md is stale: {COMMAND}\nfirst difference: {stale:?}");
}

#[test]
fn every_limit_says_where_it_comes_from() {
    for row in super::rows() {
        let said = match row.source {
            Source::Aws(page) => page.starts_with("https://"),
            Source::Own(reason) => !reason.is_empty(),
        };
        assert!(said, "{} has neither a page of documentation nor a reason", row.key);
    }
}
