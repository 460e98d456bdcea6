//! The aggregate that an event is about.

use trimtab_core::event::{Body, DriftKind, Event};
use trimtab_core::policy::monitor::slug;
use trimtab_core::policy::{Key, KeyKind};
use trimtab_core::reactor::Subject;

use crate::fact;
use crate::kind::owner_of;

pub(crate) fn subject(event: &Event) -> Subject {
    match &event.body {
        // `Keys` and not `Key`: `deploy` reports an endpoint that no policy has, and one report is enough.
        Body::Endpoint(endpoint) => {
            Subject::Keys(vec![Key { kind: KeyKind::Endpoint, name: endpoint.name.as_str().to_owned() }])
        }
        // The account has other processing jobs.
        Body::ProcessingJob(job) => owner_of(&job.name).map_or(Subject::None, |(model, _)| Subject::Model(model)),
        Body::Fact(fact) => fact.model.clone().map_or(Subject::None, Subject::Model),
        _ => Subject::None,
    }
}

/// Each kind is an aggregate of its own, so that one without a baseline does not delay the others.
pub(crate) fn aggregate(event: &Event) -> String {
    kind(event).map_or_else(|| "monitoring".to_owned(), |kind| format!("monitoring#{}", slug(kind)))
}

/// The kind of drift that the event is about; `None` for events about the model's endpoint.
pub(crate) fn kind(event: &Event) -> Option<DriftKind> {
    match &event.body {
        Body::ProcessingJob(job) => owner_of(&job.name).map(|(_, kind)| kind),
        Body::Fact(fact) => fact::requested(fact),
        _ => None,
    }
}
