//! CodeBuild: builds with a status over time, and idempotency tokens that are valid for five minutes.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::wire::{ApiError, ApiResult, Input, page, time};
use crate::world::{Phase, World, lock};

/// The validity of an idempotency token in CodeBuild.
const TOKEN_MEMORY: SignedDuration = SignedDuration::from_mins(5);

#[derive(Debug, Default)]
pub(crate) struct State {
    projects: BTreeMap<String, Value>,
    /// Ordered by start.
    builds: Vec<Build>,
}

#[derive(Debug, Clone)]
struct Build {
    id: String,
    arn: String,
    project: String,
    number: usize,
    /// The request; the same token with another request is an error.
    request: Value,
    environment: Value,
    source: Value,
    status: String,
    started: Timestamp,
    ended: Option<Timestamp>,
}

pub(crate) fn call(world: &Arc<World>, action: &str, input: Input<'_>) -> Option<ApiResult> {
    Some(match action {
        "CreateProject" => create_project(world, input),
        "BatchGetProjects" => Ok(get_projects(world, input)),
        "StartBuild" => start(world, input),
        "BatchGetBuilds" => Ok(get_builds(world, input)),
        "ListBuildsForProject" => list(world, input),
        "StopBuild" => stop(world, input),
        _ => return None,
    })
}

fn create_project(world: &World, input: Input<'_>) -> ApiResult {
    let name = input.need("name")?;
    let arn = world.arn("codebuild", &format!("project/{name}"));
    let mut project = input.0.clone();
    if let Some(fields) = project.as_object_mut() {
        fields.insert("arn".to_owned(), json!(arn));
        fields.insert("created".to_owned(), time(Timestamp::now()));
    }
    let projects = &mut lock(&world.codebuild).projects;
    if projects.contains_key(name) {
        return Err(ApiError::new("ResourceAlreadyExistsException", format!("Project already exists: {arn}")));
    }
    projects.insert(name.to_owned(), project.clone());
    Ok(json!({"project": project}))
}

fn get_projects(world: &World, input: Input<'_>) -> Value {
    let state = lock(&world.codebuild);
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for name in input.get("names").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        match state.projects.get(name) {
            Some(project) => found.push(project.clone()),
            None => missing.push(name),
        }
    }
    json!({"projects": found, "projectsNotFound": missing})
}

fn start(world: &Arc<World>, input: Input<'_>) -> ApiResult {
    let name = input.need("projectName")?;
    let now = Timestamp::now();
    let mut state = lock(&world.codebuild);
    let Some(project) = state.projects.get(name).cloned() else {
        let arn = world.arn("codebuild", &format!("project/{name}"));
        return Err(ApiError::new("ResourceNotFoundException", format!("Project cannot be found: {arn}")));
    };
    if let Some(token) = input.text("idempotencyToken") {
        let remembered = |build: &&Build| {
            Input(&build.request).text("idempotencyToken") == Some(token)
                && now.duration_since(build.started) < TOKEN_MEMORY
        };
        if let Some(known) = state.builds.iter().find(remembered) {
            if known.request == *input.0 {
                return Ok(json!({"build": described(known)}));
            }
            return Err(ApiError::new(
                "InvalidInputException",
                "The idempotency token was used with different parameters.",
            ));
        }
    }
    let id = format!("{name}:{}", uuid::Uuid::new_v4());
    let build = Build {
        arn: world.arn("codebuild", &format!("build/{id}")),
        id,
        project: name.to_owned(),
        number: state.builds.iter().filter(|build| build.project == name).count() + 1,
        request: input.0.clone(),
        environment: environment(&project, input),
        source: project.get("source").cloned().unwrap_or_default(),
        status: "IN_PROGRESS".to_owned(),
        started: now,
        ended: None,
    };
    let response = json!({"build": described(&build)});
    world.later(run(Arc::clone(world), build.arn.clone()));
    state.builds.push(build);
    Ok(response)
}

/// The project's environment, with the variables of the request overriding its own.
fn environment(project: &Value, input: Input<'_>) -> Value {
    let mut environment = project.get("environment").cloned().unwrap_or_else(|| json!({}));
    let mut variables: Vec<Value> =
        Input(&environment).list("environmentVariables").map(|variable| variable.0.clone()).collect();
    for over in input.list("environmentVariablesOverride") {
        variables.retain(|variable| Input(variable).text("name") != over.text("name"));
        variables.push(json!({
            "name": over.text("name"),
            "value": over.text("value"),
            "type": over.text("type").unwrap_or("PLAINTEXT"),
        }));
    }
    if let Some(fields) = environment.as_object_mut() {
        fields.insert("environmentVariables".to_owned(), json!(variables));
    }
    environment
}

