//! Which pushes are built, and which builds ask for training.
//!
//! Of all that a push carries, only a full commit id goes on to CodeBuild.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use trimtab_core::event::{Body, Event, Reference, ReferenceKind};
use trimtab_core::fact::{Fact, FactKind};
use trimtab_core::name::{BranchName, CommitId, ImageUri, ModelName};
use trimtab_core::plan::{Decision, Plan, Reason};
use trimtab_core::policy::{Integrate as Rules, Key, KeyKind, Policy};
use trimtab_core::port::DefinitionRequest;
use trimtab_core::port::{BuildRequest, CommentRequest, ObservedBuild, ObservedPullRequest};
use trimtab_core::port::{ObservedPipelineBuild, PipelineBuildRequest};
use trimtab_core::reactor::{ActionOutcome, Context, Decide, Preview, Subject};
use trimtab_core::text::digest;

use crate::build::{Built, MODEL_VARIABLE, Merge, Request, Snapshot, State, build_of};
use crate::completion::{ask, on_build};
use crate::reconcile::Wanted;
use crate::{apply_outcome, branch_deletion, codepipeline_build, image, merge, pull_request_build, reconcile};

/// The deciding half of `integrate`.
#[derive(Debug, Clone, Copy)]
pub struct Integrate;

/// What AWS says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observed {
    /// The head of the branch that was pushed to.
    Head(Option<CommitId>),
    /// The build; and where it succeeded and the policy names a definition, the watched branches' heads.
    Build(Option<ObservedBuild>, Vec<CommitId>),
    /// A pull request, and its build where that has ended.
    Review(Option<ObservedPullRequest>, Option<ObservedBuild>),
    /// A pull request that may be merged, and what is observed of the commit.
    Merged(Option<ObservedPullRequest>, Box<Observed>),
    /// An execution of the pipeline that builds.
    Execution(Option<ObservedPipelineBuild>),
    /// What a tag of the training image points at.
    Image(Option<ImageUri>),
    /// The watched branches and what is proposed for them, and how far their builds are; and the tags of
    /// the training image.
    Snapshot(Snapshot),
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
    StartPipelineExecution {
        service: &'static str,
        #[serde(flatten)]
        request: PipelineBuildRequest,
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
    Build(Built),
    /// The request is on the bus, the comment on the pull request, or the definition in its pipeline.
    Said,
}

pub(crate) type Answer = Plan<State, Action>;

impl Decide for Integrate {
    type State = State;
    type Observed = Observed;
    type Action = Action;
    type Done = Done;

    const FUNCTION: &'static str = "integrate";

    fn subject(event: &Event) -> Subject {
        let key = |kind, name: &str| Subject::Key(Key { kind, name: name.to_owned() });
        match &event.body {
            Body::Reference(reference) => key(KeyKind::Repository, reference.repository.as_str()),
            Body::PullRequest(pull) => key(KeyKind::Repository, pull.repository.as_str()),
            Body::Build(build) => key(KeyKind::BuildProject, build.project.as_str()),
            // AWS tells of everybody's pipelines and images.
            Body::CodePipelineExecution(delivery) => {
                let name = delivery.pipeline.to_string();
                Subject::Keys(vec![Key { kind: KeyKind::BuildPipeline, name }])
            }
            Body::Image(image) => {
                let name = image.repository.to_string();
                Subject::Keys(vec![Key { kind: KeyKind::ImageRepository, name }])
            }
            Body::Fact(fact) => fact.model.clone().map_or(Subject::None, Subject::Model),
            _ => Subject::None,
        }
    }

    fn aggregate(event: &Event, _: Option<&Policy>) -> String {
        let commit = match &event.body {
            _ if event.is_reconcile_request() => return "branches".to_owned(),
            Body::Image(_) => return image::AGGREGATE.to_owned(),
            Body::Fact(fact) if fact.kind == FactKind::ImageRequested => return image::AGGREGATE.to_owned(),
            Body::CodePipelineExecution(delivery) => return codepipeline_build::aggregate(&delivery.execution),
            Body::Reference(reference) if reference.kind == ReferenceKind::Deleted => return "branches".to_owned(),
            Body::PullRequest(pull) if pull.merged => return merge::aggregate(&pull.id),
            Body::PullRequest(pull) => return pull_request_build::aggregate(&pull.id, pull.source_commit.as_ref()),
            Body::Build(build) => match pull_request_build::of(&build.variables) {
                Some(pull) => return pull_request_build::aggregate(&pull, build.commit.as_ref()),
                None => build.commit.clone(),
            },
            Body::Reference(reference) => reference.commit.clone(),
            Body::Fact(fact) => match reconcile::requested(fact) {
                Some(Wanted { pull: Some(pull), commit, .. }) => {
                    return pull_request_build::aggregate(&pull, Some(&commit));
                }
                request => request.map(|request| request.commit),
            },
            _ => None,
        };
        build_of(commit.as_ref())
    }

