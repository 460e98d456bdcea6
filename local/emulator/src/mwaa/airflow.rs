//! The part of Airflow's REST API about DAG runs: `dagRuns` in `/api/v2` of version 3.

use std::sync::Arc;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Reply;
use crate::world::{Phase, World, lock};

#[derive(Debug, Default)]
pub(super) struct Dag {
    /// Ordered by start.
    runs: Vec<Run>,
}

#[derive(Debug, Clone)]
struct Run {
    id: String,
    logical_date: Option<String>,
    conf: Value,
    state: String,
    queued: Timestamp,
    ended: Option<Timestamp>,
}

fn refused(status: StatusCode, detail: &str) -> Reply {
    (status, json!({"detail": detail}))
}

/// `/dags/DAG/dagRuns`, and `/RUN` below it.
pub(super) fn respond(world: &Arc<World>, environment: &str, method: &str, path: &str, body: &Value) -> Reply {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (dag, run) = match parts.as_slice() {
        ["dags", dag, "dagRuns"] => (*dag, None),
        ["dags", dag, "dagRuns", run] => (*dag, Some(*run)),
        _ => return refused(StatusCode::NOT_FOUND, "Not Found"),
    };
    let mut state = lock(&world.mwaa);
    let known = state.environments.get_mut(environment).and_then(|known| known.dags.get_mut(dag));
    let Some(known) = known else {
        return refused(StatusCode::NOT_FOUND, &format!("Dag with dag_id: '{dag}' not found"));
    };
    match (method, run) {
        ("GET", None) => {
            let runs: Vec<Value> = known.runs.iter().map(|run| shown(dag, run)).collect();
            (StatusCode::OK, json!({"total_entries": runs.len(), "dag_runs": runs}))
        }
        ("GET", Some(id)) => match known.runs.iter().find(|run| run.id == id) {
            Some(run) => (StatusCode::OK, shown(dag, run)),
            None => {
                let detail = format!("The DagRun with dag_id: `{dag}` and run_id: `{id}` was not found");
                refused(StatusCode::NOT_FOUND, &detail)
            }
        },
        ("POST", None) => begin(world, environment, dag, known, body),
        _ => refused(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"),
    }
}

fn begin(world: &Arc<World>, environment: &str, dag: &str, known: &mut Dag, body: &Value) -> Reply {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    if body.get("logical_date").is_none() {
        let missing = json!([{"type": "missing", "loc": ["body", "logical_date"], "msg": "Field required"}]);
        return (StatusCode::UNPROCESSABLE_ENTITY, json!({"detail": missing}));
    }
    let (logical_date, queued) = (text("logical_date"), Timestamp::now());
    let id = text("dag_run_id").unwrap_or_else(|| format!("manual__{queued}"));
    // Airflow requires both to be unique in a DAG.
    let taken = |run: &Run| run.id == id || (logical_date.is_some() && run.logical_date == logical_date);
    if known.runs.iter().any(taken) {
        let detail = json!({"reason": "Unique constraint violation", "statement": "hidden", "orig_error": "hidden"});
        return (StatusCode::CONFLICT, json!({"detail": detail}));
    }
    let conf = body.get("conf").cloned().unwrap_or_else(|| json!({}));
    let run = Run { id: id.clone(), logical_date, conf, state: "queued".to_owned(), queued, ended: None };
    let reply = (StatusCode::OK, shown(dag, &run));
    known.runs.push(run);
    let (later, environment, dag) = (Arc::clone(world), environment.to_owned(), dag.to_owned());
    world.later(async move {
        set_state(&later, &environment, &dag, &id, "running");
        later.over(Phase::Runs).await;
        let end = later.fate(Phase::Runs, "success").to_lowercase();
        set_state(&later, &environment, &dag, &id, if end == "failed" { "failed" } else { "success" });
    });
    reply
}

fn set_state(world: &World, environment: &str, dag: &str, id: &str, to: &str) {
    let mut state = lock(&world.mwaa);
    let dag = state.environments.get_mut(environment).and_then(|known| known.dags.get_mut(dag));
    let run = dag.and_then(|dag| dag.runs.iter_mut().find(|run| run.id == id));
    if let Some(run) = run {
        to.clone_into(&mut run.state);
        run.ended = (to != "running").then(Timestamp::now);
    }
}

fn shown(dag: &str, run: &Run) -> Value {
    json!({
        "dag_run_id": run.id,
        "dag_id": dag,
        "dag_display_name": dag,
        "logical_date": run.logical_date,
        "queued_at": run.queued.to_string(),
        "run_after": run.queued.to_string(),
        "start_date": (run.state != "queued").then(|| run.queued.to_string()),
        "end_date": run.ended.map(|at| at.to_string()),
        "run_type": "manual",
        "triggered_by": "rest_api",
        "state": run.state,
        "conf": run.conf,
        "note": null,
    })
}
