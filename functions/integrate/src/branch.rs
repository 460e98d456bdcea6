//! A watched branch was deleted.

use trimtab_core::event::Reference;
use trimtab_core::fact::{self, Fact, FactKind};
use trimtab_core::name::CommitId;
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Integrate as Rules, Policy};
use trimtab_core::react::Case;
use trimtab_core::text::digest;

use crate::build::State;
use crate::decide::{Answer, Seen, not_watched};

/// It is told once for each commit that the branch was left at, and what was kept of it is forgotten.
pub(crate) fn on_deletion(
    case: &Case<'_, State, Seen>,
    policy: &Policy,
    rules: &Rules,
    reference: &Reference,
    head: Option<&CommitId>,
) -> Answer {
    let Some(branch) = reference.branch.as_ref().filter(|branch| rules.branches.contains(branch)) else {
        return not_watched(policy);
    };
    if head.is_some() {
        return Plan::skip("branch_there", format!("branch {branch} is there again, and that has its own event"));
    }
    let text = format!("branch {branch} of {} was deleted: nothing is built from it", rules.repository);
    let reason = Reason::new("branch_deleted", text);
    let before = reference.before.as_ref().map_or("unknown", CommitId::as_str);
    let told = Fact {
        kind: FactKind::BranchDeleted,
        version: fact::VERSION,
        model: Some(policy.model.clone()),
        matter: format!("branch/{}/{}", policy.model, digest(&[branch.as_str(), before], 16)),
        at: case.now,
        reasons: vec![reason.text.clone()],
        details: [
            ("branch".to_owned(), branch.to_string()),
            ("repository".to_owned(), rules.repository.to_string()),
            ("commit".to_owned(), before.to_owned()),
        ]
        .into(),
    };
    let plan = Plan::only(Decision::Acted, reason).telling(told);
    match case.state.clone() {
        State::Watching { mut before, images } => {
            before.remove(branch.as_str());
            plan.with_state(State::Watching { before, images })
        }
        _ => plan,
    }
}
