//! The promises of the policies, read from their text: TOML and the documented keys, without Trimtab's own parser.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use toml::{Table, Value};

/// The account of Trimtab.
const ACCOUNT: &str = "123456789012";

/// All policies of a run.
#[derive(Debug, Default)]
pub(crate) struct Promised {
    pub(crate) models: BTreeMap<String, Model>,
    /// The kinds of resource that `guard` stops.
    pub(crate) stops: Vec<String>,
}

/// The policy of one model.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) group: String,
    pub(crate) limits: Option<Limits>,
    /// Whether a rejected live version is rolled back.
    pub(crate) rollback_pending: bool,
    pub(crate) stages: Vec<Stage>,
    /// The project or pipeline that builds the heads of branches.
    pub(crate) builder: Option<String>,
    /// The severities that are sent in the digest.
    pub(crate) quiet: Vec<String>,
}

/// `[retrain]`.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) cool_down: SignedDuration,
    /// Whether the cool-down holds for new data.
    pub(crate) data_waits: bool,
    pub(crate) runs: usize,
    pub(crate) per: SignedDuration,
    pub(crate) circuit_breaker_threshold: usize,
}

/// A stage.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The target: see [`slot`].
    pub(crate) slot: String,
    pub(crate) account: String,
    /// The name of the endpoint, and the role of its models.
    pub(crate) endpoint: Option<String>,
    pub(crate) role: Option<String>,
    /// Whether an operator promotes versions to it.
    pub(crate) manual_gate: bool,
}

/// The target in one text.
pub(crate) fn slot(kind: &str, account: &str, name: &str) -> String {
    format!("{kind} {name} of {account}")
}

impl Promised {
    /// Reads the policies of the models and of the organization.
    pub(crate) fn read(models: &[String], suite: &str) -> Self {
        let tables = models.iter().filter_map(|text| text.parse::<Table>().ok());
        let models = tables.filter_map(|table| Some((text(&table, "model")?, model(&table)?))).collect();
        let suite = suite.parse::<Table>().unwrap_or_default();
        let stops = suite.get("guard").and_then(|guard| guard.get("stop")).map(words).unwrap_or_default();
        Self { models, stops }
    }

    /// The model with this package group.
    pub(crate) fn of_group(&self, group: &str) -> Option<&Model> {
        self.models.values().find(|model| model.group == group)
    }
}

fn text(table: &Table, key: &str) -> Option<String> {
    table.get(key)?.as_str().map(str::to_owned)
}

fn words(list: &Value) -> Vec<String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Reads a duration such as `"24h"`, `"7d"` or `"10m"`.
fn length(text: &str) -> Option<SignedDuration> {
    let (number, unit) = text.split_at(text.len().checked_sub(1)?);
    let number: i64 = number.parse().ok()?;
    Some(match unit {
        "m" => SignedDuration::from_mins(number),
        "h" => SignedDuration::from_hours(number),
        "d" => SignedDuration::from_hours(24 * number),
        _ => return None,
    })
}

fn model(table: &Table) -> Option<Model> {
    let deploy = table.get("deploy").and_then(Value::as_table);
    let stages = match deploy.and_then(|deploy| deploy.get("stages")) {
        Some(list) => list.as_array()?.iter().filter_map(Value::as_table).filter_map(stage).collect(),
        None => deploy.and_then(stage).into_iter().collect(),
    };
    let integrate = table.get("integrate").and_then(Value::as_table);
    let pipeline = |integrate: &Table| text(integrate.get("codepipeline")?.as_table()?, "name");
    Some(Model {
        builder: integrate.and_then(|integrate| text(integrate, "project").or_else(|| pipeline(integrate))),
        group: text(table, "package_group")?,
        limits: table.get("retrain").and_then(Value::as_table).and_then(limits),
        rollback_pending: deploy.and_then(|deploy| text(deploy, "on_rejected")).as_deref() == Some("rollback"),
        stages,
        quiet: table.get("notify").and_then(|notify| notify.get("digest_severities")).map(words).unwrap_or_default(),
    })
}

fn limits(retrain: &Table) -> Option<Limits> {
    let budget = retrain.get("budget")?.as_table()?;
    let whole = |table: &Table, key: &str| table.get(key)?.as_integer().and_then(|number| usize::try_from(number).ok());
    let waits = retrain.get("data").and_then(|data| data.get("cool_down")).and_then(Value::as_bool);
    Some(Limits {
        cool_down: length(&text(retrain, "cool_down")?)?,
        data_waits: waits.unwrap_or(true),
        runs: whole(budget, "runs")?,
        per: length(&text(budget, "per")?)?,
        circuit_breaker_threshold: whole(retrain, "circuit_breaker_threshold").unwrap_or(3),
    })
}

fn stage(table: &Table) -> Option<Stage> {
    let role = table.get("account").and_then(|account| account.get("role")).and_then(Value::as_str);
    let account = role.and_then(|role| role.split(':').nth(4)).unwrap_or(ACCOUNT).to_owned();
    let kinds = ["endpoint", "pipeline", "stack", "transform"];
    let (kind, target) = kinds.iter().find_map(|kind| Some((*kind, table.get(*kind)?.as_table()?)))?;
    let name = text(target, "name")?;
    Some(Stage {
        slot: slot(kind, &account, &name),
        endpoint: (kind == "endpoint").then_some(name),
        role: text(target, "role").filter(|_| kind == "endpoint" || kind == "transform"),
        manual_gate: text(table, "gate").as_deref() == Some("manual"),
        account,
    })
}
