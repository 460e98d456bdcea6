//! The lineage graph in SageMaker ML Lineage Tracking at the end of the story `loop`.

use crate::story::{Story, StoryError, service};

/// The types of the entities on the path from a commit.
const PATH: [&str; 6] = ["TrainingRun", "ModelPackage", "Rollout", "Endpoint", "Incident", "TrainingRun"];

/// Verifies the path from a commit to the endpoint that served it, and on to the run that its drift started.
pub(crate) async fn graph(story: &mut Story) -> Result<(), StoryError> {
    story.section("The lineage graph is queried");
    let path = async |story: &Story| {
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
    story.until("a completed build in SageMaker's lineage", built).await?;
    let (commit, last) =
        story.until("a path in SageMaker's lineage from a commit to the run that its drift started", path).await?;
    let name = last.rsplit('/').next().unwrap_or_default();
    let action = story.aws.sagemaker.describe_action().action_name(name).send().await.map_err(service)?;
    Story::expect(
        "status of the run that drift started:",
        &action.status.map(|status| status.to_string()).as_deref(),
        &Some("Completed"),
    )?;
    story.observed(format!("{commit} → {}", PATH.join(" → "))).await
}

/// The last entity on the path from `from`; `None` if a step has no association.
async fn walk(story: &Story, from: &str) -> Result<Option<String>, StoryError> {
    let mut here = vec![from.to_owned()];
    for step in PATH {
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
