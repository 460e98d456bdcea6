//! Builds of commits, pull requests and images, and branches.

use super::{End, retrain};
use crate::flow::Flow;

pub(super) fn check(end: &mut End<'_>) {
    match end.flow {
        Flow::Push | Flow::FirstPush => push(end),
        Flow::Review => review(end),
        Flow::Merged => merged(end),
        Flow::BranchDeleted => branch_deleted(end),
        Flow::PipelineBuild => pipeline_build(end),
        Flow::Image => image(end),
        Flow::BuildFails => build_fails(end),
        _ => {}
    }
}

fn push(end: &mut End<'_>) {
    retrain::one_run_succeeds(end);
    end.must(end.services.builds.len() == 1, "the commit was not built");
    end.must(!end.services.defined.is_empty(), "the pipeline's definition was not updated");
}

fn review(end: &mut End<'_>) {
    end.must(end.services.builds.len() == 1, "the proposed commit was not built");
    end.must(end.services.comments.len() == 1, "the pull request has no comment with the build's result");
    end.must(end.services.runs.is_empty(), "a proposed commit was trained");
}

fn merged(end: &mut End<'_>) {
    end.must(end.services.builds.len() == 1, "the merge was not built");
    end.must_have_runs(1);
    end.must(end.services.comments.len() == 1, "the pull request has no comment with the merge's build result");
}

fn branch_deleted(end: &mut End<'_>) {
    let times = end.messages("Branch Deleted on");
    end.must(times == 1, &format!("the deleted branch was reported {times} times"));
}

fn pipeline_build(end: &mut End<'_>) {
    end.must(end.services.ci.executions.len() == 1, "the pipeline did not build the commit");
    end.must_have_runs(1);
    // The policy batches this severity. A reconcile after a late event may have sent the digest.
    let batched = is_batched(end, "demand: training succeeded") || end.has_message("Digest on");
    end.must(batched, "no digest contains that training succeeded");
}

/// Whether a message with this text waits for a digest.
fn is_batched(end: &End<'_>, text: &str) -> bool {
    let mut digests = end.services.aggregates.iter().filter(|(id, _)| id.name.starts_with("digest#"));
    digests.any(|(_, record)| record.state.as_ref().is_some_and(|state| state.to_string().contains(text)))
}

fn image(end: &mut End<'_>) {
    let given = end.services.runs.iter().map(|run| run.request.parameters.get("Image").cloned());
    let image = end.services.ci.image.as_ref().map(ToString::to_string);
    let holds = given.collect::<Vec<_>>() == [image];
    end.must(holds, "no run was started with the image");
    end.must_close_incident();
}

fn build_fails(end: &mut End<'_>) {
    end.must(end.services.builds.len() == 1, "the commit was not built");
    end.must_report("Build Failed on");
    end.must(end.services.runs.is_empty(), "a commit was trained whose build failed");
}
