//! CloudFormation stacks that are created from a template in S3 with a role. Such a stack holds its parameters and changes
//! its status over time. Unlike MiniStack's stacks it can be rolled back (`/_trimtab/fate`). MiniStack serves all others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::wire::{ApiError, ApiResult, Input};
use crate::world::{Phase, World, lock};

#[derive(Debug, Default)]
pub(crate) struct State {
    stacks: BTreeMap<String, Stack>,
    tokens: BTreeSet<String>,
}

#[derive(Debug, Clone)]
struct Stack {
    id: String,
    template: String,
    role: String,
    parameters: BTreeMap<String, String>,
    /// The parameters that a rollback restores.
    before: BTreeMap<String, String>,
    status: &'static str,
    reason: Option<&'static str>,
    token: String,
    created: Timestamp,
    updated: Option<Timestamp>,
}

/// Handles the emulated actions; `None` forwards the call to MiniStack.
pub(crate) fn call(world: &Arc<World>, action: &str, input: Input<'_>) -> Option<ApiResult> {
    let name = name(input.text("StackName")?);
    let known = lock(&world.cloudformation).stacks.contains_key(&name);
    Some(match action {
        "CreateStack" if input.text("RoleARN").is_some() && input.text("TemplateURL").is_some() => {
            create(world, name, input)
        }
        "DescribeStacks" if known => describe(world, &name),
        "UpdateStack" if known => update(world, name, input),
        "ContinueUpdateRollback" if known => proceed(world, name, input),
        "DeleteStack" if known => delete(world, name, input),
        _ => return None,
    })
}

/// The stack with this name or id.
fn name(text: &str) -> String {
    let of_id = text.split(':').nth(5).and_then(|resource| resource.split('/').nth(1));
    of_id.unwrap_or(text).to_owned()
}

fn parameters(input: Input<'_>) -> BTreeMap<String, String> {
    let field = |number: usize, field: &str| input.text(&format!("Parameters.member.{number}.{field}"));
    (1..)
        .map_while(|number| {
            Some((field(number, "ParameterKey")?.to_owned(), field(number, "ParameterValue")?.to_owned()))
        })
        .collect()
}

fn refused(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationError", message)
}

/// Rejects a client token that was used before.
fn take(state: &mut State, input: Input<'_>) -> Result<String, ApiError> {
    let token = input.text("ClientRequestToken").unwrap_or_default().to_owned();
    if !token.is_empty() && !state.tokens.insert(token.clone()) {
        return Err(ApiError::new("TokenAlreadyExistsException", format!("Token {token} already exists")));
    }
    Ok(token)
}

fn create(world: &Arc<World>, name: String, input: Input<'_>) -> ApiResult {
    let id = {
        let mut state = lock(&world.cloudformation);
        if state.stacks.contains_key(&name) {
            return Err(ApiError::new("AlreadyExistsException", format!("Stack [{name}] already exists")));
        }
        let token = take(&mut state, input)?;
        let stack = Stack {
            id: world.arn("cloudformation", &format!("stack/{name}/{}", uuid::Uuid::new_v4())),
            template: input.need("TemplateURL")?.to_owned(),
            role: input.need("RoleARN")?.to_owned(),
            parameters: parameters(input),
            before: BTreeMap::new(),
            status: "CREATE_IN_PROGRESS",
            reason: None,
            token,
            created: Timestamp::now(),
            updated: None,
        };
        let id = stack.id.clone();
        state.stacks.insert(name.clone(), stack);
        id
    };
    world.later(work(Arc::clone(world), name, "CREATE_COMPLETE"));
    Ok(json!({"StackId": id}))
}

fn update(world: &Arc<World>, name: String, input: Input<'_>) -> ApiResult {
    let id = {
        let mut state = lock(&world.cloudformation);
        let wanted = parameters(input);
        let stack = state.stacks.get(&name).ok_or_else(|| missing(&name))?;
        let takes = matches!(stack.status, "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE");
        if !takes {
            return Err(refused(format!("Stack:{} is in {} state and can not be updated.", stack.id, stack.status)));
        }
        if stack.parameters == wanted && Some(stack.template.as_str()) == input.text("TemplateURL") {
            return Err(refused("No updates are to be performed."));
        }
        let token = take(&mut state, input)?;
        let template = input.need("TemplateURL")?.to_owned();
        let stack = state.stacks.get_mut(&name).ok_or_else(|| missing(&name))?;
        stack.before = std::mem::replace(&mut stack.parameters, wanted);
        (stack.template, stack.token, stack.updated) = (template, token, Some(Timestamp::now()));
        (stack.status, stack.reason) = ("UPDATE_IN_PROGRESS", None);
        stack.id.clone()
    };
    world.later(work(Arc::clone(world), name, "UPDATE_COMPLETE"));
    Ok(json!({"StackId": id}))
}

