//! Each call goes through the clients of the stage's account, and a failed call is a failure.

use std::collections::BTreeMap;

use trimtab_core::failure::Failure;
use trimtab_core::name::RoleArn;
use trimtab_core::policy::Target;
use trimtab_core::port::{StackAccepted, StackCall, StackRequest};
use trimtab_core::reactor::Act;

use super::witness::{How, Witness, reaction};
use super::*;
use crate::action::{Action, Done};

const THERE: &str = "210987654321";

fn other_account() -> CrossAccountRole {
    let role = RoleArn::parse(&format!("arn:aws:iam::{THERE}:role/trimtab-stage-loans")).unwrap();
    CrossAccountRole { role, external_id: None, session: String::new() }
}

fn target(text: &str) -> Target {
    parse(text).deploy.unwrap().stages.pop().unwrap().target
}

/// Every call in a stage's account, with its outcome.
fn calls(account: Option<CrossAccountRole>) -> Vec<(Action, &'static str, Done)> {
    let Target::Endpoint(target) = target(include_str!("../../../../policies/churn.toml")) else {
        panic!("an endpoint")
    };
    let Target::Transform(transform) = self::target(include_str!("../../../../policies/leads.toml")) else {
        panic!("a transform")
    };
    let (endpoint, limits) = (target.name.clone(), target.autoscaling.clone().unwrap());
    let model = ModelRequest {
        model: "m".into(),
        package: PackageArn::parse(&arn("churn", 1)).unwrap(),
        role: target.role.clone(),
        account: account.clone(),
    };
    let serving = ServingRequest {
        name: "c".into(),
        model: "m".into(),
        serving: target.serving,
        capture: None,
        account: account.clone(),
        second_variant: None,
    };
    let request = EndpointRequest {
        endpoint: endpoint.clone(),
        config: "c".into(),
        strategy: Strategy::AllAtOnce,
        account: account.clone(),
    };
    let job = TransformRequest { job: "j".into(), model: "m".into(), transform, account: account.clone() };
    vec![
        (Action::CreateModel { request: model }, "CreateModel", Done::Accepted),
        (Action::CreateEndpointConfig { request: serving }, "CreateEndpointConfig", Done::Accepted),
        (
            Action::CreateEndpoint { request: request.clone() },
            "CreateEndpoint",
            Done::Endpoint(UpdateAccepted::Started),
        ),
        (Action::UpdateEndpoint { request }, "UpdateEndpoint", Done::Endpoint(UpdateAccepted::Busy)),
        (
            Action::DeleteEndpoint { endpoint: endpoint.clone(), account: account.clone() },
            "DeleteEndpoint churn-prod",
            Done::Accepted,
        ),
        (
            Action::PutScalingPolicy { endpoint: endpoint.clone(), limits: limits.clone(), account: account.clone() },
            "PutScalingPolicy churn-prod",
            Done::Accepted,
        ),
        (Action::PutScheduledActions { endpoint, limits, account }, "PutScheduledAction churn-prod", Done::Accepted),
        (Action::CreateTransformJob { request: job }, "CreateTransformJob", Done::Accepted),
    ]
}

/// Every call in Trimtab's own account, with its outcome.
fn calls_here() -> Vec<(Action, Vec<&'static str>, Done)> {
    let Target::Stack(target) = target(include_str!("../../../../policies/tariffs.toml")) else { panic!("a stack") };
    let request = StackRequest {
        stack: target.name.clone(),
        template: target.template.clone(),
        role: target.role.clone(),
        parameters: BTreeMap::new(),
        capabilities: vec![],
        token: "t".into(),
    };
    let call = StackCall { stack: target.name.clone(), role: target.role, token: "t".into() };
    let delivery = CodePipelineRequest {
        pipeline: CodePipelineName::parse("loans-delivery").unwrap(),
        variable: "Package".into(),
        package: PackageArn::parse(&arn("loans", 1)).unwrap(),
        token: "t".into(),
        since: NOON.parse().unwrap(),
    };
    vec![
        (
            Action::CreateStack { request: request.clone() },
            vec!["here CreateStack"],
            Done::Stack(StackAccepted::Started),
        ),
        (Action::UpdateStack { request }, vec!["here UpdateStack"], Done::Stack(StackAccepted::Nothing)),
        (Action::ContinueUpdateRollback { call: call.clone() }, vec!["here ContinueUpdateRollback"], Done::Accepted),
        (Action::DeleteStack { call }, vec!["here DeleteStack"], Done::Accepted),
        (
            Action::StartPipelineExecution { request: delivery },
            vec!["here ListPipelineExecutions", "here StartPipelineExecution"],
            Done::Execution("new".into()),
        ),
    ]
}

/// One action of each kind.
pub(super) fn every_call() -> Vec<Action> {
    let there = calls(None).into_iter().map(|(action, ..)| action);
    there.chain(calls_here().into_iter().map(|(action, ..)| action)).collect()
}

fn act(witness: &Witness, action: &Action) -> PortResult<Done> {
    run(reaction(witness).act(action)).unwrap()
}

#[test]
fn stage_in_another_account_uses_its_clients() {
    for (action, call, done) in calls(Some(other_account())) {
        let witness = Witness::default();
        assert_eq!(act(&witness, &action), Ok(done), "{call} gives what AWS gave");
        let expected = [format!("{THERE} AssumeRole"), format!("{THERE} {call}")];
        assert_eq!(witness.take(), expected, "each call is made in the stage's own account");
    }
}

#[test]
fn stage_in_this_account_uses_its_own_clients() {
    for (action, call, done) in calls(None) {
        let witness = Witness::default();
        assert_eq!(act(&witness, &action), Ok(done), "{call} gives what AWS gave");
        assert_eq!(witness.take(), [format!("here {call}")], "each call is made in the stage's own account");
    }
    for (action, calls, done) in calls_here() {
        let witness = Witness::default();
        assert_eq!(act(&witness, &action), Ok(done), "{calls:?}");
        assert_eq!(witness.take(), calls);
    }
}

#[test]
fn failed_call_is_never_reported_as_done() {
    let there = calls(Some(other_account())).into_iter().map(|(action, _, _)| (action, 2));
    let here = calls_here().into_iter().map(|(action, calls, _)| (action, calls.len()));
    for (action, count) in there.chain(here) {
        for at in 0..count {
            for (how, permanent) in [(How::Transient, false), (How::Permanent, true)] {
                let witness = Witness { fails: Some((at, how)), ..Witness::default() };
                let answer = act(&witness, &action);
                let kept = matches!(
                    (&answer, permanent),
                    (Err(Failure::Transient { .. }), false) | (Err(Failure::Permanent { .. }), true)
                );
                assert!(kept, "call {at} of {action:?} failed ({how:?}), and the action gave {answer:?}");
                assert_eq!(witness.take().len(), at + 1, "nothing is asked after a call that failed");
            }
        }
    }
}

#[test]
fn execution_of_an_earlier_attempt_is_adopted() {
    let witness = Witness { execution: Some("theirs".into()), ..Witness::default() };
    let (start, ..) = calls_here().pop().unwrap();
    assert_eq!(act(&witness, &start), Ok(Done::Execution("theirs".into())));
    assert_eq!(witness.take(), ["here ListPipelineExecutions"], "no second execution is started");
}
