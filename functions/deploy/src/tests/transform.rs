//! Batch transform: one job for each attempt, and the version is live when its job has completed.

use trimtab_core::name::TransformName;
use trimtab_core::port::ObservedTransform;
use trimtab_fake::Fault;

use super::*;

fn completed() -> ObservedTransform {
    ObservedTransform::Completed { output: "s3://leads-123456789012/scores/of-that-job/".to_owned() }
}

impl Rig {
    fn requests(&self) -> Vec<TransformRequest> {
        self.services.transform().requests.clone()
    }

    /// The newest job ends, and its event arrives unless it is lost.
    fn ends(&self, actual: ObservedTransform) {
        let job = self.requests().pop().unwrap().job;
        self.services.transform().jobs.insert(job, actual);
    }

    fn job_event(&self, account: &str) -> (Decision, &'static str) {
        let job = self.requests().pop().unwrap().job;
        let detail = json!({"TransformJobName": job, "TransformJobStatus": "Completed", "TransformJobArn": ""});
        self.react_in(account, "SageMaker Transform Job State Change", "aws.sagemaker", &detail)
    }

    fn completes(&self) -> (Decision, &'static str) {
        self.ends(completed());
        self.job_event("123456789012")
    }

    fn reconcile_leads(&self) -> (Decision, &'static str) {
        let detail = json!({"version": 1, "model": "leads", "dedup_key": "reconcile/leads/2026-11-20T12:00:00Z", "at": NOON, "details": {}});
        self.react("Reconcile Requested", "trimtab", &detail)
    }
}

#[test]
fn approved_version_runs_one_job_and_is_live_after_it() {
    let stage = stage();
    assert_eq!(stage.judge("leads", 1, "Approved"), (Decision::Acted, "approved"));
    assert_eq!(stage.deliver("leads", 1, "Approved"), (Decision::Skipped, "already_handled"));
    assert_eq!(stage.job_event("123456789012"), (Decision::Skipped, "still_running"));
    assert_eq!(stage.completes(), (Decision::Acted, "live"));
    assert_eq!(stage.job_event("123456789012"), (Decision::Skipped, "other_job"), "it has had its answer");
    let requests = stage.requests();
    let [request] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!(TransformName::of_job(&request.job).unwrap().as_str(), "leads");
    assert_eq!(request.output(), format!("s3://leads-123456789012/scores/{}/", request.job));
    assert_eq!(stage.published(), [FactKind::RolloutStarted, FactKind::RolloutSucceeded]);
    let live = stage.world.bus.facts().pop().unwrap();
    let expected = (request.job.as_str(), "s3://leads-123456789012/scores/of-that-job/");
    assert_eq!(
        (live.details.text("job").unwrap(), live.details.text("output").unwrap()),
        expected,
        "as SageMaker has it"
    );
}

#[test]
fn rejected_version_whose_job_fails_starts_no_other_job() {
    let stage = stage();
    stage.judge("leads", 1, "Approved");
    stage.completes();
    stage.judge("leads", 2, "Approved");
    assert_eq!(stage.judge("leads", 2, "Rejected"), (Decision::Deferred, "queued"));
    stage.ends(ObservedTransform::Ended("Stopped".into()));
    assert_eq!(stage.job_event("123456789012"), (Decision::Acted, "failed"));
    assert_eq!(stage.requests().len(), 2, "version 1's answers are the newest");
}

#[test]
fn failed_job_leads_to_another_only_if_live_is_rejected() {
    for (rejected, jobs) in [(3, vec![1, 2, 3]), (2, vec![1, 2, 3, 1])] {
        let stage = stage();
        for version in [1, 2] {
            stage.judge("leads", version, "Approved");
            stage.completes();
        }
        stage.judge("leads", 3, "Approved");
        stage.judge("leads", 4, "Approved");
        // Going back gives way to version 4, and then version 4 is rejected too.
        stage.judge("leads", rejected, "Rejected");
        stage.judge("leads", 4, "Rejected");
        stage.ends(ObservedTransform::Ended("AlgorithmError".into()));
        stage.job_event("123456789012");
        let versions: Vec<u32> = stage
            .requests()
            .iter()
            .map(|request| request.job.split("-v").nth(1).unwrap()[..1].parse().unwrap())
            .collect();
        assert_eq!(versions, jobs, "version {rejected} is rejected");
    }
}

