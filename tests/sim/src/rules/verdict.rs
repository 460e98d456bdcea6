//! A person's verdict on a version stands: the suite writes none over it.

use super::{World, broken, model_of};
use crate::journal::{Deed, Entry};
use crate::promise::{Promise, Violation};

pub(super) fn holds(world: &World<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for entry in world.journal() {
        let Deed::Judged { version, approval, by_suite: true } = &entry.deed else { continue };
        let by_person = |earlier: &&Entry| matches!(&earlier.deed, Deed::Judged { version: of, by_suite: false, .. } if of == version);
        if let Some(person) = world.before(entry).find(by_person) {
            let what = format!("the suite made version {version} {approval}; a person had judged it at {}", person.at);
            found.push(broken(Promise::PersonsVerdict, model_of(*version), entry, what));
        }
    }
    found
}
