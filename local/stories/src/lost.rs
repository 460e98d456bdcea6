//! What AWS does not tell of: its events are best effort, and the suite looks by itself.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_sdk_sagemaker::types::{ModelApprovalStatus, PipelineExecutionStatus};
use serde_json::json;
use trimtab_cloud::STACK;
use trimtab_core::name::BranchName;
use trimtab_core::plan::Decision;
use trimtab_core::port::{AggregateId, Ledger};

use crate::chapters::{approve, ended_run, in_alarm, package, registered, serving};
use crate::code::{comments, commit, merge, propose, reviewed};
use crate::stage::{DATA_METRICS, ERRORS, SERVING_METRICS, TENURE, register};
use crate::story::{Story, StoryError, service};

/// The clock says that it is time to look: what the template's schedule sends every few minutes.
pub(crate) async fn tick(story: &Story) -> Result<(), StoryError> {
    let event = json!({"version": "0", "id": uuid::Uuid::new_v4().to_string(), "source": "aws.events", "detail-type": "Scheduled Event",
        "account": trimtab_cloud::ACCOUNT, "region": trimtab_cloud::REGION, "time": jiff::Timestamp::now().to_string(),
        "resources": [], "detail": {}});
    let call = story.aws.lambda.invoke().function_name(format!("{STACK}-reconcile"));
    let call = call.invocation_type(InvocationType::Event).payload(Blob::new(event.to_string()));
    call.send().await.map(drop).map_err(service)
}

/// What is there before the suite first looks is taken as it is.
pub(crate) async fn first_look(story: &mut Story) -> Result<(), StoryError> {
    tick(story).await?;
    for function in ["integrate", "deploy"] {
        let look = async |story: &Story| story.recorded(function, Decision::Acted, "are taken as they are").await;
        story.until(&format!("{function}'s record of its first look"), look).await?;
    }
    story.saw("the suite has looked once: what comes from now on is news").await
}

async fn lose(story: &Story, on: bool) -> Result<(), StoryError> {
    story.control("lose", json!({"on": on})).await
}

/// The clock ticks, since AWS sends no event that could wake the suite; then it is looked until it is there.
async fn found<T, F>(story: &mut Story, what: &str, look: F) -> Result<T, StoryError>
where
    F: AsyncFn(&Story) -> Result<Option<T>, StoryError>,
{
    tick(story).await?;
    story.until(what, look).await
}

/// One push that AWS does not tell of.
pub(crate) async fn a_push(story: &mut Story) -> Result<(), StoryError> {
    story.begin("AWS loses the event of a push");
    lose(story, true).await?;
    let commit = commit(story, "main").await?;
    lose(story, false).await?;
    found(story, "a build of the commit that succeeded", built(commit.clone())).await?;
    story.saw(format!("nobody heard of the push; the next look found {commit}, and CodeBuild has built it")).await
}

fn built(commit: String) -> impl AsyncFn(&Story) -> Result<Option<()>, StoryError> {
    async move |story: &Story| {
        let builds = story.builds(&commit).await?;
        let done = builds.iter().any(|build| build.build_status().is_some_and(|status| status.as_str() == "SUCCEEDED"));
        Ok(done.then_some(()))
    }
}

/// Every event of AWS is lost: the loop is the same, by looking alone.
pub(crate) async fn every_event(story: &mut Story) -> Result<(), StoryError> {
    story.begin("From now on AWS loses every one of its events");
    lose(story, true).await?;
    story.saw("the services do their work, and tell nobody").await?;
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
    story.begin("A first version is approved");
    let first = register(story, "churn").await?;
    story.judge(&first, ModelApprovalStatus::Approved).await?;
    found(story, "churn-prod serves version 1", serving(1)).await?;
    closed(story, "in service with version 1").await?;
    story.told("Rollout Succeeded", "rollout/churn/1/1").await?;
    story.saw("one look found the approval, another that the endpoint is in service").await
}

/// `deploy` has found the end of the rollout.
async fn closed(story: &mut Story, words: &str) -> Result<(), StoryError> {
    let look = async |story: &Story| story.recorded("deploy", Decision::Acted, words).await;
    found(story, &format!("deploy's record: {words}"), look).await.map(drop)
}

async fn push(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Somebody pushes to main");
    let commit = commit(story, "main").await?;
    found(story, "a build of the commit that succeeded", built(commit)).await?;
    tick(story).await?;
    trained(story, "churn-build-", 2).await?;
    story.saw("a look each found the push, the build's end, the run's end and the version; a person is asked about version 2").await
}

