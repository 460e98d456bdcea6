//! The loop, with the real binaries and the real template: `make build` makes what it deploys.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use trimtab_cloud::{Cloud, root};
use trimtab_story::{Story, Tale, Told, play, render};

async fn told(tale: Tale) -> Story {
    let folder = format!("target/tests/{}", format!("{tale:?}").to_lowercase());
    let cloud = Cloud::start(&root().join(folder), ([127, 0, 0, 1], 0).into()).await.unwrap();
    cloud.deploy().unwrap();
    let mut story = Story::new(&cloud, &root().join("models"), false).unwrap();
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
    assert_eq!(functions, BTreeSet::from(["deploy", "evaluate", "integrate", "lineage", "notify", "retrain"]));
    let decisions: BTreeSet<&str> = timeline.iter().map(|entry| entry.decision.as_str()).collect();
    assert_eq!(decisions, BTreeSet::from(["acted", "parked", "rejected", "skipped"]));
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

/// Dev is a non-production endpoint without a gate; staging is in another account, by an assumed role; production waits for
/// a person; what fails its smoke test goes back; and an operator goes back, also from a failed endpoint.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_goes_through_a_non_production_endpoint_and_another_account_to_production() {
    told(Tale::Stages).await;
}

/// What breaks the organisation's rules is told with its owner and stopped, once; what does not is left alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_breaks_the_rules_is_told_and_stopped() {
    told(Tale::Guard).await;
}

/// Drift is answered by one run in Step Functions, Airflow and Kubeflow, a built commit by one in CodePipeline; each end is heard, or seen by looking.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_engine_trains_once_and_its_end_closes_the_incident() {
    told(Tale::Engines).await;
}
