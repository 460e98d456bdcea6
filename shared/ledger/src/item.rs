//! The table's items: keys `pk` and `sk`, and the content of each kind of item.
//!
//! | pk | sk | holds |
//! |---|---|---|
//! | `key#<kind>#<name>` | `model` | the model that owns the name |
//! | `model#<model>` | `policy` | the policy as it was applied |
//! | `platform` | `policy` | the organization's policy, as it was applied |
//! | `applied` | `<model>` | nothing: a policy of the model is applied |
//! | `reconciled` | `<model>` | nothing: its policy has a `[reconcile]` |
//! | `model#<model>` or `platform` | `pause` | who stopped it, since when |
//! | `model#<model>` or `platform` | `aggregate#<name>` | epoch, lease, state, outbox |
//! | `model#<model>` or `platform` | `history#<time>#<function>#<event>` | the terminal record |
//! | `dead-letter` | `<function>#<digest>` | an event with a permanent failure, whole |

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use trimtab_core::fact::Fact;
use trimtab_core::failure::Failure;
use trimtab_core::policy::Key;
use trimtab_core::port::{AggregateId, HistoryEntry, Pause, PortResult, Record};
use trimtab_core::text::digest;

/// The retention of history, dead letters, and the aggregates of single builds, messages and findings: well beyond
/// every redelivery window (14 days).
const RETENTION: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The largest event, in bytes, that is stored whole. DynamoDB limits an item to 400 KB; a larger event is stored
/// without its detail, with a note.
const RAW_MAX: usize = 256 * 1024;

/// The prefix of the sort key of a terminal record.
pub(crate) const HISTORY: &str = "history#";

/// The partition of the dead letters.
pub(crate) const DEAD_LETTERS: &str = "dead-letter";

/// The partition that lists the models with an applied policy: the table has no other list of them.
pub(crate) const APPLIED: &str = "applied";

/// How the sort key of an aggregate begins.
pub(crate) const AGGREGATE: &str = "aggregate#";

/// The partition of the models that are reconciled.
pub(crate) const RECONCILED: &str = "reconciled";

/// An item in DynamoDB's format.
pub(crate) struct Item(pub(crate) HashMap<String, AttributeValue>);

impl Item {
    fn new(pk: &str, sk: &str) -> Self {
        Self([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))].into())
    }

    fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_s().ok().map(String::as_str)
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.0.get(name)?.as_n().ok()?.parse().ok()
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, name: &str) -> PortResult<T> {
        let text = self.text(name).unwrap_or("null");
        serde_json::from_str(text).map_err(|error| Failure::transient("ledger:read", format!("{name}: {error}")))
    }

    pub(crate) fn record(&self) -> PortResult<Record> {
        let epoch =
            self.number("epoch").ok_or_else(|| Failure::transient("ledger:read", "an aggregate without an epoch"))?;
        let lease_until = self.number("lease_until").and_then(|at| Timestamp::from_millisecond(at).ok());
        let outbox: Option<Vec<Value>> = self.json("outbox")?;
        let outbox = outbox.unwrap_or_default().iter().filter_map(Fact::from_value).collect();
        Ok(Record { epoch, lease_until, state: self.json("state")?, outbox })
    }
}

pub(crate) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn milliseconds(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_millisecond().to_string())
}

pub(crate) fn json(value: &Value) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

pub(crate) fn written<T: Serialize>(value: &T) -> PortResult<AttributeValue> {
    serde_json::to_string(value)
        .map(AttributeValue::S)
        .map_err(|error| Failure::transient("ledger:write", error.to_string()))
}

pub(crate) fn owner(owner: &str) -> String {
    if owner == "platform" { owner.to_owned() } else { format!("model#{owner}") }
}

pub(crate) fn key(key: &Key) -> String {
    format!("key#{key}")
}

pub(crate) fn aggregate(id: &AggregateId) -> String {
    format!("{AGGREGATE}{}", id.name)
}

