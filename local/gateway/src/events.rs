//! The events that AWS would send, put on MiniStack's default bus.

use std::sync::atomic::Ordering;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::journal::Entry;
use crate::wire::Refusal;
use crate::world::World;

impl World {
    /// Sends an event. Best effort, as AWS's are; the journal says whether it was taken.
    pub(crate) async fn emit(&self, source: &str, detail_type: &str, resources: &[String], detail: Value) {
        if self.loses.load(Ordering::Relaxed) {
            let (service, action) = (source.to_owned(), detail_type.to_owned());
            self.journal.push(Entry { kind: "lost", service, action, ..Entry::default() });
            return;
        }
        let entry = json!({
            "Source": source,
            "DetailType": detail_type,
            "Resources": resources,
            "Detail": detail.to_string(),
        });
        let answer = self.backends.events("PutEvents", &json!({"Entries": [entry]})).await;
        let id = answer.as_ref().ok().and_then(|answer| answer.pointer("/Entries/0/EventId")).cloned();
        let status = if id.is_some() { 200 } else { 500 };
        let refused = answer.err().map(|Refusal { code, message, .. }| json!({"code": code, "message": message}));
        self.journal.push(Entry {
            kind: "event",
            service: source.to_owned(),
            action: detail_type.to_owned(),
            status,
            response: refused.unwrap_or_default(),
            event: json!({
                "id": id,
                "source": source,
                "detail-type": detail_type,
                "time": Timestamp::now().to_string(),
                "resources": resources,
                "detail": detail,
            }),
            ..Entry::default()
        });
    }
}
