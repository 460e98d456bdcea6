//! The guard reports what breaks a rule, once, and stops exactly what the policy says.

use super::{World, broken};
use crate::journal::{Entry, Happening};
use crate::promise::{Promise, Violation};
use crate::services::Function;

pub(super) fn holds(world: &World<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for entry in world.journal() {
        let Happening::MadeByHand(thing) = &entry.happening else { continue };
        let (arn, kind) = (thing.arn(), thing.kind());
        let stops = world.services.stops.get(&arn).copied().unwrap_or_default();
        let told = |kind: &str| {
            let about = |entry: &&Entry| matches!(&entry.happening, Happening::Message { kind: said, body, .. } if said == kind && body.contains(&arn));
            world.journal().iter().filter(about).count()
        };
        // Where its owner was faster, nothing was wrong any more when the guard heard of it.
        let put_right = world.journal().iter().any(|entry| matches!(entry.happening, Happening::Corrected));
        let heard = world
            .journal()
            .iter()
            .any(|entry| matches!(&entry.happening, Happening::Delivered { function: Function::Guard, event } if thing.is_in(event)));
        let stopped = usize::from(world.promised.stops.iter().any(|word| word == kind));
        let right = match (thing.is_wrong() && heard, put_right) {
            (true, false) => {
                stops == stopped && told("Finding Reported") >= 1 && (told("Job Stopped") > 0) == (stopped > 0)
            }
            (true, true) => stops <= stopped,
            (false, _) => stops == 0 && told("Finding Reported") == 0,
        };
        if !right {
            let (reports, stop) = (told("Finding Reported"), told("Job Stopped"));
            let what =
                format!("{arn} was stopped {stops} times, with {reports} reports and {stop} messages of the stop");
            found.push(broken(Promise::Guard, "the organization", entry, what));
        }
    }
    found
}