fn proceed(world: &Arc<World>, name: String, input: Input<'_>) -> ApiResult {
    {
        let mut state = lock(&world.cloudformation);
        let stack = state.stacks.get(&name).ok_or_else(|| missing(&name))?;
        if stack.status != "UPDATE_ROLLBACK_FAILED" {
            let (id, status) = (&stack.id, stack.status);
            return Err(refused(format!("Stack:{id} is in {status} state and can not continue update rollback.")));
        }
        let token = take(&mut state, input)?;
        let stack = state.stacks.get_mut(&name).ok_or_else(|| missing(&name))?;
        (stack.status, stack.token) = ("UPDATE_ROLLBACK_IN_PROGRESS", token);
    }
    world.later(work(Arc::clone(world), name, "UPDATE_ROLLBACK_COMPLETE"));
    Ok(json!({}))
}

fn delete(world: &Arc<World>, name: String, input: Input<'_>) -> ApiResult {
    {
        let mut state = lock(&world.cloudformation);
        let token = take(&mut state, input)?;
        let stack = state.stacks.get_mut(&name).ok_or_else(|| missing(&name))?;
        (stack.status, stack.token) = ("DELETE_IN_PROGRESS", token);
    }
    world.later(work(Arc::clone(world), name, "DELETE_COMPLETE"));
    Ok(json!({}))
}

fn describe(world: &World, name: &str) -> ApiResult {
    let state = lock(&world.cloudformation);
    let stack = state.stacks.get(name).ok_or_else(|| missing(name))?;
    let parameter = |(key, value): (&String, &String)| json!({"ParameterKey": key, "ParameterValue": value});
    let mut found = json!({
        "StackId": stack.id,
        "StackName": name,
        "Parameters": stack.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "CreationTime": stack.created.to_string(),
        "StackStatus": stack.status,
        "RoleARN": stack.role,
        "DisableRollback": false,
    });
    let optional = [
        ("LastUpdatedTime", stack.updated.map(|time| time.to_string())),
        ("StackStatusReason", stack.reason.map(str::to_owned)),
    ];
    if let Some(fields) = found.as_object_mut() {
        fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))));
    }
    Ok(json!({"Stacks": [found]}))
}

fn missing(name: &str) -> ApiError {
    refused(format!("Stack with id {name} does not exist"))
}

/// Runs a stack operation to its final status: the configured one, or success.
async fn work(world: Arc<World>, name: String, well: &'static str) {
    send_event(&world, &name).await;
    world.over(Phase::Stacks).await;
    let end = world.fate(Phase::Stacks, well);
    let back = ["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"];
    let end = back.into_iter().find(|status| *status == end).unwrap_or(well);
    if end != well {
        let moving = if end == "ROLLBACK_COMPLETE" { "ROLLBACK_IN_PROGRESS" } else { "UPDATE_ROLLBACK_IN_PROGRESS" };
        change(&world, &name, moving);
        send_event(&world, &name).await;
        world.over(Phase::Stacks).await;
    }
    change(&world, &name, end);
    send_event(&world, &name).await;
    if end == "DELETE_COMPLETE" {
        lock(&world.cloudformation).stacks.remove(&name);
        // A reader that reacts to the event must not find the stack.
        tell_of(&world, &name, end).await;
    }
}

fn change(world: &World, name: &str, status: &'static str) {
    if let Some(stack) = lock(&world.cloudformation).stacks.get_mut(name) {
        stack.status = status;
        if status.contains("ROLLBACK") {
            stack.reason = Some("The following resource(s) failed to update: [Endpoint].");
        }
        if status.starts_with("UPDATE_ROLLBACK") && !stack.before.is_empty() {
            stack.parameters = std::mem::take(&mut stack.before);
        }
    }
}

async fn send_event(world: &World, name: &str) {
    let found = lock(&world.cloudformation).stacks.get(name).map(|stack| stack.status);
    if let Some(status) = found.filter(|status| *status != "DELETE_COMPLETE") {
        tell_of(world, name, status).await;
    }
}

async fn tell_of(world: &World, name: &str, status: &str) {
    let (id, reason, token) = {
        let state = lock(&world.cloudformation);
        let stack = state.stacks.get(name);
        let gone = || world.arn("cloudformation", &format!("stack/{name}/gone"));
        (
            stack.map_or_else(gone, |stack| stack.id.clone()),
            stack.and_then(|stack| stack.reason).unwrap_or_default(),
            stack.map(|stack| stack.token.clone()).unwrap_or_default(),
        )
    };
    let detail = json!({
        "stack-id": id,
        "status-details": {"status": status, "status-reason": reason},
        "client-request-token": token,
    });
    world.emit("aws.cloudformation", "CloudFormation Stack Status Change", &[id], detail).await;
}

/// The action in a form.
pub(crate) fn action(form: &Value) -> &str {
    form.get("Action").and_then(Value::as_str).unwrap_or_default()
}
