//! [`Bus`] over EventBridge: Trimtab's facts, as events of source `trimtab`.

use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use trimtab_core::fact::{Fact, SOURCE};
use trimtab_core::failure::Failure;
use trimtab_core::port::{Bus, PortResult};
use trimtab_runtime::sdk;

const PUT_EVENTS: &str = "events:PutEvents";

/// One event bus.
#[derive(Debug, Clone)]
pub struct EventBus {
    client: Client,
    name: String,
}

impl EventBus {
    /// The bus of this name.
    #[must_use]
    pub fn new(config: &SdkConfig, name: impl Into<String>) -> Self {
        Self { client: Client::new(config), name: name.into() }
    }
}

impl Bus for EventBus {
    async fn publish(&self, fact: &Fact) -> PortResult<()> {
        let detail = serde_json::to_string(fact).map_err(|error| Failure::permanent(PUT_EVENTS, error.to_string()))?;
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(fact.kind.as_str())
            .time(DateTime::from_secs(fact.at.as_second()))
            .detail(detail)
            .build();
        let answer = self.client.put_events().entries(entry).send().await;
        let answer = answer.map_err(|error| sdk::failure(PUT_EVENTS, &error))?;
        // PutEvents returns 200 even for an entry that it refused.
        match answer.entries().iter().find_map(|entry| entry.error_code().map(|code| (code, entry.error_message()))) {
            Some((code, message)) => Err(refusal(code, message.unwrap_or_default())),
            None if answer.failed_entry_count() > 0 => Err(Failure::transient(PUT_EVENTS, "the event was not taken")),
            None => Ok(()),
        }
    }
}

/// The failure of an event that EventBridge refused within a successful call.
fn refusal(code: &str, message: &str) -> Failure {
    let cause = format!("{code}: {message}");
    match code {
        "InvalidArgument" | "MalformedDetail" | "NotAuthorizedForSourceException" | "ValidationException" => {
            Failure::permanent(PUT_EVENTS, cause)
        }
        _ => Failure::transient(PUT_EVENTS, cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_event_is_permanent_and_throttled_one_transient() {
        assert!(matches!(refusal("MalformedDetail", ""), Failure::Permanent { .. }));
        assert!(matches!(refusal("ThrottlingException", ""), Failure::Transient { .. }));
        assert!(matches!(refusal("InternalFailure", ""), Failure::Transient { .. }));
    }
}
