//! Logs: one JSON object in each line, with allow-listed fields only. Neither the event nor a dependency's own fields
//! appear.

use std::fmt;
use std::io::Write;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use trimtab_core::reactor::Report;
use trimtab_core::text::{digest, one_line};

use crate::Settings;

/// The fields that a line may contain.
const ALLOWED: [&str; 11] = [
    "codes",
    "decision",
    "dedup_key",
    "detail_type",
    "duration_ms",
    "error",
    "event_id",
    "function",
    "message",
    "model",
    "source",
];

/// The longest value of a field.
const VALUE_MAX: usize = 1000;

/// Logs a reaction in one line. Text from an event is shown only if it is a known word, otherwise as a digest, because
/// an event can contain anything. Reasons repeat such text, and are in the ledger only.
pub fn reaction(report: &Report, milliseconds: u64) {
    let entry = &report.entry;
    let shown = |text: &str| if report.known { text.to_owned() } else { "unknown".to_owned() };
    tracing::info!(
        function = %entry.function,
        model = %entry.owner,
        dedup_key = report.dedup_key.as_deref(),
        event_id = %event_id(&entry.event_id),
        source = %shown(&entry.source),
        detail_type = %shown(&entry.detail_type),
        decision = %entry.decision.as_str(),
        codes = %report.codes.join(", "),
        duration_ms = milliseconds,
        "reacted"
    );
}

/// EventBridge's IDs are UUIDs; anything else is shown as a digest.
pub(crate) fn event_id(id: &str) -> String {
    let uuid = id.len() <= 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if uuid { id.to_owned() } else { format!("digest-{}", digest(&[id], 12)) }
}

/// Starts logging. The SDKs' messages are logged from `warn` up.
pub fn init(settings: &Settings) {
    let own = settings.log.parse().unwrap_or(LevelFilter::INFO);
    let filter = Targets::new().with_default(LevelFilter::WARN).with_target("trimtab", own);
    // A second initialisation in one process keeps the first.
    let _ = Registry::default().with(filter).with(layer(to_stdout)).try_init();
}

/// The layer that passes each line to `write`.
pub fn layer<S: Subscriber>(write: impl Fn(&str) + 'static) -> impl Layer<S> {
    JsonLines(write)
}

/// Writes to standard output, the only output of a Lambda; if it is closed, no error can be reported.
fn to_stdout(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

struct JsonLines<W>(W);

impl<S: Subscriber, W: Fn(&str) + 'static> Layer<S> for JsonLines<W> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Fields::default();
        event.record(&mut line);
        line.0.insert("level".to_owned(), json!(event.metadata().level().as_str()));
        line.0.insert("time".to_owned(), json!(jiff::Timestamp::now().to_string()));
        (self.0)(&Value::Object(line.0).to_string());
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
    fn allowed_fields_are_sorted() {
        assert!(ALLOWED.is_sorted());
    }

    /// The lines that `log` writes.
    fn lines(log: impl FnOnce()) -> Vec<Value> {
        thread_local!(static LINES: std::cell::RefCell<Vec<Value>> = std::cell::RefCell::default());
        let write = |line: &str| LINES.with_borrow_mut(|lines| lines.push(serde_json::from_str(line).unwrap()));
        tracing::subscriber::with_default(Registry::default().with(layer(write)), log);
        LINES.take()
    }

    #[test]
    fn field_outside_the_allow_list_is_dropped() {
        let lines = lines(|| tracing::warn!(model = "churn", payload = "secret", duration_ms = 7_u64, "hello"));
        let time = &lines[0]["time"];
        assert_eq!(
            lines,
            [json!({"message": "hello", "model": "churn", "duration_ms": 7, "level": "WARN", "time": time})]
        );
        assert!(time.as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{time}");
    }

    #[test]
    fn value_is_one_line_of_at_most_1000_characters() {
        let (long, broken) = ("x".repeat(1001), "a\nb\u{202e}");
        let lines =
            lines(|| tracing::info!(error = long.as_str(), model = %long, dedup_key = broken, source = %broken, "m"));
        let of = |name: &str| lines[0][name].as_str().unwrap().to_owned();
        let cut = format!("{}\u{2026}", "x".repeat(999));
        assert_eq!((of("error"), of("model")), (cut.clone(), cut), "texts and what is displayed alike");
        assert_eq!((of("dedup_key"), of("source")), ("a b".to_owned(), "a b".to_owned()));
    }

    #[test]
    fn event_id_is_shown_if_it_may_be_a_uuid() {
        let shown =
            ["7d2ef9c1-0000-4000-8000-000000000008", "7D2EF9C1-0000-4000-8000-000000000008", "0123456789abcdef", ""];
        for id in shown {
            assert_eq!(event_id(id), id);
        }
        let hidden = [
            "7d2ef9c1-0000-4000-8000-0000000000089",
            "7d2ef9c1-0000-4000-8000-00000000000g",
            "maya@example.com",
            "7d2ef9c1 0000",
        ];
        for id in hidden {
            let shown = event_id(id);
            let digest = shown.strip_prefix("digest-").unwrap_or_else(|| panic!("{id} is logged as {shown}"));
            assert!(digest.len() == 12 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{shown}");
        }
        assert_eq!(event_id("maya"), event_id("maya"), "the same event is found again");
        assert_ne!(event_id("maya"), event_id("mary"));
    }
}
