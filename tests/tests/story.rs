//! The stories of the demo with the release binaries and the template: run `make build` first.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use trimtab_cloud::{Cloud, root};
use trimtab_stories::{Story, StoryName, StoryReport, play, render};

async fn play_story(name: StoryName) -> Story {
    let folder = format!("target/tests/{}", format!("{name:?}").to_lowercase());
    let cloud = Cloud::start(&root().join(folder), ([127, 0, 0, 1], 0).into()).await.unwrap();
    cloud.deploy().unwrap();
    let mut story = Story::new(&cloud, &root().join("policies"), false).unwrap();
    let played = play(&mut story, name).await;
    cloud.stop().await;
    played.unwrap();
    story
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn main_loop_runs_from_push_to_rollback() {
    let story = play_story(StoryName::Loop).await;
    let timeline = story.timeline();
    let functions: BTreeSet<&str> = timeline.iter().filter_map(|entry| entry.function.as_deref()).collect();
    assert_eq!(
        functions,
        BTreeSet::from(["deploy", "evaluate", "integrate", "lineage", "monitor", "notify", "retrain"])
    );
    let decisions: BTreeSet<&str> = timeline.iter().map(|entry| entry.decision.as_str()).collect();
    assert_eq!(decisions, BTreeSet::from(["acted", "deferred", "failed", "skipped"]));
    assert!(timeline.is_sorted_by_key(|entry| entry.at));
    let report = StoryReport { name: "loop".into(), about: "all".into(), sections: story.sections().to_vec() };
    assert!(render(&[report], "1 s").unwrap().contains("version 4 is queued"));
}

/// Every AWS event is lost, so only a reconcile can find each step.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_events_lead_to_the_same_result() {
    play_story(StoryName::LostEvents).await;
}

/// A version that passes is deployed, a worse one is rejected, and a third waits for manual approval by policy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tested_versions_are_approved_or_rejected_by_policy() {
    play_story(StoryName::Promotion).await;
}

/// A run receives a pushed image by its digest, CodePipeline builds the exact commit, and a merged pull request gets a
/// comment with the result of its build.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn image_codepipeline_build_and_merge_start_training() {
    play_story(StoryName::Integrate).await;
}

/// Asynchronous and serverless endpoints, rolling and linear updates, a promoted shadow test and a rolled back A/B test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_strategy_is_requested_from_sagemaker() {
    play_story(StoryName::Strategies).await;
}

/// A stack is created, updated and rolled back; a failed rollback is continued once, then the subscribers are notified.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stack_rollback_is_continued_once() {
    play_story(StoryName::Cloudformation).await;
}

/// Dev is a non-production endpoint without a gate, staging is in another account, production requires a manual promotion.
/// A failed smoke test and an operator lead to rollbacks, also of a failed endpoint.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stages_promote_across_accounts_to_production() {
    play_story(StoryName::Stages).await;
}

/// A job that violates the organization's rules is reported with its owner and stopped once; a compliant job continues.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn noncompliant_job_is_reported_and_stopped() {
    play_story(StoryName::Guard).await;
}

/// Drift starts one run in Step Functions, Airflow and Kubeflow; a built commit starts one in CodePipeline. The end of each
/// is received as an event or found by reconciling.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_engine_trains_once_and_closes_the_incident() {
    play_story(StoryName::Engines).await;
}

/// The live version is compared with computed or registered baselines, and its drift alarm starts one run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_version_is_monitored_and_drift_starts_a_run() {
    play_story(StoryName::Monitor).await;
}

/// Violations without an alarm, forty objects, feature group data, an operator and a composite alarm start one run each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_trigger_starts_one_run() {
    play_story(StoryName::Triggers).await;
}
