//! Events of AWS services, put on MiniStack's default bus.

use std::sync::atomic::Ordering;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::journal::Entry;
use crate::wire::ApiError;
use crate::world::World;

impl World {
    /// Sends an event, best effort as in AWS; the journal records whether the bus accepted it.
    pub(crate) async fn emit(&self, source: &str, detail_type: &str, resources: &[String], detail: Value) {
        if self.lose_events.load(Ordering::Relaxed) {
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
        let response = self.backends.events("PutEvents", &json!({"Entries": [entry]})).await;
        let id = response.as_ref().ok().and_then(|response| response.pointer("/Entries/0/EventId")).cloned();
        let status = if id.is_some() { 200 } else { 500 };
        let rejected = response.err().map(|ApiError { code, message, .. }| json!({"code": code, "message": message}));
        self.journal.push(Entry {
            kind: "event",
            service: source.to_owned(),
            action: detail_type.to_owned(),
            status,
            response: rejected.unwrap_or_default(),
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
