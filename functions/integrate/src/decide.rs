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
use trimtab_core::port::builder::{PipelineBuildRequest, PipelineBuildTruth};
use trimtab_core::port::definition::DefinitionRequest;
use trimtab_core::port::ml::{BuildRequest, BuildTruth, CommentRequest, PullRequestTruth};
use trimtab_core::react::{Case, Decide, Settled, Subject};
use trimtab_core::text::digest;

use crate::build::{Built, Looked, MODEL_VARIABLE, Merge, Request, State, build_of};
use crate::endings::{ask, on_build};
use crate::look::Wanted;
use crate::{branch, execution, image, look, merge, review, settle};

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
    /// A pull request that may be merged, and what is seen of the commit.
    Merged(Option<PullRequestTruth>, Box<Seen>),
    /// An execution of the pipeline that builds.
    Execution(Option<PipelineBuildTruth>),
    /// What a tag of the training image points at.
    Image(Option<ImageUri>),
    /// The watched branches and what is proposed for them, and how far their builds are; and the tags of
    /// the training image.
    Looked(Looked),
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
            // AWS tells of everybody's pipelines and images.
            Body::Delivery(delivery) => {
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
            _ if event.is_look() => return "branches".to_owned(),
            Body::Image(_) => return image::AGGREGATE.to_owned(),
            Body::Fact(fact) if fact.kind == FactKind::ImageRequested => return image::AGGREGATE.to_owned(),
            Body::Delivery(delivery) => return execution::aggregate(&delivery.execution),
            Body::Reference(reference) if reference.kind == ReferenceKind::Deleted => return "branches".to_owned(),
            Body::PullRequest(pull) if pull.merged => return merge::aggregate(&pull.id),
            Body::PullRequest(pull) => return review::aggregate(&pull.id, pull.source_commit.as_ref()),
            Body::Build(build) => match review::of(&build.variables) {
                Some(pull) => return review::aggregate(&pull, build.commit.as_ref()),
                None => build.commit.clone(),
            },
            Body::Reference(reference) => reference.commit.clone(),
            Body::Fact(fact) => match look::requested(fact) {
                Some(Wanted { pull: Some(pull), commit, .. }) => return review::aggregate(&pull, Some(&commit)),
                request => request.map(|request| request.commit),
            },
            _ => None,
        };
        build_of(commit.as_ref())
    }

    fn assume(event: &Event) -> Seen {
        match &event.body {
            _ if event.is_look() => Seen::Looked(Looked::default()),
            Body::Image(image) => Seen::Image(image::assume(event, image)),
            Body::Delivery(delivery) => Seen::Execution(execution::assume(delivery)),
            Body::Reference(reference) => Seen::Head(reference.commit.clone()),
            Body::Fact(fact) => match look::requested(fact) {
                Some(Wanted { pull: Some(_), commit, branch, .. }) => {
                    Seen::Review(Some(open(Some(commit), branch)), None)
                }
                request => Seen::Head(request.map(|request| request.commit)),
            },
            Body::PullRequest(pull) => {
                let merged = pull.source_commit.clone().filter(|_| pull.merged);
                let truth = open(pull.source_commit.clone(), pull.destination.clone());
                Seen::Review(Some(PullRequestTruth { open: pull.status != "Closed", merged, ..truth }), None)
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
            (Body::PullRequest(pull), Seen::Review(truth, _)) if pull.merged => {
                merge::on_merge(case, policy, rules, pull, truth.as_ref())
            }
            (Body::PullRequest(pull), Seen::Review(truth, _)) => {
                review::on_pull_request(case, policy, rules, pull, truth.as_ref())
            }
            (Body::Build(build), Seen::Review(truth, ended)) => {
                review::on_build(case, rules, build, truth.as_ref(), ended.as_ref())
            }
            (Body::Reference(reference), Seen::Head(head)) if reference.kind == ReferenceKind::Deleted => {
                branch::on_deletion(case, policy, rules, reference, head.as_ref())
            }
            (Body::Reference(reference), Seen::Head(head)) => on_push(case, policy, rules, reference, head.as_ref()),
            (Body::Build(build), Seen::Build(truth, _)) => {
                on_build(case, policy, &Built::Project(build.id.clone()), build.logs.as_deref(), truth.as_ref())
            }
            (Body::Delivery(delivery), Seen::Execution(truth)) => {
                execution::on_execution(case, policy, delivery, truth.as_ref())
            }
            (Body::Image(pushed), Seen::Image(truth)) => image::on_push(case, policy, rules, pushed, truth.as_ref()),
            (Body::Fact(fact), Seen::Image(truth)) => image::on_request(case, policy, rules, fact, truth.as_ref()),
            (Body::Fact(fact), seen) if fact.kind == FactKind::BuildRequested => {
                look::on_request(case, policy, rules, fact, seen)
            }
            (Body::Fact(_), Seen::Looked(looked)) => look::on_look(case, policy, rules, looked),
            _ => Plan::skip("not_concerned", "nothing in this event asks for a build or ends one"),
        }
    }

    fn left(state: &State, case: &Case<'_, State, Seen>) -> Vec<Action> {
        let rules = case.policy.and_then(|policy| policy.integrate.as_ref());
        let commit = match &case.event.body {
            Body::Reference(push) => push.commit.clone(),
            Body::Fact(fact) => look::requested(fact).map(|wanted| wanted.commit),
            Body::Build(build) => build.commit.clone(),
            _ => None,
        };
        match (state, case.policy, commit) {
            (State::Intended { request, .. }, ..) => vec![starting(request)],
            (State::Reporting { comment }, ..) => vec![review::saying(comment)],
            (State::Asking { build, .. }, Some(policy), Some(commit)) => ask(case, policy, &commit, build).actions,
            (State::Image { told: false, .. }, Some(policy), _) => {
                image::telling(case, policy, state).into_iter().collect()
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

    fn settle(state: &mut State, action: &Action, outcome: Result<Done, String>, now: Timestamp) -> Settled {
        settle::settle(state, action, outcome, now)
    }
}

/// A pull request as its event tells of it.
fn open(source: Option<CommitId>, destination: Option<BranchName>) -> PullRequestTruth {
    PullRequestTruth { open: true, merged: None, source, target: None, destination }
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
    match request(case, policy, rules, commit) {
        Some(request) => build_once(case.state, request, branch, reason),
        None => Plan::reject("no_builder", "the policy names neither integrate.project nor integrate.delivery"),
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
            Reason::new("resumed", "an earlier attempt did not come to its end: taking it up"),
        ),
        _ => Plan::skip("already_built", format!("commit {} has its build", request.commit())),
    }
}

/// What builds this commit: the project, or the pipeline. Of the push, only the commit goes on.
fn request(case: &Case<'_, State, Seen>, policy: &Policy, rules: &Rules, commit: &CommitId) -> Option<Request> {
    let token = |builder: &str| digest(&["build", policy.model.as_str(), builder, commit.as_str()], 40);
    if let Some(delivery) = &rules.delivery {
        return Some(Request::Pipeline(PipelineBuildRequest {
            model: policy.model.clone(),
            pipeline: delivery.name.clone(),
            source: delivery.source.clone(),
            variable: delivery.variable.clone(),
            commit: commit.clone(),
            token: token(delivery.name.as_str()),
            since: case.now,
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
    Plan::only(Decision::Acted, reason).with_state(State::Intended { request, branch, merged }).doing(action)
}

fn starting(request: &Request) -> Action {
    match request.clone() {
        Request::Project(request) => Action::StartBuild { service: "codebuild", request },
        Request::Pipeline(request) => Action::StartPipelineExecution { service: "codepipeline", request },
    }
}
