//! The part that all events share: [EventBridge's event structure][doc].
//!
//! [doc]: https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use jiff::Timestamp;
use serde_json::Value;

use super::{EventError, fault, lenient, name};
use crate::name::AccountId;

/// The envelope of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The event's ID. SageMaker sends one change under several IDs, so that no decision relies on it.
    pub id: String,
    /// The service, such as `aws.sagemaker`.
    pub source: String,
    /// The detail type.
    pub detail_type: String,
    /// The account of the event.
    pub account: AccountId,
    /// The region of the event.
    pub region: String,
    /// The time of the event.
    pub time: Timestamp,
    /// ARNs; may be empty.
    pub resources: Vec<String>,
}

impl Envelope {
    pub(super) fn parse(value: &Value) -> Result<Self, EventError> {
        let what = "event";
        let Value::Object(fields) = value else {
            return Err(fault(what, "$", "expected a JSON object with source, detail-type and detail"));
        };
        let time = fields.get("time").and_then(lenient::time);
        let time = time.ok_or_else(|| fault(what, "time", "expected RFC 3339, or milliseconds since 1970"))?;
        if !fields.get("detail").is_some_and(Value::is_object) {
            return Err(fault(what, "detail", "expected an object"));
        }
        // The typed envelope accepts only RFC 3339, and would copy the detail, which is parsed elsewhere.
        let kept = fields.iter().filter(|(name, value)| *name != "detail" && !value.is_null());
        let mut plain: serde_json::Map<String, Value> =
            kept.map(|(name, value)| (name.clone(), value.clone())).collect();
        plain.insert("time".to_owned(), Value::String(time.to_string()));
        plain.insert("detail".to_owned(), Value::Null);
        let event: EventBridgeEvent<Value> = serde_path_to_error::deserialize(Value::Object(plain))
            .map_err(|error| fault(what, &error.path().to_string(), &error.inner().to_string()))?;
        let missing = |field: &'static str| fault(what, field, "expected text");
        Ok(Self {
            id: event.id.ok_or_else(|| missing("id"))?,
            source: event.source,
            detail_type: event.detail_type,
            account: name(what, "account", &event.account.ok_or_else(|| missing("account"))?, AccountId::parse)?,
            region: event.region.ok_or_else(|| missing("region"))?,
            time,
            resources: event.resources.unwrap_or_default(),
        })
    }
}
