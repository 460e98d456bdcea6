//! A manual verdict on a version is final: Trimtab never overwrites it.

use super::{World, broken, model_of};
use crate::journal::{Entry, Happening};
use crate::promise::{Promise, Violation};

pub(super) fn holds(world: &World<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for entry in world.journal() {
        let Happening::Verdict { version, approval, by_trimtab: true } = &entry.happening else { continue };
        let by_operator = |earlier: &&Entry| matches!(&earlier.happening, Happening::Verdict { version: of, by_trimtab: false, .. } if of == version);
        if let Some(operator) = world.before(entry).find(by_operator) {
            let what =
                format!("Trimtab set version {version} to {approval} after an operator's verdict at {}", operator.at);
            found.push(broken(Promise::ManualVerdict, model_of(*version), entry, what));
        }
    }
    found
}
