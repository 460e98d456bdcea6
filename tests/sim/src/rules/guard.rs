//! `guard` reports each resource that violates a rule once, and stops exactly what the policy says.

use super::{World, broken};
use crate::journal::{Entry, Happening};
use crate::promise::{Promise, Violation};
use crate::services::Function;

pub(super) fn holds(world: &World<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for entry in world.journal() {
        let Happening::MadeByHand(resource) = &entry.happening else { continue };
        let (arn, kind) = (resource.arn(), resource.kind());
        let stops = world.services.stops.get(&arn).copied().unwrap_or_default();
        let messages = |kind: &str| {
            let about = |entry: &&Entry| matches!(&entry.happening, Happening::Message { kind: said, body, .. } if said == kind && body.contains(&arn));
            world.journal().iter().filter(about).count()
        };
        // If the owner was faster, the violation was corrected before `guard` received the event.
        let corrected = world.journal().iter().any(|entry| matches!(entry.happening, Happening::Corrected));
        let delivered = world
            .journal()
            .iter()
            .any(|entry| matches!(&entry.happening, Happening::Delivered { function: Function::Guard, event } if resource.is_in(event)));
        let stopped = usize::from(world.promised.stops.iter().any(|word| word == kind));
        let right = match (resource.is_wrong() && delivered, corrected) {
            (true, false) => {
                stops == stopped && messages("Finding Reported") >= 1 && (messages("Job Stopped") > 0) == (stopped > 0)
            }
            (true, true) => stops <= stopped,
            (false, _) => stops == 0 && messages("Finding Reported") == 0,
        };
        if !right {
            let (reports, stop) = (messages("Finding Reported"), messages("Job Stopped"));
            let what =
                format!("{arn} was stopped {stops} times, with {reports} reports and {stop} messages of the stop");
            found.push(broken(Promise::Guard, "the organization", entry, what));
        }
    }
    found
}
