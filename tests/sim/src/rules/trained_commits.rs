//! A trained commit is the head of a configured branch whose build by the branch's project succeeded. A pull request's
//! build and a failed build request no training.

use super::{World, broken};
use crate::journal::{Entry, Happening};
use crate::promise::{Promise, Violation};

pub(super) fn holds(world: &World<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for entry in world.journal() {
        let Happening::Fact { kind: "Training Requested", model: Some(model), commit: Some(commit), .. } =
            &entry.happening
        else {
            continue;
        };
        let builder = world.promised.models.get(model).and_then(|model| model.builder.as_deref());
        let head = |entry: &Entry| matches!(&entry.happening, Happening::Head(head) if head == commit);
        let built = |entry: &Entry| matches!(&entry.happening, Happening::Built { commit: of, project, succeeded: true } if of == commit && builder == Some(project));
        let what = match (world.before(entry).any(head), world.before(entry).any(built)) {
            (true, true) => continue,
            (false, _) => format!("training of {commit} was asked for, which is no branch's head"),
            (true, false) => format!("training of {commit} was asked for, which {builder:?} has not built well"),
        };
        found.push(broken(Promise::PullRequest, model, entry, what));
    }
    found
}
