//! The story `lost-events`: AWS events are best effort; periodic reconciles find the changes without them.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_sdk_sagemaker::types::{ModelApprovalStatus, PipelineExecutionStatus};
use serde_json::json;
use trimtab_cloud::STACK;
use trimtab_core::name::BranchName;
use trimtab_core::plan::Decision;
use trimtab_core::port::{AggregateId, Ledger};

use crate::main_loop::{approve, ended_run, in_alarm, package, registered, serving};
use crate::pull_request::{comments, commit, merge, propose, reviewed};
use crate::setup::{DATA_METRICS, ERRORS, SERVING_METRICS, TENURE, register};
use crate::story::{Story, StoryError, service};

/// Invokes `reconcile` with the event that the template's schedule sends every few minutes.
pub(crate) async fn tick(story: &Story) -> Result<(), StoryError> {
    let event = json!({"version": "0", "id": uuid::Uuid::new_v4().to_string(), "source": "aws.events", "detail-type": "Scheduled Event",
        "account": trimtab_cloud::ACCOUNT, "region": trimtab_cloud::REGION, "time": jiff::Timestamp::now().to_string(),
        "resources": [], "detail": {}});
    let call = story.aws.lambda.invoke().function_name(format!("{STACK}-reconcile"));
    let call = call.invocation_type(InvocationType::Event).payload(Blob::new(event.to_string()));
    call.send().await.map(drop).map_err(service)
}

/// Waits for the first reconcile, which adopts existing commits and versions without acting on them.
pub(crate) async fn first_reconcile(story: &mut Story) -> Result<(), StoryError> {
    tick(story).await?;
    for (function, words) in [("integrate", "are recorded as they are"), ("deploy", "are recorded and not followed")] {
        let probe = async |story: &Story| story.recorded(function, Decision::Acted, words).await;
        story.until(&format!("{function}'s record of its first reconcile"), probe).await?;
    }
    story.observed("the first reconcile is done; changes from now on are new").await
}

async fn lose(story: &Story, on: bool) -> Result<(), StoryError> {
    story.control("lose", json!({"on": on})).await
}

/// Triggers a reconcile, because AWS sends no event, and waits until `probe` returns a value.
async fn found<T, F>(story: &mut Story, what: &str, probe: F) -> Result<T, StoryError>
where
    F: AsyncFn(&Story) -> Result<Option<T>, StoryError>,
{
    tick(story).await?;
    story.until(what, probe).await
}

/// One push whose event is lost.
pub(crate) async fn a_push(story: &mut Story) -> Result<(), StoryError> {
    story.section("The event of a push is lost");
    lose(story, true).await?;
    let commit = commit(story, "main").await?;
    lose(story, false).await?;
    found(story, "a successful build of the commit", built(commit.clone())).await?;
    story.observed(format!("no event was received; the next reconcile found {commit}, and CodeBuild built it")).await
}

fn built(commit: String) -> impl AsyncFn(&Story) -> Result<Option<()>, StoryError> {
    async move |story: &Story| {
        let builds = story.builds(&commit).await?;
        let done = builds.iter().any(|build| build.build_status().is_some_and(|status| status.as_str() == "SUCCEEDED"));
        Ok(done.then_some(()))
    }
}

/// The main loop while every AWS event is lost: reconciling alone reaches the same result.
pub(crate) async fn every_event(story: &mut Story) -> Result<(), StoryError> {
    story.section("From now on every AWS event is lost");
    lose(story, true).await?;
    story.observed("the services work, and send no events").await?;
    first_version(story).await?;
    push(story).await?;
    canary(story).await?;
    drift(story).await?;
    rejected(story).await?;
    once(story).await?;
    merged(story).await?;
    deleted(story).await
}

async fn first_version(story: &mut Story) -> Result<(), StoryError> {
    story.section("The first version is approved");
    let first = register(story, "churn").await?;
    story.judge(&first, ModelApprovalStatus::Approved).await?;
    found(story, "churn-prod serves version 1", serving(1)).await?;
    closed(story, "in service with version 1").await?;
    story.received("Rollout Succeeded", "rollout/churn/1/1").await?;
    story.observed("one reconcile found the approval, another found the endpoint InService").await
}

/// Waits for the record in which `deploy` finished the rollout.
async fn closed(story: &mut Story, words: &str) -> Result<(), StoryError> {
    let probe = async |story: &Story| story.recorded("deploy", Decision::Acted, words).await;
    found(story, &format!("deploy's record: {words}"), probe).await.map(drop)
}

async fn push(story: &mut Story) -> Result<(), StoryError> {
    story.section("A commit is pushed to main");
    let commit = commit(story, "main").await?;
    found(story, "a successful build of the commit", built(commit)).await?;
    tick(story).await?;
    trained(story, "churn-build-", 2).await?;
    story.observed("reconciles found the push, the end of the build, the end of the run and the version; version 2 waits for manual approval").await
}

/// Waits until a run of this incident succeeded, its end was found and its version waits for approval.
async fn trained(story: &mut Story, incident: &str, version: u32) -> Result<(), StoryError> {
    let run = ended_run(story, incident).await?;
    registered(story, version, &run).await?;
    let words = format!("the run of {incident}");
    let closed = async |story: &Story| story.recorded("retrain", Decision::Acted, &words).await;
    found(story, "retrain's record of the run's end", closed).await?;
    story.received("Training Succeeded", &format!("incident/{incident}")).await?;
    tick(story).await?;
    story.received("Approval Requested", &format!("evaluation/churn/{version}")).await
}

