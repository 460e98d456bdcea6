//! Each call goes through the clients of the stage's account, and a failed call is a failure.

use std::collections::BTreeMap;

use trimtab_core::failure::Failure;
use trimtab_core::memory::run;
use trimtab_core::name::RoleArn;
use trimtab_core::policy::Target;
use trimtab_core::port::{StackAccepted, StackCall, StackRequest};
use trimtab_core::reactor::Act;
use trimtab_fake::Fault;

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
        (Action::CreateModel { request: model }, "endpoints.create_model m", Done::Accepted),
        (Action::CreateEndpointConfig { request: serving }, "endpoints.create_config c", Done::Accepted),
        (
            Action::CreateEndpoint { request: request.clone() },
            "endpoints.create churn-prod",
            Done::Endpoint(UpdateAccepted::Started),
        ),
        (Action::UpdateEndpoint { request }, "endpoints.update churn-prod", Done::Endpoint(UpdateAccepted::Busy)),
        (
            Action::DeleteEndpoint { endpoint: endpoint.clone(), account: account.clone() },
            "endpoints.delete churn-prod",
            Done::Accepted,
        ),
        (
            Action::PutScalingPolicy { endpoint: endpoint.clone(), limits: limits.clone(), account: account.clone() },
            "scaling.scale churn-prod",
            Done::Accepted,
        ),
        (Action::PutScheduledActions { endpoint, limits, account }, "scaling.schedule churn-prod", Done::Accepted),
        (Action::CreateTransformJob { request: job }, "transforms.start j", Done::Accepted),
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
            vec!["stacks.create tariffs-prod"],
            Done::Stack(StackAccepted::Started),
        ),
        (Action::UpdateStack { request }, vec!["stacks.update tariffs-prod"], Done::Stack(StackAccepted::Nothing)),
        (Action::ContinueUpdateRollback { call: call.clone() }, vec!["stacks.proceed tariffs-prod"], Done::Accepted),
        (Action::DeleteStack { call }, vec!["stacks.delete tariffs-prod"], Done::Accepted),
        (
            Action::StartPipelineExecution { request: delivery },
            vec!["code_pipelines.find loans-delivery v1", "code_pipelines.start loans-delivery v1"],
            Done::Execution("execution-1".into()),
        ),
    ]
}

/// One action of each kind.
pub(super) fn every_call() -> Vec<Action> {
    let there = calls(None).into_iter().map(|(action, ..)| action);
    there.chain(calls_here().into_iter().map(|(action, ..)| action)).collect()
}

/// The services of both accounts: the endpoint of an update is busy, and the stack of an update is as it should be.
fn services(action: &Action) -> Services {
    let services = Services::default();
    if let Action::UpdateEndpoint { request } = action {
        let busy = ObservedEndpoint { status: EndpointStatus::Updating, ..cases::serves("before").unwrap() };
        for account in [services.clone(), services.in_account(THERE)] {
            account.endpoints().endpoints.insert(request.endpoint.to_string(), busy.clone());
        }
    }
    services.cloudformation().unchanged = true;
    services
}

fn act(services: &Services, action: &Action) -> PortResult<Done> {
    run(reaction(services).act(action)).unwrap()
}

#[test]
fn stage_in_another_account_uses_its_clients() {
    for (action, call, done) in calls(Some(other_account())) {
        let services = services(&action);
        assert_eq!(act(&services, &action), Ok(done), "{call} gives what AWS gave");
        let expected = [format!("{THERE} accounts.assume_role"), format!("{THERE} {call}")];
        assert_eq!(services.take_calls(), expected, "each call is made in the stage's own account");
    }
}

#[test]
fn stage_in_this_account_uses_its_own_clients() {
    for (action, call, done) in calls(None) {
        let services = services(&action);
        assert_eq!(act(&services, &action), Ok(done), "{call} gives what AWS gave");
        assert_eq!(services.take_calls(), [call], "each call is made in the stage's own account");
    }
    for (action, calls, done) in calls_here() {
        let services = services(&action);
        assert_eq!(act(&services, &action), Ok(done), "{calls:?}");
        assert_eq!(services.take_calls(), calls);
    }
}

#[test]
fn failed_call_is_never_reported_as_done() {
    let there = calls(Some(other_account())).into_iter().map(|(action, _, _)| (action, 2));
    let here = calls_here().into_iter().map(|(action, calls, _)| (action, calls.len()));
    for (action, count) in there.chain(here) {
        for at in 0..count {
            for (how, permanent) in [(Fault::Throttled, false), (Fault::Refused, true)] {
                let services = services(&action);
                services.fail_call(Some((at, how)));
                let answer = act(&services, &action);
                let kept = matches!(
                    (&answer, permanent),
                    (Err(Failure::Transient { .. }), false) | (Err(Failure::Permanent { .. }), true)
                );
                assert!(kept, "call {at} of {action:?} failed ({how:?}), and the action gave {answer:?}");
                assert_eq!(services.take_calls().len(), at + 1, "nothing is called after a call that failed");
            }
        }
    }
}

#[test]
fn execution_of_an_earlier_attempt_is_adopted() {
    let (start, ..) = calls_here().pop().unwrap();
    let services = services(&start);
    services.codepipeline().found = Some("theirs".into());
    assert_eq!(act(&services, &start), Ok(Done::Execution("theirs".into())));
    assert_eq!(services.take_calls(), ["code_pipelines.find loans-delivery v1"], "no second execution is started");
}
