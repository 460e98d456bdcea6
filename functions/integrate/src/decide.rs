//! Which pushes are built, and which builds ask for training.
//!
//! Of all that a push carries, only a full commit id goes on to CodeBuild.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use trimtab_core::event::{Body, Event, Reference, ReferenceKind};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::{BranchName, BuildId, CommitId, ModelName};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Integrate as Rules, Key, KeyKind, Policy};
use trimtab_core::port::definition::DefinitionRequest;
use trimtab_core::port::ml::{BuildRequest, BuildTruth, CommentRequest, PullRequestTruth};
use trimtab_core::react::{Case, Decide, Settled, Subject};
use trimtab_core::text::digest;

use crate::build::{Head, MODEL_VARIABLE, State, about, build_of, model_of, with};
use crate::endings::{ask, on_build};
use crate::look::Request;
use crate::{definition, look, review};

/// The deciding half of `integrate`.
#[derive(Debug, Clone, Copy)]
pub struct Integrate;

/// What AWS says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The head of the branch that was pushed to.
    Head(Option<CommitId>),
    /// The build; and where it succeeded and the policy names a definition, the watched branches' heads.
    Build(Option<BuildTruth>, Vec<CommitId>),
    /// A pull request, and its build where that has ended.
    Review(Option<PullRequestTruth>, Option<BuildTruth>),
    /// The heads of the watched branches and what is proposed for them, and how far their builds are.
    Heads(Vec<Head>),
    /// Nothing was asked.
    Nothing,
}

/// What `integrate` can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action")]
#[allow(missing_docs, reason = "the names are AWS's own; the fields are the ports' requests")]
pub enum Action {
    StartBuild {
        service: &'static str,
        #[serde(flatten)]
        request: BuildRequest,
    },
    UpdatePipeline {
        service: &'static str,
        model: ModelName,
        #[serde(flatten)]
        request: DefinitionRequest,
    },
    PostCommentForPullRequest {
        service: &'static str,
        #[serde(flatten)]
        request: CommentRequest,
    },
    PutEvents {
        service: &'static str,
        #[serde(rename = "detail-type")]
        detail_type: &'static str,
        #[serde(flatten)]
        fact: Fact,
    },
}

/// What doing it gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// The build that was started, or was there.
    Build(BuildId),
    /// The request is on the bus, the comment on the pull request, or the definition in its pipeline.
    Said,
}

pub(crate) type Answer = Plan<State, Action>;

impl Decide for Integrate {
    type State = State;
    type Seen = Seen;
    type Action = Action;
    type Done = Done;

    const FUNCTION: &'static str = "integrate";

    fn subject(event: &Event) -> Subject {
        let key = |kind, name: &str| Subject::Key(Key { kind, name: name.to_owned() });
        match &event.body {
            Body::Reference(reference) => key(KeyKind::Repository, reference.repository.as_str()),
            Body::PullRequest(pull) => key(KeyKind::Repository, pull.repository.as_str()),
            Body::Build(build) => key(KeyKind::BuildProject, build.project.as_str()),
            Body::Fact(fact) => fact.model.clone().map_or(Subject::None, Subject::Model),
            _ => Subject::None,
        }
    }

    fn aggregate(event: &Event, _: Option<&Policy>) -> String {
        let commit = match &event.body {
            _ if event.is_look() => return "branches".to_owned(),
            Body::PullRequest(pull) => return review::aggregate(&pull.id, pull.source_commit.as_ref()),
            Body::Build(build) => match review::of(&build.variables) {
                Some(pull) => return review::aggregate(&pull, build.commit.as_ref()),
                None => build.commit.clone(),
            },
            Body::Reference(reference) => reference.commit.clone(),
            Body::Fact(fact) => match look::requested(fact) {
                Some(Request { pull: Some(pull), commit, .. }) => return review::aggregate(&pull, Some(&commit)),
                request => request.map(|request| request.commit),
            },
            _ => None,
        };
        build_of(commit.as_ref())
    }

