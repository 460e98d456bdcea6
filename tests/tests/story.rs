//! The loop, with the real binaries and the real template: `make build` makes what it deploys.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use trimtab_cloud::{Cloud, root};
use trimtab_stories::{Story, Tale, Told, play, render};

async fn told(tale: Tale) -> Story {
    let folder = format!("target/tests/{}", format!("{tale:?}").to_lowercase());
    let cloud = Cloud::start(&root().join(folder), ([127, 0, 0, 1], 0).into()).await.unwrap();
    cloud.deploy().unwrap();
    let mut story = Story::new(&cloud, &root().join("policies"), false).unwrap();
    let played = play(&mut story, tale).await;
    cloud.stop().await;
    played.unwrap();
    story
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_story_is_seen_in_the_services() {
    let story = told(Tale::Loop).await;
    let timeline = story.timeline();
    let functions: BTreeSet<&str> = timeline.iter().filter_map(|entry| entry.function.as_deref()).collect();
    assert_eq!(
        functions,
        BTreeSet::from(["deploy", "evaluate", "integrate", "lineage", "monitor", "notify", "retrain"])
    );
    let decisions: BTreeSet<&str> = timeline.iter().map(|entry| entry.decision.as_str()).collect();
    assert_eq!(decisions, BTreeSet::from(["acted", "deferred", "failed", "skipped"]));
    assert!(timeline.is_sorted_by_key(|entry| entry.at));
    let told = Told { name: "loop".into(), about: "all".into(), chapters: story.chapters().to_vec() };
    assert!(render(&[told], "a while").unwrap().contains("version 4 waits"));
}

/// Each step is one that only a look can have found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_loop_comes_to_its_end_though_every_event_of_aws_is_lost() {
    told(Tale::LostEvents).await;
}

/// A version that passes goes out, one that is worse than the live one does not, and a person is asked by policy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_are_tested_and_approved_rejected_or_asked_about() {
    told(Tale::Promotion).await;
}

/// A pushed image reaches the run by its digest, CodePipeline builds exactly the commit, and a merged pull request
/// reads how its merge was built.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_a_pipelines_build_and_a_merge_are_trained() {
    told(Tale::Integrate).await;
}

/// Asynchronous and serverless endpoints; rolling and linear updates; a shadow that goes on and a challenger that goes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_way_of_serving_and_of_moving_traffic_is_what_sagemaker_is_asked_for() {
    told(Tale::Strategies).await;
}

/// A stack is made, updated and taken back; a rollback that failed is tried once more, and then a person is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stack_takes_versions_and_is_helped_back_once() {
    told(Tale::Cloudformation).await;
}

/// Dev is a non-production endpoint without a gate; staging is in another account, by an assumed role; production waits for
/// a person; what fails its smoke test goes back; and an operator goes back, also from a failed endpoint.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_goes_through_a_non_production_endpoint_and_another_account_to_production() {
    told(Tale::Stages).await;
}

/// What breaks the organization's rules is told with its owner and stopped, once; what does not is left alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_breaks_the_rules_is_told_and_stopped() {
    told(Tale::Guard).await;
}

/// Drift is answered by one run in Step Functions, Airflow and Kubeflow, a built commit by one in CodePipeline; each end is heard, or seen by looking.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_engine_trains_once_and_its_end_closes_the_incident() {
    told(Tale::Engines).await;
}

/// A version that goes live is held against its baselines, computed or registered, and the alarm on its drift starts one run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn model_monitor_and_clarify_watch_the_live_version_and_their_alarm_starts_a_run() {
    told(Tale::Monitor).await;
}

/// Violations without an alarm, forty objects, a feature group's data, a person, an alarm on alarms: one run each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn violations_data_features_people_and_composite_alarms_start_one_run_each() {
    told(Tale::Triggers).await;
}
