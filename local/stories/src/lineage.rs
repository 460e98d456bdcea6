//! What came of what, as SageMaker ML Lineage Tracking has it at the end.

use crate::story::{Story, StoryError, service};

/// The way that a commit went, by the entities' types.
const WAY: [&str; 6] = ["TrainingRun", "ModelPackage", "Rollout", "Endpoint", "Incident", "TrainingRun"];

/// From a commit to the endpoint that served it, and on to the run that answered its drift.
pub(crate) async fn chain(story: &mut Story) -> Result<(), StoryError> {
    story.begin("Somebody asks what came of what");
    let way = async |story: &Story| {
        let call = story.aws.sagemaker.list_artifacts().artifact_type("Commit").send().await.map_err(service)?;
        for commit in call.artifact_summaries() {
            let source = commit.source().and_then(|source| source.source_uri()).unwrap_or_default();
            if let Some(last) = walk(story, commit.artifact_arn().unwrap_or_default()).await? {
                return Ok(Some((source.to_owned(), last)));
            }
        }
        Ok(None)
    };
    let built = async |story: &Story| {
        let call = story.aws.sagemaker.list_actions().action_type("Build").send().await.map_err(service)?;
        let done = |action: &&aws_sdk_sagemaker::types::ActionSummary| {
            action.status().is_some_and(|s| s.as_str() == "Completed")
        };
        Ok(call.action_summaries().iter().find(done).map(|_| ()))
    };
    story.until("a build that is completed in SageMaker's lineage", built).await?;
    let (commit, last) = story.until("a commit's way through SageMaker's lineage to a run after it", way).await?;
    let name = last.rsplit('/').next().unwrap_or_default();
    let action = story.aws.sagemaker.describe_action().action_name(name).send().await.map_err(service)?;
    Story::expect(
        "the run that answered the drift is",
        &action.status.map(|status| status.to_string()).as_deref(),
        &Some("Completed"),
    )?;
    story.saw(format!("{commit} → {}", WAY.join(" → "))).await
}

/// Where the way ends that begins here; `None` where it breaks off.
async fn walk(story: &Story, from: &str) -> Result<Option<String>, StoryError> {
    let mut here = vec![from.to_owned()];
    for step in WAY {
        let mut next = Vec::new();
        for arn in &here {
            let call = story.aws.sagemaker.list_associations().source_arn(arn).destination_type(step);
            let found = call.send().await.map_err(service)?;
            let of_type = found.association_summaries().iter().filter(|link| link.destination_type() == Some(step));
            next.extend(of_type.filter_map(|link| link.destination_arn().map(str::to_owned)));
        }
        here = next;
    }
    Ok(here.into_iter().next())
}