    fn decide(ctx: &Context<'_, State, Observed>) -> Answer {
        let Some(policy) = ctx.policy else {
            return Plan::fail("unknown_model", "integrate needs the model's policy");
        };
        let Some(rules) = &policy.integrate else {
            return Plan::skip(
                "off",
                format!("the policy of {} has no [integrate]: this reaction is off", policy.model),
            );
        };
        match (&ctx.event.body, ctx.observed) {
            (Body::PullRequest(pull), Observed::Review(actual, _)) if pull.merged => {
                merge::on_merge(ctx, policy, rules, pull, actual.as_ref())
            }
            (Body::PullRequest(pull), Observed::Review(actual, _)) => {
                pull_request_build::on_pull_request(ctx, policy, rules, pull, actual.as_ref())
            }
            (Body::Build(build), Observed::Review(actual, ended)) => {
                pull_request_build::on_build(ctx, rules, build, actual.as_ref(), ended.as_ref())
            }
            (Body::Reference(reference), Observed::Head(head)) if reference.kind == ReferenceKind::Deleted => {
                branch_deletion::on_deletion(ctx, policy, rules, reference, head.as_ref())
            }
            (Body::Reference(reference), Observed::Head(head)) => on_push(ctx, policy, rules, reference, head.as_ref()),
            (Body::Build(build), Observed::Build(actual, _)) => {
                on_build(ctx, policy, &Built::Project(build.id.clone()), build.logs.as_deref(), actual.as_ref())
            }
            (Body::CodePipelineExecution(delivery), Observed::Execution(actual)) => {
                codepipeline_build::on_execution(ctx, policy, delivery, actual.as_ref())
            }
            (Body::Image(pushed), Observed::Image(actual)) => {
                image::on_push(ctx, policy, rules, pushed, actual.as_ref())
            }
            (Body::Fact(fact), Observed::Image(actual)) => image::on_request(ctx, policy, rules, fact, actual.as_ref()),
            (Body::Fact(fact), observed) if fact.kind == FactKind::BuildRequested => {
                reconcile::on_request(ctx, policy, rules, fact, observed)
            }
            (Body::Fact(_), Observed::Snapshot(looked)) => reconcile::on_reconcile(ctx, policy, rules, looked),
            _ => Plan::skip("not_concerned", "nothing in this event asks for a build or ends one"),
        }
    }