fn described(build: &Build) -> Value {
    let mut response = json!({
        "id": build.id,
        "arn": build.arn,
        "buildNumber": build.number,
        "projectName": build.project,
        "buildStatus": build.status,
        "buildComplete": build.ended.is_some(),
        "currentPhase": if build.ended.is_some() { "COMPLETED" } else { "BUILD" },
        "startTime": time(build.started),
        "source": build.source,
        "environment": build.environment,
    });
    let version = Input(&build.request).text("sourceVersion").map(|version| json!(version));
    let optional =
        [("sourceVersion", version.clone()), ("resolvedSourceVersion", version), ("endTime", build.ended.map(time))];
    if let Some(fields) = response.as_object_mut() {
        fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    response
}

async fn run(world: Arc<World>, arn: String) {
    send_event(&world, &arn).await;
    world.over(Phase::Builds).await;
    let end = world.fate(Phase::Builds, "SUCCEEDED");
    finish(&world, &arn, &end).await;
}

async fn finish(world: &World, arn: &str, end: &str) {
    let ended = {
        let mut state = lock(&world.codebuild);
        let build = state.builds.iter_mut().find(|build| build.arn == arn && build.ended.is_none());
        build.map(|build| {
            build.status = end.to_owned();
            build.ended = Some(Timestamp::now());
        })
    };
    if ended.is_some() {
        send_event(world, arn).await;
    }
}

async fn send_event(world: &World, arn: &str) {
    let found = lock(&world.codebuild).builds.iter().find(|build| build.arn == arn).cloned();
    let Some(build) = found else { return };
    // CodeBuild writes the times of events in a human-readable format.
    let at = build.started.strftime("%b %-d, %Y %-I:%M:%S %p").to_string();
    let stream = build.id.rsplit(':').next().unwrap_or_default().to_owned();
    let group = format!("/aws/codebuild/{}", build.project);
    let region = &world.config.region;
    let link = format!(
        "https://console.aws.amazon.com/cloudwatch/home?region={region}#logEvent:group={group};stream={stream}"
    );
    let text = |name: &str| Input(&build.environment).text(name).map(str::to_owned);
    let variables = Input(&build.environment).get("environmentVariables").cloned();
    let information = json!({
        "artifact": {"location": ""},
        "environment": {
            "image": text("image"),
            "privileged-mode": false,
            "compute-type": text("computeType"),
            "type": text("type"),
            "environment-variables": variables,
        },
        "timeout-in-minutes": 60,
        "build-complete": build.ended.is_some(),
        "build-start-time": at,
        "initiator": "trimtab-integrate",
        "source": {"location": Input(&build.source).text("location"), "type": Input(&build.source).text("type")},
        "source-version": Input(&build.request).text("sourceVersion"),
        "logs": {"group-name": group, "stream-name": stream, "deep-link": link},
        "phases": [],
    });
    let detail = json!({
        "build-status": build.status,
        "project-name": build.project,
        "build-id": build.arn,
        "additional-information": information,
        "current-phase": if build.ended.is_some() { "COMPLETED" } else { "SUBMITTED" },
        "current-phase-context": "[]",
        "version": "1",
    });
    world.emit("aws.codebuild", "CodeBuild Build State Change", std::slice::from_ref(&build.arn), detail).await;
}

fn get_builds(world: &World, input: Input<'_>) -> Value {
    let state = lock(&world.codebuild);
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for id in input.get("ids").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        match state.builds.iter().find(|build| build.id == id || build.arn == id) {
            Some(build) => found.push(described(build)),
            None => missing.push(id),
        }
    }
    json!({"builds": found, "buildsNotFound": missing})
}

fn list(world: &World, input: Input<'_>) -> ApiResult {
    let name = input.need("projectName")?;
    let state = lock(&world.codebuild);
    if !state.projects.contains_key(name) {
        let arn = world.arn("codebuild", &format!("project/{name}"));
        return Err(ApiError::new("ResourceNotFoundException", format!("Project cannot be found: {arn}")));
    }
    let mut ids: Vec<&str> =
        state.builds.iter().filter(|build| build.project == name).map(|build| build.id.as_str()).collect();
    if input.text("sortOrder") != Some("ASCENDING") {
        ids.reverse();
    }
    let (ids, next) = page(ids, input, "maxResults", "nextToken")?;
    let mut response = json!({"ids": ids});
    if let (Some(next), Some(fields)) = (next, response.as_object_mut()) {
        fields.insert("nextToken".to_owned(), json!(next));
    }
    Ok(response)
}

fn stop(world: &Arc<World>, input: Input<'_>) -> ApiResult {
    let id = input.need("id")?;
    let found = lock(&world.codebuild).builds.iter().find(|build| build.id == id || build.arn == id).cloned();
    let Some(build) = found else {
        return Err(ApiError::new("ResourceNotFoundException", format!("Build cannot be found: {id}")));
    };
    let (later, arn) = (Arc::clone(world), build.arn.clone());
    world.later(async move { finish(&later, &arn, "STOPPED").await });
    Ok(json!({"build": described(&build)}))
}
