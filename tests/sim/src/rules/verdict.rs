//! A person's verdict on a version stands: the suite writes none over it.

use super::{World, broken, model_of};
use crate::journal::{Entry, Happening};
use crate::promise::{Promise, Violation};

pub(super) fn holds(world: &World<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for entry in world.journal() {
        let Happening::Verdict { version, approval, by_trimtab: true } = &entry.happening else { continue };
        let by_person = |earlier: &&Entry| matches!(&earlier.happening, Happening::Verdict { version: of, by_trimtab: false, .. } if of == version);
        if let Some(person) = world.before(entry).find(by_person) {
            let what = format!("the suite made version {version} {approval}; a person had judged it at {}", person.at);
            found.push(broken(Promise::ManualVerdict, model_of(*version), entry, what));
        }
    }
    found
}
