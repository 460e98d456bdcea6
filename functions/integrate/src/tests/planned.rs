//! The plan for each sample event offline: the event is taken as the observed state.

use trimtab_core::event::Event;
use trimtab_core::reactor::{Context, Decide, Preview};

use super::pipeline::DEMAND;
use super::reconcile::asked;
use super::*;
use crate::Integrate;
use crate::action::Action;
use crate::observation::Observed;
use crate::state::State;

fn planned(policy: &Policy, raw: &Value) -> (Decision, &'static str, Vec<Action>) {
    let event = Event::parse(raw).unwrap();
    let (state, observed) = (State::default(), Integrate::preview(&event));
    let now = NOON.parse().unwrap();
    let ctx =
        Context { event: &event, policy: Some(policy), organization: None, state: &state, observed: &observed, now };
    let plan = Integrate::decide(&ctx);
    (plan.decision, plan.reasons[0].code, plan.actions)
}

macro_rules! sample {
    ($file:literal) => {
        ($file, include_str!(concat!("../../../../events/", $file, ".json")))
    };
}

#[test]
fn each_sample_event_has_its_plan_offline() {
    let churn = Policy::parse("churn.toml", CHURN).unwrap();
    let demand = Policy::parse("demand.toml", DEMAND).unwrap();
    use Decision::{Acted, Failed, Skipped};
    for (policy, (file, text), expected) in [
        (&churn, sample!("codecommit/push-main"), (Acted, "pushed")),
        (&churn, sample!("codecommit/branch-created"), (Acted, "pushed")),
        (&churn, sample!("codecommit/push-feature-branch"), (Skipped, "branch_not_configured")),
        (&churn, sample!("codecommit/branch-deleted"), (Skipped, "branch_not_configured")),
        (&churn, sample!("codecommit/tag-created"), (Skipped, "branch_not_configured")),
        (&demand, sample!("codecommit/push-demand"), (Acted, "pushed")),
        (&churn, sample!("codecommit/pull-request-created"), (Acted, "proposed")),
        (&churn, sample!("codecommit/pull-request-updated"), (Acted, "proposed")),
        (&churn, sample!("codecommit/pull-request-merged"), (Acted, "merged")),
        (&churn, sample!("codecommit/pull-request-closed"), (Skipped, "closed")),
        (&churn, sample!("codebuild/build-succeeded"), (Acted, "built")),
        (&churn, sample!("codebuild/build-failed"), (Acted, "build_failed")),
        (&churn, sample!("codebuild/build-in-progress"), (Skipped, "still_running")),
        (&churn, sample!("codebuild/build-started-manually"), (Skipped, "not_started_by_trimtab")),
        (&churn, sample!("codebuild/build-of-pull-request"), (Skipped, "not_started_by_trimtab")),
        // Its event names no commit.
        (&demand, sample!("codepipeline/build-succeeded"), (Skipped, "not_started_by_trimtab")),
        (&churn, sample!("ecr/training-image-pushed"), (Acted, "image_pushed")),
        (&churn, sample!("ecr/image-pushed"), (Skipped, "tag_not_configured")),
        (&churn, sample!("ecr/image-deleted"), (Skipped, "not_a_push")),
        (&churn, sample!("trimtab/build-requested"), (Acted, "pushed")),
        (&churn, sample!("trimtab/reconcile-requested"), (Acted, "first_reconcile")),
        (&churn, sample!("scheduled/daily"), (Skipped, "not_concerned")),
    ] {
        let (decision, code, _) = planned(policy, &serde_json::from_str(text).unwrap());
        assert_eq!((decision, code), expected, "{file}");
    }
    let mut deleted = push("main", COMMIT);
    deleted["detail"] = json!({"event": "referenceDeleted", "repositoryName": "churn-model",
        "referenceType": "branch", "referenceName": "main", "oldCommitId": COMMIT});
    assert_eq!(planned(&churn, &deleted).1, "branch_deleted");
    let proposal = asked("Build Requested", &json!({"branch": "main", "commit": COMMIT, "pull-request": "41"}));
    let (decision, code, actions) = planned(&churn, &proposal);
    assert_eq!((decision, code), (Acted, "proposed"));
    assert!(matches!(&actions[..], [Action::StartBuild { request, .. }] if request.commit.as_str() == COMMIT));
    let event = Event::parse(&push("main", COMMIT)).unwrap();
    let (state, observed) = (State::default(), Integrate::preview(&event));
    let ctx = Context {
        event: &event,
        policy: None,
        organization: None,
        state: &state,
        observed: &observed,
        now: NOON.parse().unwrap(),
    };
    assert_eq!(Integrate::decide(&ctx).decision, Failed, "nothing is built for a model without a policy");
}

/// An execution's event reports how it ended, and a planned image is in the registry of the event's account.
#[test]
fn offline_observation_has_only_what_the_event_reports() {
    let (_, text) = sample!("codepipeline/build-succeeded");
    let observed = Integrate::preview(&Event::parse(&serde_json::from_str(text).unwrap()).unwrap());
    let Observed::Execution(Some(actual)) = observed else { panic!("{observed:?}") };
    assert_eq!((actual.status, actual.commit), (BuildStatus::Succeeded, None));
    let (_, text) = sample!("ecr/training-image-pushed");
    let observed = Integrate::preview(&Event::parse(&serde_json::from_str(text).unwrap()).unwrap());
    let uri = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn-training\
        @sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    assert_eq!(observed, Observed::Image(ImageUri::parse(uri).ok()));
}
