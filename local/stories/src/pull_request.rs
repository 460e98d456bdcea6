//! Commits and pull requests in the repository.

use aws_sdk_codecommit::primitives::Blob;
use aws_sdk_codecommit::types::{PutFileEntry, Target};

use crate::setup::definition;
use crate::story::{Story, StoryError, service};

/// Commits to a branch, which is created from `main` if it does not exist; returns the commit id.
pub(crate) async fn commit(story: &Story, branch: &str) -> Result<String, StoryError> {
    let head = async |branch: &str| {
        let call = story.aws.codecommit.get_branch().repository_name("churn-model").branch_name(branch);
        call.send().await.ok().and_then(|found| found.branch?.commit_id)
    };
    // The first push creates `main`.
    let parent = match head(branch).await {
        None => head("main").await,
        existing => existing,
    };
    let content = Blob::new(format!("tenure_buckets = [12, 24, 36] # after {parent:?}, on {branch}\n"));
    let file = PutFileEntry::builder().file_path("features.py").file_content(content).build().map_err(service)?;
    // Each commit has another definition.
    let pipeline = Blob::new(definition(parent.as_deref().unwrap_or("none")).to_string());
    let pipeline =
        PutFileEntry::builder().file_path("pipeline.json").file_content(pipeline).build().map_err(service)?;
    let call = story.aws.codecommit.create_commit().repository_name("churn-model").branch_name(branch).put_files(file);
    let call = call.put_files(pipeline).set_parent_commit_id(parent).commit_message("Bucket tenure by contract year");
    Ok(call.send().await.map_err(service)?.commit_id.unwrap_or_default())
}

/// Verifies that the training pipeline has the definition of this commit.
pub(crate) async fn defined(story: &mut Story, commit: &str) -> Result<(), StoryError> {
    let found =
        story.aws.sagemaker.describe_pipeline().pipeline_name("churn-training").send().await.map_err(service)?;
    let mark = found.pipeline_description().map(str::to_owned);
    Story::expect("the pipeline's description:", &mark, &Some(format!("Defined by commit {commit}")))?;
    let file = story.aws.codecommit.get_file().repository_name("churn-model").commit_specifier(commit);
    let file = file.file_path("pipeline.json").send().await.map_err(service)?;
    let text = String::from_utf8_lossy(file.file_content().as_ref()).into_owned();
    Story::expect("the pipeline's definition:", &found.pipeline_definition().map(str::to_owned), &Some(text))?;
    story.observed(format!("churn-training has the definition that is in the repository at {commit}")).await
}

/// Opens a pull request from the branch to `main`; returns its id.
pub(crate) async fn propose(story: &Story, branch: &str, title: &str) -> Result<String, StoryError> {
    let target = Target::builder().repository_name("churn-model").source_reference(branch);
    let target = target.destination_reference("main").build().map_err(service)?;
    let call = story.aws.codecommit.create_pull_request().title(title).targets(target);
    let made = call.send().await.map_err(service)?.pull_request.and_then(|made| made.pull_request_id);
    made.ok_or_else(|| StoryError::Service("CreatePullRequest returned no id".to_owned()))
}

/// Merges the pull request; returns the merge commit.
pub(crate) async fn merge(story: &Story, id: &str) -> Result<String, StoryError> {
    let call = story.aws.codecommit.merge_pull_request_by_three_way().pull_request_id(id);
    let merged = call.repository_name("churn-model").send().await.map_err(service)?.pull_request;
    let targets = merged.and_then(|merged| merged.pull_request_targets).unwrap_or_default();
    let made = targets.first().and_then(|target| target.merge_metadata()?.merge_commit_id());
    Ok(made.ok_or_else(|| StoryError::Service("the merge returned no commit".to_owned()))?.to_owned())
}

/// A pull request is built, and the result is posted as a comment.
pub(crate) async fn pull_request(story: &mut Story) -> Result<(), StoryError> {
    story.section("A pull request is opened and updated");
    let before = story.runs().await?.len();
    let first = commit(story, "tenure-buckets").await?;
    let id = propose(story, "tenure-buckets", "Bucket tenure by contract year").await?;
    let comment = reviewed(story, &id, &first).await?;
    story.observed(format!("comment on pull request {id}: {comment}")).await?;
    let second = commit(story, "tenure-buckets").await?;
    reviewed(story, &id, &second).await?;
    let comments = comments(story, &id).await?;
    Story::expect("comments on the pull request:", &comments.len(), &2)?;
    Story::expect("runs so far:", &story.runs().await?.len(), &before)?;
    story.observed("each commit was built once by the review project, and no training was started").await
}

/// Waits for the comment about this commit; returns its text.
pub(crate) async fn reviewed(story: &mut Story, id: &str, commit: &str) -> Result<String, StoryError> {
    let short = commit.get(..8).unwrap_or_default();
    let probe = async |story: &Story| Ok(comments(story, id).await?.into_iter().find(|text| text.contains(short)));
    story.until(&format!("a comment on {short}"), probe).await
}

pub(crate) async fn comments(story: &Story, id: &str) -> Result<Vec<String>, StoryError> {
    let found =
        story.aws.codecommit.get_comments_for_pull_request().pull_request_id(id).send().await.map_err(service)?;
    let threads = found.comments_for_pull_request_data.unwrap_or_default();
    Ok(threads
        .into_iter()
        .flat_map(|thread| thread.comments.unwrap_or_default())
        .filter_map(|one| one.content)
        .collect())
}