/// The condition of a write by the holder of epoch `held`.
pub(crate) fn fence(held: u64) -> &'static str {
    if held == 0 { "attribute_not_exists(pk)" } else { "epoch = :held" }
}

/// An update that names the reserved word `state`.
pub(crate) fn state(update: Update) -> TransactWriteItem {
    let mut update = update;
    update.expression_attribute_names.get_or_insert_default().insert("#state".to_owned(), "state".to_owned());
    TransactWriteItem::builder().update(update).build()
}

/// The prefixes of the aggregates of single builds, pull requests' builds, messages, findings and lineage facts. They
/// expire; a model's own aggregates never do.
pub const EXPIRING: [&str; 4] = ["build#", "finding#", "lineage#", "message#"];

/// The expression and values that write an aggregate's state.
pub(crate) fn set_state(
    id: &AggregateId,
    state: &Value,
    now: Timestamp,
) -> (String, Vec<(&'static str, AttributeValue)>) {
    let mut set = "SET epoch = :next, #state = :state".to_owned();
    let mut values = vec![(":state", json(state))];
    if EXPIRING.iter().any(|prefix| id.name.starts_with(prefix)) {
        set.push_str(", expires = :expires");
        values.push((":expires", expiry(now)));
    }
    (set, values)
}

fn expiry(now: Timestamp) -> AttributeValue {
    AttributeValue::N((now + RETENTION).as_second().to_string())
}

/// The terminal record: one item for an event at a function, for all its deliveries. The first result stays under
/// `entry`; the result of the last delivery is under `latest`.
pub(crate) fn history(table: &str, entry: &HistoryEntry) -> PortResult<TransactWriteItem> {
    let sk = format!("{HISTORY}{}#{}#{}", entry.event_time, entry.function, entry.event_id);
    let update = Update::builder()
        .table_name(table)
        .key("pk", text(&owner(&entry.owner)))
        .key("sk", text(&sk))
        .update_expression(
            "SET entry = if_not_exists(entry, :entry), latest = :entry, expires = :expires ADD deliveries :one",
        )
        .expression_attribute_values(":entry", written(entry)?)
        .expression_attribute_values(":expires", expiry(entry.at))
        .expression_attribute_values(":one", number(1))
        .build();
    let update = update.map_err(|error| Failure::transient("dynamodb:UpdateItem", error.to_string()))?;
    Ok(TransactWriteItem::builder().update(update).build())
}

/// A dead letter.
pub(crate) fn dead_letter(entry: &HistoryEntry, raw: &Value) -> PortResult<Item> {
    let whole = raw.to_string();
    let mut cut = whole.len().min(RAW_MAX);
    while !whole.is_char_boundary(cut) {
        cut -= 1;
    }
    let sk = format!("{}#{}", entry.function, digest(&[&whole], 32));
    Ok(Item::new(DEAD_LETTERS, &sk)
        .with("event", text(whole.get(..cut).unwrap_or_default()))
        .with("bytes", AttributeValue::N(whole.len().to_string()))
        .with("complete", AttributeValue::Bool(cut == whole.len()))
        .with("entry", written(entry)?)
        .with("expires", expiry(entry.at)))
}

/// The item that maps a resource name to its model.
pub(crate) fn owned(pk: &Key, model: &str) -> Item {
    Item::new(&key(pk), "model").with("model", text(model))
}

/// The entry of a model in the list of applied policies.
pub(crate) fn applied(model: &str) -> Item {
    Item::new(APPLIED, model)
}

/// The entry of a model in the list of reconciled models.
pub(crate) fn reconciled_models(model: &str) -> Item {
    Item::new(RECONCILED, model)
}

/// The policy of a model, or of the organization.
pub(crate) fn policy<T: Serialize>(model: &str, policy: &T) -> PortResult<Item> {
    Ok(Item::new(&owner(model), "policy").with("policy", written(policy)?))
}

/// The item of a pause: the operator and the start.
pub(crate) fn pause(of: &str, pause: &Pause) -> PortResult<Item> {
    Ok(Item::new(&owner(of), "pause").with("pause", written(pause)?))
}
