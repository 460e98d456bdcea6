//! Pull requests with one target each, their comments with idempotency tokens, and their events.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{State, hash};
use crate::wire::{ApiError, ApiResult, Input, page, time};
use crate::world::{World, lock};

/// A pull request.
#[derive(Debug, Clone)]
pub(crate) struct Pull {
    title: String,
    repository: String,
    source: String,
    destination: String,
    open: bool,
    merged: Option<Merged>,
    created: Timestamp,
    comments: Vec<Comment>,
}

/// The commits of a merge; the branches may have moved since.
#[derive(Debug, Clone)]
pub(super) struct Merged {
    pub(super) source: String,
    pub(super) target: String,
    pub(super) commit: String,
    pub(super) option: &'static str,
}

#[derive(Debug, Clone)]
struct Comment {
    before: String,
    after: String,
    body: Value,
}

fn branch(reference: &str) -> String {
    reference.strip_prefix("refs/heads/").unwrap_or(reference).to_owned()
}

impl State {
    fn head(&self, repository: &str, branch: &str) -> Option<&String> {
        self.repositories.get(repository)?.branches.get(branch)
    }

    fn pull(&self, id: &str) -> Result<&Pull, ApiError> {
        let found = id.parse::<usize>().ok().and_then(|number| self.pulls.get(number.checked_sub(1)?));
        found.ok_or_else(|| {
            ApiError::new("PullRequestDoesNotExistException", format!("Pull request {id} does not exist"))
        })
    }

    /// The id and the pull request in the format of the API.
    pub(super) fn described(&self, world: &World, id: &str) -> ApiResult {
        let pull = self.pull(id)?;
        let (source, target) = match &pull.merged {
            Some(merged) => (Some(&merged.source), Some(&merged.target)),
            None => (self.head(&pull.repository, &pull.source), self.head(&pull.repository, &pull.destination)),
        };
        let merge = pull.merged.as_ref().map_or_else(
            || json!({"isMerged": false}),
            |merged| {
                json!({"isMerged": true, "mergedBy": author(world), "mergeCommitId": merged.commit,
                    "mergeOption": merged.option})
            },
        );
        Ok(json!({
            "pullRequestId": id,
            "title": pull.title,
            "creationDate": time(pull.created),
            "lastActivityDate": time(pull.created),
            "pullRequestStatus": if pull.open { "OPEN" } else { "CLOSED" },
            "authorArn": author(world),
            "pullRequestTargets": [{
                "repositoryName": pull.repository,
                "sourceReference": format!("refs/heads/{}", pull.source),
                "destinationReference": format!("refs/heads/{}", pull.destination),
                "sourceCommit": source,
                "destinationCommit": target,
                "mergeBase": target,
                "mergeMetadata": merge,
            }],
            "revisionId": hash(&[id, source.map(String::as_str).unwrap_or_default()]),
        }))
    }
}

impl State {
    /// The repository, source and destination branch of an open pull request.
    pub(super) fn open(&self, id: &str) -> Result<(String, String, String), ApiError> {
        let pull = self.pull(id)?;
        if !pull.open {
            return Err(ApiError::new(
                "PullRequestAlreadyClosedException",
                "The pull request is already closed and cannot be merged.",
            ));
        }
        Ok((pull.repository.clone(), pull.source.clone(), pull.destination.clone()))
    }

    /// Closes the pull request with this merge.
    pub(super) fn close(&mut self, id: &str, merged: Merged) {
        let number = id.parse::<usize>().unwrap_or_default();
        if let Some(pull) = self.pulls.get_mut(number.saturating_sub(1)) {
            pull.open = false;
            pull.merged = Some(merged);
        }
    }
}

fn author(world: &World) -> String {
    format!("arn:aws:iam::{}:user/local", world.config.account)
}

pub(super) async fn create(world: &World, input: Input<'_>) -> ApiResult {
    let target = input
        .list("targets")
        .next()
        .ok_or_else(|| ApiError::new("TargetsRequiredException", "A target is required"))?;
    let (repository, source) = (target.need("repositoryName")?, branch(target.need("sourceReference")?));
    let destination = branch(target.text("destinationReference").unwrap_or("main"));
    let title = input.need("title")?;
    let (id, described) = {
        let mut state = lock(&world.codecommit);
        if state.head(repository, &source).is_none() || state.head(repository, &destination).is_none() {
            return Err(ApiError::new("ReferenceDoesNotExistException", "The specified reference does not exist."));
        }
        state.pulls.push(Pull {
            title: title.to_owned(),
            repository: repository.to_owned(),
            source,
            destination,
            open: true,
            merged: None,
            created: Timestamp::now(),
            comments: Vec::new(),
        });
        let id = state.pulls.len().to_string();
        let described = state.described(world, &id)?;
        (id, described)
    };
    send_event(world, &id, "pullRequestCreated").await;
    Ok(json!({"pullRequest": described}))
}

pub(super) fn get(world: &World, input: Input<'_>) -> ApiResult {
    let described = lock(&world.codecommit).described(world, input.need("pullRequestId")?)?;
    Ok(json!({"pullRequest": described}))
}