/// A run of this incident has ended well, a look has found that, and the version is in the registry.
async fn trained(story: &mut Story, incident: &str, version: u32) -> Result<(), StoryError> {
    let run = ended_run(story, incident).await?;
    registered(story, version, &run).await?;
    let words = format!("the run of {incident}");
    let closed = async |story: &Story| story.recorded("retrain", Decision::Acted, &words).await;
    found(story, "retrain's record of the run's end", closed).await?;
    story.told("Training Succeeded", &format!("incident/{incident}")).await?;
    tick(story).await?;
    story.told("Approval Requested", &format!("candidate/churn/{version}")).await
}

async fn canary(story: &mut Story) -> Result<(), StoryError> {
    story.begin("A person approves version 2");
    let variant = [("EndpointName", "churn-prod"), ("VariantName", "AllTraffic")];
    story.publish(SERVING_METRICS, ERRORS, &variant, 0.0).await?;
    let watched = async |story: &Story| {
        Ok(story.alarm("churn-prod-5xx").await?.filter(|(state, _)| state.as_str() == "OK").map(|_| ()))
    };
    story.until("data on churn-prod-5xx", watched).await?;
    approve(story, 2).await?;
    found(story, "churn-prod serves version 2", serving(2)).await?;
    closed(story, "in service with version 2").await?;
    story.saw("endpoint churn-prod is InService with version 2, by a canary").await
}

async fn drift(story: &mut Story) -> Result<(), StoryError> {
    story.begin("The monitor publishes drift");
    let dimensions = [("Endpoint", "churn-prod"), ("MonitoringSchedule", "churn-prod-data-quality")];
    story.publish(DATA_METRICS, TENURE, &dimensions, 0.31).await?;
    in_alarm(story, "churn-prod-data-drift").await?;
    tick(story).await?;
    trained(story, "churn-drift-", 3).await?;
    story.saw("a look found the alarm, and one run answered it").await
}

async fn rejected(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Version 2, which is live, is rejected");
    let package = package(story, 2).await?;
    story.judge(&package, ModelApprovalStatus::Rejected).await?;
    found(story, "churn-prod serves version 1", serving(1)).await?;
    closed(story, "in service with version 1 (").await?;
    story.told("Rollout Succeeded", "rollout/churn/1/2").await?;
    story.saw("endpoint churn-prod is InService with version 1 again").await
}

/// Looking again and again has made nothing twice.
async fn once(story: &mut Story) -> Result<(), StoryError> {
    story.begin("The suite goes on looking");
    let before = story.calls("ListModelPackages").await?;
    for _ in 0..3 {
        tick(story).await?;
    }
    // Four models are looked after, one of them by two functions that look there.
    let looked = async |story: &Story| Ok((story.calls("ListModelPackages").await? >= before + 15).then_some(()));
    story.until("more looks at the registry", looked).await?;
    let runs = story.runs().await?;
    let ended = runs.iter().filter(|run| run.pipeline_execution_status() == Some(&PipelineExecutionStatus::Succeeded));
    Story::expect("runs:", &(runs.len(), ended.count()), &(2, 2))?;
    for (effect, times) in [("StartBuild", 1), ("CreateEndpoint", 1), ("UpdateEndpoint", 2)] {
        Story::expect(&format!("{effect}:"), &story.calls(effect).await?, &times)?;
    }
    story.saw("one build, two runs, three rollouts: nothing was made twice").await
}

async fn merged(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Somebody opens a pull request, and merges it");
    let before = story.calls("StartBuild").await?;
    commit(story, "wider-bins").await?;
    let id = propose(story, "wider-bins", "Wider bins").await?;
    let building = async |story: &Story| Ok((story.calls("StartBuild").await? > before).then_some(()));
    found(story, "a build of what is proposed", building).await?;
    let commit = merge(story, &id).await?;
    found(story, "a build of the merge that succeeded", built(commit.clone())).await?;
    tick(story).await?;
    let said = reviewed(story, &id, &commit).await?;
    Story::expect("builds of the merge:", &story.builds(&commit).await?.len(), &1)?;
    Story::expect("comments on the pull request:", &comments(story, &id).await?.len(), &1)?;
    story.saw(format!("a look each found the pull request, its merge and the build's end; it says: {said}")).await
}

async fn deleted(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Somebody deletes release, which is built, too");
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
    found(story, "a look that has seen release", known).await?;
    let call = codecommit.delete_branch().repository_name("churn-model").branch_name("release");
    call.send().await.map_err(service)?;
    tick(story).await?;
    story.told("Branch Deleted", "branch/churn/").await?;
    story.saw("a look did not find the branch any more, and a person was told").await
}