    fn assume(event: &Event) -> Seen {
        match &event.body {
            _ if event.is_look() => Seen::Heads(Vec::new()),
            Body::Reference(reference) => Seen::Head(reference.commit.clone()),
            Body::Fact(fact) => match look::requested(fact) {
                Some(Request { pull: Some(_), commit, branch }) => {
                    Seen::Review(Some(open(Some(commit), Some(branch))), None)
                }
                request => Seen::Head(request.map(|request| request.commit)),
            },
            Body::PullRequest(pull) => {
                Seen::Review(Some(open(pull.source_commit.clone(), pull.destination.clone())), None)
            }
            Body::Build(build) => {
                let (status, commit) = (build.status.clone(), build.commit.clone());
                let truth = Some(BuildTruth { status, commit, variables: build.variables.clone() });
                match review::of(&build.variables) {
                    Some(_) => Seen::Review(None, truth),
                    None => Seen::Build(truth, build.commit.iter().cloned().collect()),
                }
            }
            _ => Seen::Nothing,
        }
    }

    fn decide(case: &Case<'_, State, Seen>) -> Answer {
        let Some(policy) = case.policy else {
            return Plan::reject("unknown_model", "integrate needs the model's policy");
        };
        let Some(rules) = &policy.integrate else {
            return Plan::skip(
                "off",
                format!("the policy of {} has no [integrate]: this reaction is off", policy.model),
            );
        };
        match (&case.event.body, case.seen) {
            (Body::PullRequest(pull), Seen::Review(truth, _)) => {
                review::on_pull_request(case, policy, rules, pull, truth.as_ref())
            }
            (Body::Build(build), Seen::Review(truth, ended)) => {
                review::on_build(case, rules, build, truth.as_ref(), ended.as_ref())
            }
            (Body::Reference(reference), Seen::Head(head)) => on_push(case, policy, rules, reference, head.as_ref()),
            (Body::Build(build), Seen::Build(truth, _)) => {
                on_build(case, policy, &build.id, build.logs.as_deref(), truth.as_ref())
            }
            (Body::Fact(fact), seen) if fact.kind == FactKind::BuildRequested => {
                look::on_request(case, policy, rules, fact, seen)
            }
            (Body::Fact(_), Seen::Heads(heads)) => look::on_look(case, policy, heads),
            _ => Plan::skip("not_concerned", "nothing in this event asks for a build or ends one"),
        }
    }

    fn left(state: &State, case: &Case<'_, State, Seen>) -> Vec<Action> {
        let commit = match &case.event.body {
            Body::Reference(push) => push.commit.clone(),
            Body::Fact(fact) => look::requested(fact).map(|request| request.commit),
            // The build's own event asks again by itself.
            _ => None,
        };
        match (state, case.policy, commit) {
            (State::Intended { request, .. }, ..) => {
                vec![Action::StartBuild { service: "codebuild", request: request.clone() }]
            }
            (State::Reporting { comment }, ..) => vec![review::saying(comment)],
            (State::Asking { build }, Some(policy), Some(commit)) => ask(case, policy, &commit, build).actions,
            _ => Vec::new(),
        }
    }

    fn settle(state: &mut State, action: &Action, outcome: Result<Done, String>, now: Timestamp) -> Settled {
        match (action, outcome) {
            (Action::StartBuild { request, .. }, Ok(Done::Build(build))) => {
                let branch = match state {
                    State::Intended { branch, .. } => Some(branch.to_string()),
                    _ => None,
                };
                let reasons = vec![format!("commit {} is being built", request.commit)];
                let told =
                    about(FactKind::BuildStarted, model_of(request), &request.commit, Some(&build), reasons, now);
                *state = State::Started { build, since: Some(now), late: false };
                // Whoever proposed it reads of it on the pull request, when it has ended.
                let told = review::of(&request.variables).is_none().then(|| with(told, "branch", branch));
                Settled { facts: told.into_iter().collect(), ..Settled::default() }
            }
            (Action::StartBuild { request, .. }, Err(cause)) => {
                *state = State::Failed;
                let reason = Reason::new(
                    "start_refused",
                    format!("{} would not build {}: {cause}", request.project, request.commit),
                );
                let told = about(
                    FactKind::BuildFailed,
                    model_of(request),
                    &request.commit,
                    None,
                    vec![reason.text.clone()],
                    now,
                );
                Settled { facts: vec![told], reasons: vec![reason], decision: Some(Decision::Rejected) }
            }
            (Action::UpdatePipeline { model, request, .. }, Err(cause)) => {
                definition::refused(state, model, request, &cause, now)
            }
            (Action::PostCommentForPullRequest { .. }, Ok(_)) => {
                *state = State::Reviewed;
                Settled::default()
            }
            (Action::PutEvents { fact, .. }, Ok(_)) => {
                if fact.kind == FactKind::TrainingRequested {
                    *state = State::Succeeded;
                }
                Settled::default()
            }
            (_, outcome) => {
                let cause = outcome.err().unwrap_or_else(|| "the answer does not fit the call".to_owned());
                Settled { reasons: vec![Reason::new("refused", cause)], ..Settled::default() }
            }
        }
    }
}

