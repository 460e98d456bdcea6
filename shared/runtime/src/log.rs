//! One JSON object a line, with allow-listed fields only: never the event, and nothing that a
//! dependency happens to say.

use std::fmt;
use std::io::Write;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use trimtab_core::text::one_line;

use crate::Settings;

/// The fields that may stand in a line.
const ALLOWED: [&str; 11] = [
    "decision",
    "detail_type",
    "duration_ms",
    "error",
    "event_id",
    "function",
    "matter",
    "message",
    "model",
    "reasons",
    "source",
];

/// The longest value of a field.
const VALUE_MAX: usize = 1000;

/// Starts logging. What the SDKs say is logged from `warn` up.
pub fn init(settings: &Settings) {
    let own = settings.log.parse().unwrap_or(LevelFilter::INFO);
    let filter = Targets::new().with_default(LevelFilter::WARN).with_target("trimtab", own);
    // A second initialisation in one process keeps the first.
    let _ = Registry::default().with(filter).with(JsonLines).try_init();
}

struct JsonLines;

impl<S: Subscriber> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Fields::default();
        event.record(&mut line);
        line.0.insert("level".to_owned(), json!(event.metadata().level().as_str()));
        line.0.insert("time".to_owned(), json!(jiff::Timestamp::now().to_string()));
        // Standard output is all that a Lambda has; if it is closed there is nobody to tell.
        let _ = writeln!(std::io::stdout(), "{}", Value::Object(line.0));
    }
}

#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        if ALLOWED.contains(&field.name()) {
            self.0.insert(field.name().to_owned(), value);
        }
    }
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, json!(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, json!(one_line(value, VALUE_MAX)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, json!(one_line(&format!("{value:?}"), VALUE_MAX)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_so_that_a_reader_finds_a_field() {
        assert!(ALLOWED.is_sorted());
    }

    #[test]
    fn a_field_that_is_not_on_the_list_is_dropped() {
        let fields = tracing::subscriber::with_default(Registry::default().with(Catch), || {
            tracing::info!(model = "churn", payload = "secret", "hello");
            CAUGHT.with_borrow(Clone::clone)
        });
        assert_eq!(Value::Object(fields), json!({"message": "hello", "model": "churn"}));
    }

    thread_local!(static CAUGHT: std::cell::RefCell<Map<String, Value>> = std::cell::RefCell::default());

    struct Catch;

    impl<S: Subscriber> Layer<S> for Catch {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let mut line = Fields::default();
            event.record(&mut line);
            CAUGHT.replace(line.0);
        }
    }
}