    fn pending_actions(state: &State, ctx: &Context<'_, State, Observed>) -> Vec<Action> {
        let rules = ctx.policy.and_then(|policy| policy.integrate.as_ref());
        let commit = match &ctx.event.body {
            Body::Reference(push) => push.commit.clone(),
            Body::Fact(fact) => reconcile::requested(fact).map(|wanted| wanted.commit),
            Body::Build(build) => build.commit.clone(),
            _ => None,
        };
        match (state, ctx.policy, commit) {
            (State::Intended { request, .. }, ..) => vec![starting(request)],
            (State::Reporting { comment }, ..) => vec![pull_request_build::saying(comment)],
            (State::Asking { build, .. }, Some(policy), Some(commit)) => ask(ctx, policy, &commit, build).actions,
            (State::Image { told: false, .. }, Some(policy), _) => {
                image::training_request(ctx, policy, state).into_iter().collect()
            }
            (State::Succeeded { merged: Some(merge) }, _, Some(commit)) => {
                merge::saying(rules, &commit, merge, merge::SUCCEEDED).into_iter().collect()
            }
            (State::Failed { merged: Some(merge) }, _, Some(commit)) => {
                merge::saying(rules, &commit, merge, merge::FAILED).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn apply_outcome(
        state: &mut State,
        action: &Action,
        outcome: Result<Done, String>,
        now: Timestamp,
    ) -> ActionOutcome {
        apply_outcome::apply_outcome(state, action, outcome, now)
    }
}

impl Preview for Integrate {
    fn preview(event: &Event) -> Observed {
        match &event.body {
            _ if event.is_reconcile_request() => Observed::Snapshot(Snapshot::default()),
            Body::Image(image) => Observed::Image(image::preview(event, image)),
            Body::CodePipelineExecution(delivery) => Observed::Execution(codepipeline_build::preview(delivery)),
            Body::Reference(reference) => Observed::Head(reference.commit.clone()),
            Body::Fact(fact) => match reconcile::requested(fact) {
                Some(Wanted { pull: Some(_), commit, branch, .. }) => {
                    Observed::Review(Some(open(Some(commit), branch)), None)
                }
                request => Observed::Head(request.map(|request| request.commit)),
            },
            Body::PullRequest(pull) => {
                let merged = pull.source_commit.clone().filter(|_| pull.merged);
                let actual = open(pull.source_commit.clone(), pull.destination.clone());
                Observed::Review(Some(ObservedPullRequest { open: pull.status != "Closed", merged, ..actual }), None)
            }
            Body::Build(build) => {
                let (status, commit) = (build.status.clone(), build.commit.clone());
                let actual = Some(ObservedBuild { status, commit, variables: build.variables.clone() });
                match pull_request_build::of(&build.variables) {
                    Some(_) => Observed::Review(None, actual),
                    None => Observed::Build(actual, build.commit.iter().cloned().collect()),
                }
            }
            _ => Observed::Nothing,
        }
    }
}

/// A pull request as its event tells of it.
fn open(source: Option<CommitId>, destination: Option<BranchName>) -> ObservedPullRequest {
    ObservedPullRequest { open: true, merged: None, source, target: None, destination }
}

fn on_push(
    ctx: &Context<'_, State, Observed>,
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
        return Plan::fail("no_commit", "the push names no full commit id: expected 40 hexadecimal digits");
    };
    on_head(ctx, policy, rules, branch, commit, head)
}

pub(crate) fn not_watched(policy: &Policy) -> Answer {
    Plan::skip("branch_not_watched", format!("the policy of {} does not watch this branch", policy.model))
}

/// The commit is built if it is still the branch's head, and has no build yet.
pub(crate) fn on_head(
    ctx: &Context<'_, State, Observed>,
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
    match request(ctx, policy, rules, commit) {
        Some(request) => build_once(ctx.state, request, branch, reason),
        None => Plan::fail("no_builder", "the policy names neither integrate.project nor integrate.codepipeline"),
    }
}

/// Starts the build of a commit that has none, or takes up a start that did not come to its end.
pub(crate) fn build_once(state: &State, request: Request, branch: &BranchName, reason: Reason) -> Answer {
    match state {
        State::Unknown => start(request, branch.clone(), None, reason),
        State::Intended { request, branch, merged } => start(
            request.clone(),
            branch.clone(),
            merged.clone(),
            Reason::new("resumed", "an earlier attempt did not complete: its pending actions are resumed"),
        ),
        _ => Plan::skip("already_built", format!("commit {} has its build", request.commit())),
    }
}

/// What builds this commit: the project, or the pipeline. Of the push, only the commit goes on.
fn request(ctx: &Context<'_, State, Observed>, policy: &Policy, rules: &Rules, commit: &CommitId) -> Option<Request> {
    let token = |builder: &str| digest(&["build", policy.model.as_str(), builder, commit.as_str()], 40);
    if let Some(delivery) = &rules.codepipeline {
        return Some(Request::Pipeline(PipelineBuildRequest {
            model: policy.model.clone(),
            pipeline: delivery.name.clone(),
            source: delivery.source.clone(),
            variable: delivery.variable.clone(),
            commit: commit.clone(),
            token: token(delivery.name.as_str()),
            since: ctx.now,
        }));
    }
    let project = rules.project.as_ref()?;
    Some(Request::Project(BuildRequest {
        project: project.clone(),
        commit: commit.clone(),
        variables: BTreeMap::from([(MODEL_VARIABLE.to_owned(), policy.model.to_string())]),
        token: token(project.as_str()),
    }))
}

fn start(request: Request, branch: BranchName, merged: Option<Merge>, reason: Reason) -> Answer {
    let action = starting(&request);
    Plan::only(Decision::Acted, reason).with_state(State::Intended { request, branch, merged }).with_action(action)
}

fn starting(request: &Request) -> Action {
    match request.clone() {
        Request::Project(request) => Action::StartBuild { service: "codebuild", request },
        Request::Pipeline(request) => Action::StartPipelineExecution { service: "codepipeline", request },
    }
}