pub(super) fn list(world: &World, input: Input<'_>) -> ApiResult {
    let repository = input.need("repositoryName")?;
    let state = lock(&world.codecommit);
    let wanted = |pull: &Pull| {
        let status = input.text("pullRequestStatus");
        pull.repository == repository && status.is_none_or(|status| (status == "OPEN") == pull.open)
    };
    let ids =
        (1..).zip(&state.pulls).filter(|(_, pull)| wanted(pull)).map(|(number, _): (usize, _)| number.to_string());
    let mut ids: Vec<String> = ids.collect();
    ids.reverse();
    let (ids, next) = page(ids, input, "maxResults", "nextToken")?;
    Ok(json!({"pullRequestIds": ids, "nextToken": next}))
}

pub(super) async fn close(world: &World, input: Input<'_>) -> ApiResult {
    let id = input.need("pullRequestId")?;
    let described = {
        let mut state = lock(&world.codecommit);
        state.pull(id)?;
        let number = id.parse::<usize>().unwrap_or_default();
        if let Some(pull) = state.pulls.get_mut(number.saturating_sub(1)) {
            pull.open = input.text("pullRequestStatus") == Some("OPEN");
        }
        state.described(world, id)?
    };
    send_event(world, id, "pullRequestStatusChanged").await;
    Ok(json!({"pullRequest": described}))
}

pub(super) fn comment(world: &World, input: Input<'_>) -> ApiResult {
    let (id, content) = (input.need("pullRequestId")?, input.need("content")?);
    let (before, after) = (input.need("beforeCommitId")?, input.need("afterCommitId")?);
    let mut state = lock(&world.codecommit);
    let repository = state.pull(id)?.repository.clone();
    let known =
        |commit: &str| state.repositories.get(&repository).is_some_and(|found| found.commits.contains_key(commit));
    if let Some(unknown) = [before, after].into_iter().find(|commit| !known(commit)) {
        return Err(ApiError::new("CommitDoesNotExistException", format!("Commit {unknown} does not exist")));
    }
    let number = id.parse::<usize>().unwrap_or_default();
    let Some(pull) = state.pulls.get_mut(number.saturating_sub(1)) else { return Ok(json!({})) };
    let token = input.text("clientRequestToken");
    let same =
        |comment: &&Comment| token.is_some() && comment.body.get("clientRequestToken").and_then(Value::as_str) == token;
    let body = match pull.comments.iter().find(same) {
        Some(known) => known.body.clone(),
        None => {
            let now = time(Timestamp::now());
            let body = json!({"commentId": uuid::Uuid::new_v4().to_string(), "content": content, "creationDate": now,
                "lastModifiedDate": now, "authorArn": author(world), "deleted": false, "clientRequestToken": token});
            pull.comments.push(Comment { before: before.to_owned(), after: after.to_owned(), body: body.clone() });
            body
        }
    };
    Ok(json!({"repositoryName": repository, "pullRequestId": id, "beforeCommitId": before, "afterCommitId": after,
        "comment": body}))
}

pub(super) fn comments(world: &World, input: Input<'_>) -> ApiResult {
    let id = input.need("pullRequestId")?;
    let state = lock(&world.codecommit);
    let pull = state.pull(id)?;
    let one = |comment: &Comment| {
        json!({"pullRequestId": id, "repositoryName": pull.repository, "beforeCommitId": comment.before,
            "afterCommitId": comment.after, "comments": [comment.body]})
    };
    Ok(json!({"commentsForPullRequestData": pull.comments.iter().map(one).collect::<Vec<_>>()}))
}

/// Updates the open pull requests of a branch after a push.
pub(super) async fn pushed(world: &World, repository: &str, branch: &str) {
    let proposed: Vec<String> = {
        let state = lock(&world.codecommit);
        let ours = |pull: &Pull| pull.open && pull.repository == repository && pull.source == branch;
        (1..)
            .zip(&state.pulls)
            .filter(|(_, pull)| ours(pull))
            .map(|(number, _): (usize, _)| number.to_string())
            .collect()
    };
    for id in proposed {
        send_event(world, &id, "pullRequestSourceBranchUpdated").await;
    }
}

pub(super) async fn send_event(world: &World, id: &str, event: &str) {
    let Ok(described) = lock(&world.codecommit).described(world, id) else { return };
    let target = described.pointer("/pullRequestTargets/0").cloned().unwrap_or_default();
    let repository = target.get("repositoryName").and_then(Value::as_str).unwrap_or_default();
    let merged = target.pointer("/mergeMetadata/isMerged").and_then(Value::as_bool).unwrap_or_default();
    let open = described.get("pullRequestStatus").and_then(Value::as_str) == Some("OPEN");
    let detail = json!({
        "event": event,
        "author": author(world),
        "callerUserArn": author(world),
        "isMerged": if merged { "True" } else { "False" },
        "pullRequestId": id,
        "pullRequestStatus": if open { "Open" } else { "Closed" },
        "repositoryNames": [repository],
        "revisionId": described.get("revisionId"),
        "sourceCommit": target.get("sourceCommit"),
        "sourceReference": target.get("sourceReference"),
        "destinationCommit": target.get("destinationCommit"),
        "destinationReference": target.get("destinationReference"),
        "title": described.get("title"),
    });
    let arn = world.arn("codecommit", repository);
    world.emit("aws.codecommit", "CodeCommit Pull Request State Change", &[arn], detail).await;
}
