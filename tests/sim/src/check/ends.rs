//! Where each flow must have come to.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::bad;
use crate::acts::LAST_LOOK;
use crate::flow::{Case, Flow};
use crate::promise::Violation;
use crate::services::Services;

/// Where the flow must have come to.
pub(super) fn ends(case: &Case, services: &Services) -> Vec<Violation> {
    let flow = case.flow;
    let mut found = bad::ends(case, services);
    let mut must = |holds: bool, what: &str| {
        if !holds {
            found.push(Violation::lost(what.to_owned()));
        }
    };
    let told = |words: &str| services.messages.keys().any(|message| message.starts_with(words));
    let live = services.endpoint.as_ref().and_then(|endpoint| endpoint.config.as_ref());
    let live = live.and_then(|config| services.configs.get(config)).copied();
    let open = |name: &str| {
        let of_name = services.aggregates.iter().filter(|(id, _)| id.name == name);
        of_name.into_iter().any(|(_, record)| {
            let state = record.state.as_ref();
            let held = |field: &str| state.and_then(|state| state.get(field)).is_some_and(|value| !value.is_null());
            held("incident") || held("current") || held("queued")
        })
    };
    match flow {
        Flow::Drift | Flow::Push | Flow::FirstPush => {
            must(services.runs.len() == 1, "the run was not started");
            must(told("Training Succeeded on"), "nobody was told that training succeeded");
            must(!open("incident"), "the incident is open for ever");
            must(flow == Flow::Drift || services.builds.len() == 1, "the commit was not built");
            must(flow == Flow::Drift || !services.defined.is_empty(), "the pipeline has another definition");
        }
        Flow::Workflow | Flow::Dag | Flow::Cluster | Flow::Piped => {
            must(services.runs.len() == 1, "the run was not started");
            must(told("Training Succeeded on"), "nobody was told that training succeeded");
            must(!open("incident"), "the incident is open for ever");
        }
        Flow::Violations | Flow::Asked => {
            must(services.runs.len() == 1, "the run was not started");
            must(told("Training Succeeded on"), "nobody was told that training succeeded");
            must(!open("incident"), "the incident is open for ever");
        }
        Flow::NewData => {
            let last = services.runs.last().map(|run| run.created);
            // What came out of the failure queue after the last look waits for the next.
            must(
                last >= services.uploaded || gathers_since_the_last_look(services),
                "the last object is in no run's data",
            );
            must(services.runs.len() <= 2, "four objects in two bursts have more than two runs");
            must(!open("incident"), "the incident is open for ever");
        }
        Flow::Rollouts => {
            must(live == Some(2), "version 2 is not live");
            must(told("Rollout Succeeded on rollout/churn/2"), "nobody was told that version 2 is live");
        }
        Flow::Rollback if told("Rollout Skipped on rollout/churn/1") => {}
        Flow::Rollback => {
            must(live == Some(1), "version 1 is not live again");
            must(told("Package Rejected on rollout/churn/2"), "nobody was told of the rejection");
        }
        // Version 1 may have reached the suite after version 2, by the failure queue.
        Flow::Unwatched | Flow::FallsSilent if told("Rollout Skipped on rollout/churn/1") => {}
        Flow::Unwatched => {
            // An approval that came before the first version's is the endpoint's first itself.
            must(live == Some(1), "version 1 is not live");
            must(told("Rollout Held on rollout/churn/2"), "nobody was told that version 2 is held back");
        }
        Flow::FallsSilent => {
            must(live == Some(1), "version 1 is not live");
            let held = told("Rollout Held on rollout/churn/2") || told("Rollout Rolled Back on rollout/churn/2");
            must(held, "nobody was told of version 2");
        }
        // Version 1 may have reached the suite after version 2, by the failure queue.
        Flow::Shadowed | Flow::ShadowRejected if told("Rollout Skipped on rollout/churn/1") => {}
        Flow::Shadowed => {
            must(live == Some(2), "version 2 is not live");
            must(!services.variant_tests.contains(&serving(services)), "version 2 is in its variant test for ever");
            must(told("Rollout Succeeded on rollout/churn/2"), "nobody was told that version 2 is live");
        }
        Flow::ShadowRejected => {
            must(live == Some(1), "version 1 is not live alone");
            must(told("Package Rejected on rollout/churn/2"), "nobody was told of the rejection");
        }
        Flow::Stacked | Flow::StackFails if told("Rollout Skipped on rollout/tariffs/201") => {}
        Flow::Stacked => {
            must(services.stacked.holds() == Some(202), "the stack does not hold version 202");
            must(told("Rollout Rolled Back on rollout/tariffs/201"), "nobody was told of the rollback");
            must(told("Rollout Succeeded on rollout/tariffs/202"), "nobody was told that version 202 is live");
        }
        Flow::StackFails => {
            must(services.stacked.holds() == Some(201), "the stack does not hold version 201");
            // Where version 201 came second, nothing was updated.
            must(services.stacked.continues == services.stacked.updates, "the rollback was not tried again");
            must(told("Rollout Rolled Back on rollout/tariffs/202"), "nobody was told of the rollback");
        }
        // Version 401 may have reached the suite after version 402, by the failure queue.
        Flow::Transformed | Flow::TransformFails if told("Rollout Skipped on rollout/leads/401") => {}
        Flow::Transformed => {
            must(services.transformed.answered == Some(401), "version 401's answers are not the newest again");
            must(told("Package Rejected on rollout/leads/402"), "nobody was told of the rejection");
        }
        Flow::TransformFails => {
            must(services.transformed.answered == Some(401), "version 401 has no answers");
            must(services.transformed.started.contains(&402), "version 402 was not asked");
            must(told("Rollout Failed on rollout/leads/402"), "nobody was told that version 402's job failed");
        }
        Flow::Review => {
            must(services.builds.len() == 1, "the proposed commit was not built");
            must(services.comments.len() == 1, "the pull request does not say how the build ended");
            must(services.runs.is_empty(), "a proposal was trained");
        }
        Flow::Merged => {
            must(services.builds.len() == 1, "the merge was not built");
            must(services.runs.len() == 1, "the merge was not trained");
            must(services.comments.len() == 1, "the pull request does not say how the merge's build ended");
        }
        Flow::Deleted => {
            let told = services.messages.keys().filter(|message| message.starts_with("Branch Deleted on")).count();
            must(told == 1, &format!("that the branch is gone was told {told} times"));
        }
        Flow::PipelineBuild => {
            must(services.integrated.executions.len() == 1, "the commit was not built by the pipeline");
            must(services.runs.len() == 1, "the commit was not trained");
            // It can wait: the policy says so. A look after what came late may have sent the digest.
            let digested = waits(services, "demand: training succeeded") || told("Digest on");
            must(digested, "that training succeeded is in no digest");
        }
        Flow::Image => {
            let given = services.runs.iter().map(|run| run.request.parameters.get("Image").cloned());
            let image = services.integrated.image.as_ref().map(ToString::to_string);
            must(given.collect::<Vec<_>>() == [image], "no run was given the image");
            must(!open("incident"), "the incident is open for ever");
        }
        Flow::HeldBack => {
            // Where the first run began as late as the second alarm, it answers both.
            let answered = services.runs.len() == 2 || told("Training Trigger Merged on incident/");
            must(answered, "the drift that was held back got no run");
            must(!open("incident"), "the incident is open for ever");
        }
        Flow::CodePipelineExecution => {
            must(services.deliveries.len() == 1, "the version was not delivered");
            must(told("Rollout Succeeded on rollout/segments/101"), "nobody was told of the delivery");
        }
        Flow::Promotion => {
            must(services.candidate.executions == 1, "the version was not tested");
            must(services.candidate.verdicts == 1, "the verdict does not stand on the version");
            must(told("Evaluation Passed on candidate/churn/1"), "nobody was told that the version passed");
            must(live == Some(1), "version 1 is not live");
        }
        Flow::Composite | Flow::Calendar => must(!open("incident"), "the incident is open for ever"),
        Flow::Stages => {}
        // Version 1 may have reached the suite after version 2, and the request before either.
        Flow::ByHand if told("Rollout Skipped on rollout/churn/1") || told("Rollback Refused on asked/churn") => {}
        Flow::ByHand => {
            must(live.is_some(), "no version is live again");
            must(services.staged.removals <= 1, "the endpoint was removed more than once");
        }
        Flow::Tracked => {
            must(services.runs.len() == 1, "the run was not started");
            must(live == Some(1), "version 1 is not live");
            for missing in services.untracked() {
                must(false, missing);
            }
        }
        Flow::Watched => {
            for missing in services.unwatched(live) {
                must(false, &missing);
            }
            must(told("Monitoring Started on watch/churn/data-quality/"), "nobody was told that a version is watched");
        }
        // The guard does not look by itself: of what AWS did not tell, nothing is known.
        Flow::Breach if !heard(services, "CreateTrainingJob") => {}
        Flow::Breach => {
            let told = |kind: &str| services.messages.keys().filter(|message| message.starts_with(kind)).count();
            must(told("Finding Reported on") == 1, "the finding was not told once");
            must(told("Job Stopped on") == 1, "that the job was stopped was not told once");
        }
        Flow::PutRight => {
            // Where the first call was heard of late, nothing was wrong any more.
            let closed = !heard(services, "AddTags") || !open_finding(services);
            must(closed, "the finding is open for ever");
            let once = told("Finding Reported on") && heard(services, "AddTags");
            must(!once || told("Finding Closed on"), "nobody was told that the finding is closed");
        }
        Flow::Malformed => {
            must(!services.dead_letters.is_empty(), "the event was not kept");
            must(told("Event Dead-Lettered on"), "nobody was told of the event");
        }
        // Version 1 may have reached the suite after version 2, by the failure queue.
        Flow::CanaryFails if told("Rollout Skipped on rollout/churn/1") => {}
        Flow::CanaryFails => {
            must(live == Some(1), "version 1 is not live");
            must(told("Rollout Rolled Back on rollout/churn/2"), "nobody was told of the rollback");
        }
        _ => {}
    }
    // No version was known to be live when a person wanted it back: what waits, waits for a person again.
    let refused = flow == Flow::ByHand && told("Rollback Refused on asked/churn");
    must(refused || !open("rollout"), "a rollout is open for ever");
    if !services.lived.is_empty() && !refused {
        must(services.scaled > 0, "autoscaling was not asked for");
        must(services.scheduled == 2, "the schedule was not put");
    }
    let by_hand = flow == Flow::ByHand;
    for version in BTreeSet::from_iter(services.lived.iter().filter(|_| !by_hand)) {
        let times = services.lived.iter().filter(|lived| *lived == version).count();
        let ends = [
            format!("Rollout Succeeded on rollout/churn/{version}/"),
            format!("Rollout Rolled Back on rollout/churn/{version}/"),
        ];
        let said =
            services.messages.keys().filter(|message| ends.iter().any(|end| message.starts_with(end.as_str()))).count();
        must(said >= times, &format!("version {version} went live {times} times, and {said} were told"));
    }
    found
}