/// A pull request as its event tells of it.
fn open(source: Option<CommitId>, destination: Option<BranchName>) -> PullRequestTruth {
    PullRequestTruth { open: true, source, target: None, destination }
}

fn on_push(
    case: &Case<'_, State, Seen>,
    policy: &Policy,
    rules: &Rules,
    push: &Reference,
    head: Option<&CommitId>,
) -> Answer {
    let Some(branch) = push.branch.as_ref().filter(|branch| rules.branches.contains(branch)) else {
        return not_watched(policy);
    };
    if !matches!(push.kind, ReferenceKind::Created | ReferenceKind::Updated) {
        return Plan::skip("not_a_push", format!("branch {branch} was not pushed to"));
    }
    let Some(commit) = &push.commit else {
        return Plan::reject("no_commit", "the push names no full commit id: expected 40 hexadecimal digits");
    };
    on_head(case, policy, rules, branch, commit, head)
}

pub(crate) fn not_watched(policy: &Policy) -> Answer {
    Plan::skip("branch_not_watched", format!("the policy of {} does not watch this branch", policy.model))
}

/// The commit is built if it is still the branch's head, and has no build yet.
pub(crate) fn on_head(
    case: &Case<'_, State, Seen>,
    policy: &Policy,
    rules: &Rules,
    branch: &BranchName,
    commit: &CommitId,
    head: Option<&CommitId>,
) -> Answer {
    match head {
        None => return Plan::skip("branch_gone", format!("branch {branch} is gone since")),
        Some(head) if head != commit => {
            return Plan::skip(
                "branch_moved",
                format!("branch {branch} has moved on to {head}, and that push has its own event"),
            );
        }
        Some(_) => {}
    }
    let reason = Reason::new("pushed", format!("commit {commit} was pushed to {branch}"));
    build_once(case.state, request(policy, rules, commit), branch, reason)
}

/// Starts the build of a commit that has none, or takes up a start that did not come to its end.
pub(crate) fn build_once(state: &State, request: BuildRequest, branch: &BranchName, reason: Reason) -> Answer {
    match state {
        State::Unknown => start(request, branch.clone(), reason),
        State::Intended { request, branch } => start(
            request.clone(),
            branch.clone(),
            Reason::new("resumed", "an earlier attempt did not come to its end: taking it up"),
        ),
        _ => Plan::skip("already_built", format!("commit {} has its build", request.commit)),
    }
}

fn request(policy: &Policy, rules: &Rules, commit: &CommitId) -> BuildRequest {
    BuildRequest {
        project: rules.project.clone(),
        commit: commit.clone(),
        variables: BTreeMap::from([(MODEL_VARIABLE.to_owned(), policy.model.to_string())]),
        token: digest(&["build", policy.model.as_str(), rules.project.as_str(), commit.as_str()], 40),
    }
}

fn start(request: BuildRequest, branch: BranchName, reason: Reason) -> Answer {
    Plan::only(Decision::Acted, reason)
        .with_state(State::Intended { request: request.clone(), branch })
        .doing(Action::StartBuild { service: "codebuild", request })
}