#[test]
fn changed_target_abandons_the_rollout() {
    let stage = stage();
    stage.judge("leads", 1, "Approved");
    let text = include_str!("../../../../policies/leads.toml");
    let (head, rest) = text.split_once("[deploy.transform]").unwrap();
    let tail = rest.split_once("[reconcile]").unwrap().1;
    let pipeline = "[deploy.pipeline]\nname = \"leads-delivery\"\nvariable = \"Package\"\n[reconcile]";
    let policy = parse(&format!("{head}{pipeline}{tail}"));
    stage.apply(policy);
    assert_eq!(stage.judge("leads", 2, "Approved"), (Decision::Acted, "approved"), "and the next one goes its new way");
    assert!(stage.published().contains(&FactKind::RolloutFailed));
    assert_eq!(stage.deliveries(), [arn("leads", 2)]);
}

#[test]
fn failed_job_keeps_live_version_and_starts_queued_one() {
    let stage = stage();
    stage.judge("leads", 1, "Approved");
    stage.completes();
    stage.judge("leads", 2, "Approved");
    assert_eq!(stage.judge("leads", 3, "Approved"), (Decision::Deferred, "queued"));
    stage.ends(ObservedTransform::Ended("AlgorithmError".into()));
    assert_eq!(stage.job_event("123456789012"), (Decision::Acted, "resumed"));
    assert!(stage.published().contains(&FactKind::RolloutFailed));
    assert_eq!(stage.completes(), (Decision::Acted, "live"));
    assert_eq!(stage.deliver("leads", 2, "Approved"), (Decision::Skipped, "already_handled"), "it is not tried again");
    assert_eq!(stage.requests().len(), 3);
}

#[test]
fn rejected_version_runs_another_job_of_the_one_before() {
    let stage = stage();
    stage.judge("leads", 1, "Approved");
    stage.completes();
    stage.judge("leads", 2, "Approved");
    stage.completes();
    assert_eq!(stage.judge("leads", 2, "Rejected"), (Decision::Acted, "rollback"));
    assert_eq!(stage.completes(), (Decision::Acted, "live"));
    let jobs: Vec<String> = stage.requests().into_iter().map(|request| request.job).collect();
    let versions: Vec<bool> = jobs.iter().map(|job| job.starts_with("trimtab-leads-v1-")).collect();
    assert_eq!(versions, [true, false, true]);
    assert_ne!(jobs[0], jobs[2], "SageMaker never takes a job's name twice");
}

#[test]
fn job_without_start_response_is_adopted() {
    let stage = stage();
    stage.services.registry().set_approval(&arn("leads", 1), Approval::Approved);
    stage.services.fail_next("transforms.start", Fault::Lost);
    assert!(stage.try_deliver("leads", 1, "Approved").is_none(), "it is given back to Lambda");
    stage.world.clock.set(stage.world.clock.now() + SignedDuration::from_mins(2));
    assert_eq!(stage.deliver("leads", 1, "Approved"), (Decision::Acted, "resumed_pending"));
    assert_eq!(stage.reconcile_leads(), (Decision::Acted, "first_reconcile"));
    stage.ends(completed());
    assert_eq!(stage.reconcile_leads(), (Decision::Acted, "resumed_pending"));
    assert_eq!((stage.requests().len(), stage.published().pop()), (1, Some(FactKind::RolloutSucceeded)));
}

#[test]
fn job_of_no_policy_or_another_account_is_ignored() {
    let stage = stage();
    let theirs = json!({"TransformJobName": "nightly-scores", "TransformJobStatus": "Completed"});
    let outcome = stage.react("SageMaker Transform Job State Change", "aws.sagemaker", &theirs);
    assert_eq!((outcome, stage.published().len()), ((Decision::Skipped, "not_configured"), 0));
    stage.judge("leads", 1, "Approved");
    stage.ends(completed());
    assert_eq!(stage.job_event("210987654321"), (Decision::Failed, "foreign_account"));
}
