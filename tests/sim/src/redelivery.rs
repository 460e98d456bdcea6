//! Redelivery: redrives of the failure queue and dead letters, and at last a second delivery of all events.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::Value;

use crate::baseline::Design;
use crate::check::effects;
use crate::faults::Schedule;
use crate::flow::run_to_end;
use crate::promise::Violation;
use crate::services::{Function, Item, Sim};

/// Redrives the failure queue and the dead letters an hour later, without faults. Returns whether the failure queue had
/// an event.
pub(crate) fn redrive(sim: &Sim) -> bool {
    let mut services = sim.services();
    services.set_faults(&[]);
    services.schedule = Some(Schedule::Once);
    let (mut waiting, dead_letters) =
        (std::mem::take(&mut services.failed), std::mem::take(&mut services.dead_letters));
    let late = !waiting.is_empty();
    let is_dead_lettered =
        |(function, event, _): &&(Function, Arc<Value>, bool)| dead_letters.contains(&function.key(event));
    waiting.extend(
        services.log.iter().filter(is_dead_lettered).map(|(function, event, _)| (*function, Arc::clone(event))),
    );
    for (function, event) in waiting {
        services.after(SignedDuration::from_hours(1), Item::Deliver { function, event, attempt: 0 });
    }
    late
}

/// Delivers all events again under new IDs; any new effect is a violation.
pub(crate) fn replay(sim: &Sim) -> Vec<Violation> {
    let before = effects(&sim.services());
    send_again(sim);
    let after = effects(&sim.services());
    if before == after {
        Vec::new()
    } else {
        vec![Violation::doubled(format!("replayed: {before:?} became {after:?}"))]
    }
}

pub(crate) fn send_again(sim: &Sim) {
    {
        let mut services = sim.services();
        let distinct = services.log.clone().into_iter().filter(|(_, _, copy)| !copy);
        for (function, event, _) in distinct {
            let event = Arc::new(services.with_id(Value::clone(&event)));
            services.after(SignedDuration::from_hours(1), Item::Deliver { function, event, attempt: 0 });
        }
    }
    run_to_end(sim, Design::Trimtab);
}