/// Whether a message with these words waits for a digest.
fn waits(services: &Services, words: &str) -> bool {
    let mut digests = services.aggregates.iter().filter(|(id, _)| id.name.starts_with("digest#"));
    digests.any(|(_, record)| record.state.as_ref().is_some_and(|state| state["digest"].to_string().contains(words)))
}

/// The configuration that serves.
fn serving(services: &Services) -> String {
    services.endpoint.as_ref().and_then(|endpoint| endpoint.config.clone()).unwrap_or_default()
}

/// Whether CloudTrail's word of this call was delivered.
fn heard(services: &Services, call: &str) -> bool {
    services.log.iter().any(|(_, event, _)| event["detail"]["eventName"] == call)
}

fn gathers_since_the_last_look(services: &Services) -> bool {
    let mut states = services.aggregates.values().filter_map(|record| record.state.as_ref());
    let since = states.find_map(|state| state["gathering"]["since"].as_str()?.parse::<Timestamp>().ok());
    since.is_some_and(|since| since >= Timestamp::UNIX_EPOCH + LAST_LOOK)
}

fn open_finding(services: &Services) -> bool {
    let mut findings = services.aggregates.iter().filter(|(id, _)| id.name.starts_with("finding#"));
    findings.any(|(_, record)| record.state.as_ref().is_some_and(|state| !state["finding"].is_null()))
}