async fn canary(story: &mut Story) -> Result<(), StoryError> {
    story.section("Version 2 is approved");
    let variant = [("EndpointName", "churn-prod"), ("VariantName", "AllTraffic")];
    story.publish(SERVING_METRICS, ERRORS, &variant, 0.0).await?;
    let has_data = async |story: &Story| {
        Ok(story.alarm("churn-prod-5xx").await?.filter(|(state, _)| state.as_str() == "OK").map(|_| ()))
    };
    story.until("data for alarm churn-prod-5xx", has_data).await?;
    approve(story, 2).await?;
    found(story, "churn-prod serves version 2", serving(2)).await?;
    closed(story, "in service with version 2").await?;
    story.observed("endpoint churn-prod is InService with version 2 after a canary").await
}

async fn drift(story: &mut Story) -> Result<(), StoryError> {
    story.section("A monitor publishes a drift metric");
    let dimensions = [("Endpoint", "churn-prod"), ("MonitoringSchedule", "churn-prod-data-quality")];
    story.publish(DATA_METRICS, TENURE, &dimensions, 0.31).await?;
    in_alarm(story, "churn-prod-data-drift").await?;
    tick(story).await?;
    trained(story, "churn-drift-", 3).await?;
    story.observed("a reconcile found the alarm and started one run").await
}

async fn rejected(story: &mut Story) -> Result<(), StoryError> {
    story.section("The live version 2 is rejected");
    let package = package(story, 2).await?;
    story.judge(&package, ModelApprovalStatus::Rejected).await?;
    found(story, "churn-prod serves version 1", serving(1)).await?;
    closed(story, "in service with version 1 (").await?;
    story.received("Rollout Succeeded", "rollout/churn/1/2").await?;
    story.observed("endpoint churn-prod is InService with version 1 again").await
}

/// Further reconciles have no effect.
async fn once(story: &mut Story) -> Result<(), StoryError> {
    story.section("Reconciling continues");
    let before = story.calls("ListModelPackages").await?;
    for _ in 0..3 {
        tick(story).await?;
    }
    // Four models are reconciled, and two functions list the versions of one of them.
    let listed = async |story: &Story| Ok((story.calls("ListModelPackages").await? >= before + 15).then_some(()));
    story.until("more reconciles of the registry", listed).await?;
    let runs = story.runs().await?;
    let ended = runs.iter().filter(|run| run.pipeline_execution_status() == Some(&PipelineExecutionStatus::Succeeded));
    Story::expect("runs:", &(runs.len(), ended.count()), &(2, 2))?;
    for (effect, times) in [("StartBuild", 1), ("CreateEndpoint", 1), ("UpdateEndpoint", 2)] {
        Story::expect(&format!("{effect}:"), &story.calls(effect).await?, &times)?;
    }
    story.observed("one build, two runs, three rollouts: nothing was done twice").await
}

async fn merged(story: &mut Story) -> Result<(), StoryError> {
    story.section("A pull request is opened and merged");
    let before = story.calls("StartBuild").await?;
    commit(story, "wider-bins").await?;
    let id = propose(story, "wider-bins", "Wider bins").await?;
    let building = async |story: &Story| Ok((story.calls("StartBuild").await? > before).then_some(()));
    found(story, "a build of the pull request", building).await?;
    let commit = merge(story, &id).await?;
    found(story, "a successful build of the merge", built(commit.clone())).await?;
    tick(story).await?;
    let comment = reviewed(story, &id, &commit).await?;
    Story::expect("builds of the merge:", &story.builds(&commit).await?.len(), &1)?;
    Story::expect("comments on the pull request:", &comments(story, &id).await?.len(), &1)?;
    story
        .observed(format!(
            "reconciles found the pull request, its merge and the end of the build; its comment: {comment}"
        ))
        .await
}

async fn deleted(story: &mut Story) -> Result<(), StoryError> {
    story.section("The configured branch release is deleted");
    let codecommit = story.aws.codecommit.clone();
    let main = codecommit.get_branch().repository_name("churn-model").branch_name("main").send().await;
    let head = main.map_err(service)?.branch.and_then(|branch| branch.commit_id).unwrap_or_default();
    let call = codecommit.create_branch().repository_name("churn-model").branch_name("release").commit_id(head);
    call.send().await.map_err(service)?;
    story
        .apply(|policy| {
            if let (Some(rules), Ok(release)) = (&mut policy.integrate, BranchName::parse("release")) {
                rules.branches.push(release);
            }
        })
        .await?;
    let known = async |story: &Story| {
        let id = AggregateId { owner: "churn".to_owned(), name: "branches".to_owned() };
        let state = story.ledger.load(&id).await?.state.unwrap_or_default().to_string();
        Ok(state.contains("release").then_some(()))
    };
    found(story, "a reconcile that recorded branch release", known).await?;
    let call = codecommit.delete_branch().repository_name("churn-model").branch_name("release");
    call.send().await.map_err(service)?;
    tick(story).await?;
    story.received("Branch Deleted", "branch/churn/").await?;
    story.observed("a reconcile found that the branch is gone, and the subscribers were notified").await
}
