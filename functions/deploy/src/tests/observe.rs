//! The observation before a decision: what the decision needs and no more, in the right account; and
//! a failed call is never replaced by an assumption.

use trimtab_core::event::Event;
use trimtab_core::failure::Failure;
use trimtab_core::memory::run;
use trimtab_core::reactor::Act;
use trimtab_fake::Fault;

use super::cases::*;
use super::*;
use crate::observation::Observed;
use crate::rollout::{Cause, Phase, Progress, Resource, Rollout};
use crate::state::{Queued, State, Verdict, VerdictRecord};

struct Case {
    what: &'static str,
    policy: String,
    event: Event,
    state: State,
    services: fn() -> Services,
    expected: &'static [&'static str],
}

fn case(policy: &str, event: Event, state: State, what: &'static str, expected: &'static [&'static str]) -> Case {
    Case { what, policy: policy.to_owned(), event, state, services: Services::default, expected }
}

fn observe(case: &Case, services: &Services) -> PortResult<Observed> {
    let policy = parse(&case.policy);
    run(reaction(services).observe(&case.event, Some(&policy), &case.state)).unwrap()
}

/// Versions 1 and 2 were processed; version 3 is older than the first reconcile.
fn answered() -> State {
    let judged = |verdict| VerdictRecord { verdict, attempt: 1 };
    State {
        initial_verdicts: Some([(3, Verdict::Approved)].into()),
        verdicts: [(1, judged(Verdict::Approved)), (2, judged(Verdict::Rejected))].into(),
        ..State::default()
    }
}

fn by_endpoint() -> Vec<Case> {
    let waits = Queued { package: package("churn", 2), cause: Cause::Approved, since: NOON.parse().unwrap() };
    let live = live("churn", 1, "c");
    let rollback_pending = State { rollback_pending: true, live: vec![live.clone()], ..State::default() };
    let stays = State { live: vec![live], ..State::default() };
    let rests = |name| {
        let detail = json!({"EndpointName": name, "EndpointStatus": "IN_SERVICE"});
        event("123456789012", "aws.sagemaker", "SageMaker Endpoint State Change", &detail)
    };
    let ends = |name| {
        case(
            CHURN,
            rests(name),
            State::default(),
            "the endpoint's end",
            &["endpoints.describe churn-prod", "alarms.describe churn-prod-5xx"],
        )
    };
    let trying = Progress::Testing { since: NOON.parse().unwrap() };
    vec![
        ends("churn-prod"),
        case(
            CHURN,
            approved("churn", 1),
            stays,
            "an approval",
            &["registry.package v1", "endpoints.describe churn-prod", "alarms.describe churn-prod-5xx"],
        ),
        case(
            CHURN,
            rests("churn-prod"),
            State { queued: Some(waits), ..State::default() },
            "a version waits",
            &["registry.package v2", "endpoints.describe churn-prod", "alarms.describe churn-prod-5xx"],
        ),
        case(
            CHURN,
            rests("churn-prod"),
            rollback_pending,
            "production goes back",
            &["registry.package v1", "endpoints.describe churn-prod", "alarms.describe churn-prod-5xx"],
        ),
        case(
            &with_shadow(),
            rests("churn-prod"),
            on(rollout("churn", 2, "t", trying)),
            "a version is in its test",
            &["endpoints.describe churn-prod", "alarms.describe churn-prod-5xx", "alarms.describe a,b,c"],
        ),
        case(
            &with_shadow(),
            rests("churn-prod"),
            on(rollout("churn", 2, "t", Progress::UpdatingEndpoint)),
            "its test has not begun",
            &["endpoints.describe churn-prod", "alarms.describe churn-prod-5xx"],
        ),
        case(CHURN, rests("theirs"), State::default(), "an endpoint of no stage", &[]),
    ]
}

fn by_request() -> Vec<Case> {
    let reconcile = || fact("churn", FactKind::ReconcileRequested, &json!({}));
    let back = |details| fact("churn", FactKind::RollbackRequested, &details);
    let list: fn() -> Services = || {
        let services = Services::default();
        let list = (1..=4).map(|version| listed("churn", version, "Approved")).collect();
        services.registry().stale_list = Some(list);
        services
    };
    let offered = State { offered: [(1, package("loans", 1)), (2, package("loans", 2))].into(), ..State::default() };
    let judged = VerdictRecord { verdict: Verdict::Approved, attempt: 1 };
    let entered = State { verdicts: [(2, judged)].into(), ..offered.clone() };
    let stage = |kind, details| fact("loans", kind, &details);
    vec![
        Case {
            services: list,
            ..case(
                CHURN,
                reconcile(),
                answered(),
                "a reconcile: the unprocessed verdicts",
                &[
                    "registry.newest churn",
                    "registry.package v2",
                    "registry.package v4",
                    "endpoints.describe churn-prod",
                    "alarms.describe churn-prod-5xx",
                ],
            )
        },
        Case {
            services: list,
            ..case(
                CHURN,
                back(json!({"version": "3", "by": "maya"})),
                answered(),
                "back to a named version",
                &[
                    "registry.newest churn",
                    "registry.package v3",
                    "endpoints.describe churn-prod",
                    "alarms.describe churn-prod-5xx",
                ],
            )
        },
        Case {
            services: list,
            ..case(
                CHURN,
                back(json!({})),
                answered(),
                "back to the version before",
                &["endpoints.describe churn-prod", "alarms.describe churn-prod-5xx"],
            )
        },
        case(
            LOANS,
            stage(FactKind::PromotionRequested, json!({"stage": "prod", "package": arn("loans", 3)})),
            State::default(),
            "live in the stage before",
            &["registry.package v3", "endpoints.describe loans"],
        ),
        case(
            LOANS,
            stage(FactKind::PromotionRequested, json!({"stage": "prod", "version": "2", "by": "maya"})),
            offered.clone(),
            "promoted by an operator",
            &["registry.package v2", "endpoints.describe loans"],
        ),
        case(
            LOANS,
            stage(FactKind::PromotionRequested, json!({"stage": "prod", "version": "9", "by": "maya"})),
            offered.clone(),
            "not offered",
            &["endpoints.describe loans"],
        ),
        case(
            LOANS,
            stage(FactKind::WithdrawalRequested, json!({"stage": "prod", "package": arn("loans", 3)})),
            State::default(),
            "rejected elsewhere",
            &["registry.package v3", "endpoints.describe loans"],
        ),
        case(
            LOANS,
            stage(FactKind::StageReconcileRequested, json!({"stage": "prod"})),
            offered,
            "a reconcile of a stage",
            &["registry.package v2", "endpoints.describe loans"],
        ),
        case(
            LOANS,
            stage(FactKind::StageReconcileRequested, json!({"stage": "prod"})),
            entered,
            "a reconcile of what is left",
            &["registry.package v1", "endpoints.describe loans"],
        ),
        case(
            LOANS,
            stage(FactKind::StageReconcileRequested, json!({"stage": "moon"})),
            State::default(),
            "no such stage",
            &[],
        ),
    ]
}

fn by_other_targets() -> Vec<Case> {
    let delivering = || on(rollout("segments", 1, "p", Progress::RunningPipeline { execution: "e-1".into() }));
    let ended = json!({"pipeline": "segments-delivery", "execution-id": "e-2", "state": "SUCCEEDED"});
    let ended = event("123456789012", "aws.codepipeline", "CodePipeline Pipeline Execution State Change", &ended);
    let stack = "arn:aws:cloudformation:eu-west-1:123456789012:stack/tariffs-prod/1";
    let stack = json!({"stack-id": stack, "status-details": {"status": "UPDATE_COMPLETE"}});
    let stack = event("123456789012", "aws.cloudformation", "CloudFormation Stack Status Change", &stack);
    let reconcile = |model| fact(model, FactKind::ReconcileRequested, &json!({}));
    let job = || on(rollout("leads", 1, "trimtab-leads-v1-0123abcd", Progress::Transforming));
    vec![
        case(SEGMENTS, approved("segments", 2), delivering(), "an approval", &["registry.package v2"]),
        case(SEGMENTS, ended, delivering(), "an execution ended", &["code_pipelines.state segments-delivery e-2"]),
        case(
            SEGMENTS,
            reconcile("segments"),
            delivering(),
            "a reconcile during a delivery",
            &["registry.newest segments", "code_pipelines.state segments-delivery e-1"],
        ),
        case(SEGMENTS, reconcile("segments"), State::default(), "a reconcile", &["registry.newest segments"]),
        case(TARIFFS, stack, State::default(), "a stack at rest", &["stacks.describe tariffs-prod"]),
        case(
            LEADS,
            approved("leads", 2),
            job(),
            "a job is on",
            &["registry.package v2", "transforms.find trimtab-leads-v1-0123abcd"],
        ),
        case(LEADS, approved("leads", 2), State::default(), "no job is on", &["registry.package v2"]),
        case(
            LEADS,
            approved("leads", 2),
            on(Rollout {
                resource: Resource::EndpointConfig("config".into()),
                ..rollout("leads", 1, "config", Progress::UpdatingEndpoint)
            }),
            "no job of ours",
            &["registry.package v2"],
        ),
    ]
}

fn elsewhere() -> Vec<Case> {
    let rests = || {
        let detail = json!({"EndpointName": "loans", "EndpointStatus": "IN_SERVICE"});
        event("210987654321", "aws.sagemaker", "SageMaker Endpoint State Change", &detail)
    };
    let new: fn() -> Services = || {
        let services = Services::default();
        let endpoint = serves("new").map(|endpoint| ("loans".to_owned(), endpoint));
        services.in_account("210987654321").endpoints().endpoints.extend(endpoint);
        services
    };
    let with = |change: fn(&mut Rollout)| {
        let mut rollout = rollout("loans", 2, "new", Progress::UpdatingEndpoint);
        change(&mut rollout);
        on(rollout)
    };
    let (invoked, not) = (
        &[
            "210987654321 accounts.assume_role trimtab-loans-staging",
            "210987654321 endpoints.describe loans",
            "210987654321 invocations.invoke loans text/csv 42,0.31,1",
        ],
        &["210987654321 accounts.assume_role trimtab-loans-staging", "210987654321 endpoints.describe loans"],
    );
    let tried = |rollout: &mut Rollout| {
        rollout.phase = Phase::VariantTest { live_model: "l".into(), own_model: "m".into(), promoted_by: None }
    };
    vec![
        Case { services: new, ..case(LOANS, rests(), with(|_| {}), "a smoke test is due", invoked) },
        Case {
            services: new,
            ..case(
                LOANS,
                rests(),
                with(|it| it.resource = Resource::EndpointConfig("old".into())),
                "it is not served",
                not,
            )
        },
        Case { services: new, ..case(LOANS, rests(), with(|it| it.cause = Cause::Rollback), "it goes back", not) },
        Case { services: new, ..case(LOANS, rests(), with(|it| it.cause = Cause::Operator), "an operator's", not) },
        Case { services: new, ..case(LOANS, rests(), with(tried), "it is in its test", not) },
        Case { services: new, ..case(LOANS, rests(), State::default(), "no rollout is on", not) },
    ]
}

fn all() -> impl Iterator<Item = Case> {
    by_endpoint().into_iter().chain(by_request()).chain(by_other_targets()).chain(elsewhere())
}

#[test]
fn each_event_observes_exactly_what_its_decision_needs() {
    for case in all() {
        let services = (case.services)();
        observe(&case, &services).unwrap();
        assert_eq!(services.take_calls(), case.expected, "{}", case.what);
    }
}

#[test]
fn failed_observation_is_never_an_empty_response() {
    for case in all() {
        for at in 0..case.expected.len() {
            for how in [Fault::Throttled, Fault::Refused] {
                let services = (case.services)();
                services.fail_call(Some((at, how)));
                let failed = observe(&case, &services).map_err(|failure| match failure {
                    Failure::Transient { .. } => Fault::Throttled,
                    Failure::Permanent { .. } => Fault::Refused,
                });
                assert_eq!(failed, Err(how), "{}: {} failed", case.what, case.expected[at]);
            }
        }
    }
}

#[test]
fn event_without_a_policy_observes_nothing() {
    let services = Services::default();
    let observed = run(reaction(&services).observe(&approved("churn", 1), None, &State::default())).unwrap();
    assert_eq!((observed, services.take_calls()), (Ok(Observed::default()), vec![]));
}

#[test]
fn response_of_aws_is_the_observed_state() {
    let trying = Progress::Testing { since: NOON.parse().unwrap() };
    let case = case(&with_shadow(), approved("churn", 2), on(rollout("churn", 2, "t", trying)), "", &[]);
    let names = |names: &[&str]| names.iter().map(|name| AlarmName::parse(name).unwrap()).collect::<Vec<_>>();
    let actual = listed("churn", 2, "Approved").actual;
    for (own, silent) in [
        (AlarmState::Ok, vec![]),
        (AlarmState::Alarm, vec![]),
        (AlarmState::InsufficientData, names(&["churn-prod-5xx"])),
    ] {
        let services = Services::default();
        for (name, state) in [("churn-prod-5xx", own), ("a", AlarmState::Alarm), ("b", AlarmState::Ok)] {
            services.cloudwatch().alarms.insert(name.to_owned(), alarm(name, state));
        }
        services.registry().set_approval(&arn("churn", 2), actual.approval.clone());
        services.endpoints().endpoints.extend(serves("t").map(|endpoint| (ENDPOINT.to_owned(), endpoint)));
        let observed = observe(&case, &services).unwrap();
        assert_eq!((observed.package, observed.endpoint), (Some(actual.clone()), serves("t")));
        assert_eq!(
            (observed.alarms_without_data, observed.test_alarms_without_data, observed.test_alarms_firing),
            (silent, names(&["c"]), names(&["a"]))
        );
    }
}

#[test]
fn outdated_list_is_corrected_by_the_registry() {
    let reconcile = fact("churn", FactKind::ReconcileRequested, &json!({}));
    let case = case(CHURN, reconcile, answered(), "", &[]);
    let actual = ObservedPackage { approval: Approval::Rejected, status: "Completed".into(), lifecycle: None };
    let all = vec![listed("churn", 1, "Approved"), listed("churn", 4, "Approved")];
    let services = Services::default();
    services.registry().stale_list = Some(all.clone());
    for version in [1, 4] {
        services.registry().set_approval(&arn("churn", version), Approval::Rejected);
    }
    let newest = observe(&case, &services).unwrap().newest;
    assert_eq!(newest, [all[0].clone(), ListedPackage { actual, ..all[1].clone() }]);
}
