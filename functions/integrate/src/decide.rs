//! Dispatches an event to the planner of its aggregate.

use jiff::Timestamp;
use trimtab_core::event::{Body, Event, PullRequest};
use trimtab_core::name::{BranchName, CommitId};
use trimtab_core::policy::{Key, KeyKind, Policy};
use trimtab_core::port::{ObservedBuild, ObservedPullRequest};
use trimtab_core::reactor::{ActionOutcome, Context, Decide, Preview, Subject};

use crate::action::{Action, Done, Plan};
use crate::build::BuildRef;
use crate::builders::codepipeline;
use crate::context::{AnyCtx, Ctx, Mismatch};
use crate::fact::{CommitRequest, Proposal};
use crate::incoming::Incoming;
use crate::observation::{Observed, ObservedCommit, ObservedProgress, ObservedProposal, Snapshot};
use crate::planner::{branch_snapshot, commit_build, execution, merge, pull_request_build, training_image};
use crate::reason::Code;
use crate::state::State;
use crate::{apply_outcome, image};

/// The deciding part of `integrate`.
#[derive(Debug, Clone, Copy)]
pub struct Integrate;

impl Decide for Integrate {
    type State = State;
    type Observed = Observed;
    type Action = Action;
    type Done = Done;

    const FUNCTION: &'static str = "integrate";

    fn subject(event: &Event) -> Subject {
        let key = |kind, name: &str| Key { kind, name: name.to_owned() };
        match &event.body {
            Body::Reference(reference) => Subject::Key(key(KeyKind::Repository, reference.repository.as_str())),
            Body::PullRequest(pull_request) => Subject::Key(key(KeyKind::Repository, pull_request.repository.as_str())),
            Body::Build(build) => Subject::Key(key(KeyKind::BuildProject, build.project.as_str())),
            // The rules match the pipelines and images of the whole account: most belong to no policy, and an unknown
            // one is no failure.
            Body::CodePipelineExecution(execution) => {
                Subject::Keys(vec![key(KeyKind::BuildPipeline, execution.pipeline.as_str())])
            }
            Body::Image(image) => Subject::Keys(vec![key(KeyKind::ImageRepository, image.repository.as_str())]),
            Body::Fact(fact) => fact.model.clone().map_or(Subject::None, Subject::Model),
            _ => Subject::None,
        }
    }

    fn aggregate(event: &Event, _: Option<&Policy>) -> String {
        Incoming::of(event).aggregate().to_string()
    }

    fn decide(ctx: &Context<'_, State, Observed>) -> Plan {
        let Some(policy) = ctx.policy else {
            return Plan::fail(Code::UnknownModel, "integrate needs the model's policy: apply one");
        };
        match context(ctx) {
            Some(ctx) => plan(ctx).unwrap_or_else(Mismatch::plan),
            None => {
                let text = format!("the policy of {} has no [integrate]: nothing is built for it", policy.model);
                Plan::skip(Code::Off, text)
            }
        }
    }

    fn pending_actions(state: &State, ctx: &Context<'_, State, Observed>) -> Vec<Action> {
        match state {
            State::Empty | State::BranchSnapshot(_) => Vec::new(),
            State::CommitBuild(build) => {
                let ctx = context(ctx).and_then(|ctx| ctx.commit_build().ok());
                commit_build::pending_actions(ctx, build)
            }
            State::PullRequestBuild(build) => pull_request_build::pending_actions(build),
            State::TrainingImage(image) => {
                let policy = ctx.policy.into_iter();
                policy.flat_map(|policy| training_image::pending_actions(policy, image, ctx.now)).collect()
            }
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
        match Incoming::of(event) {
            Incoming::Push(push) => head(push.commit.clone()),
            Incoming::BranchDeleted(reference) => Observed::Branch(reference.commit.clone()),
            Incoming::PullRequestChanged(pull_request) => {
                Observed::PullRequest(ObservedProposal { pull_request: Some(as_reported(pull_request)), build: None })
            }
            Incoming::PullRequestMerged(pull_request) => Observed::Merge(Some(as_reported(pull_request))),
            Incoming::CommitBuild(completion) => Observed::Commit(ObservedCommit {
                progress: ObservedProgress::Build {
                    id: completion.build,
                    build: reported_build(event),
                    heads: completion.commit.into_iter().cloned().collect(),
                },
                merged: None,
            }),
            Incoming::PullRequestBuild(..) => {
                Observed::PullRequest(ObservedProposal { pull_request: None, build: reported_build(event) })
            }
            Incoming::Execution(event) => Observed::Execution(Some(codepipeline::preview(event))),
            Incoming::ImagePushed(pushed) => Observed::Image(image::preview(event, pushed)),
            Incoming::CommitRequested(request) => assume_commit(&request),
            Incoming::ProposalRequested(Proposal { branch, commit, .. }) => Observed::PullRequest(ObservedProposal {
                pull_request: Some(open(Some(commit), Some(branch))),
                build: None,
            }),
            Incoming::ImageRequested(_) => Observed::Image(None),
            Incoming::Reconcile => Observed::Snapshot(Snapshot::default()),
            Incoming::MalformedRequest | Incoming::Unrelated => Observed::Nothing,
        }
    }
}

/// `None` if the policy has no `[integrate]`.
fn context<'a>(ctx: &Context<'a, State, Observed>) -> Option<AnyCtx<'a>> {
    let policy = ctx.policy?;
    let integrate = policy.integrate.as_ref()?;
    Some(Ctx { event: ctx.event, policy, integrate, state: ctx.state, observed: ctx.observed, now: ctx.now })
}

fn plan(ctx: AnyCtx<'_>) -> Result<Plan, Mismatch> {
    Ok(match Incoming::of(ctx.event) {
        Incoming::Push(push) => commit_build::on_push(ctx.commit_build()?, push),
        Incoming::CommitBuild(completion) => commit_build::on_completion(ctx.commit_build()?, &completion),
        Incoming::CommitRequested(request) => commit_build::on_request(ctx.commit_build()?, &request),
        Incoming::PullRequestChanged(event) => pull_request_build::on_change(ctx.pull_request_build()?, event),
        Incoming::PullRequestBuild(completion, pull_request) => {
            pull_request_build::on_completion(ctx.pull_request_build()?, &completion, &pull_request)
        }
        Incoming::ProposalRequested(proposal) => pull_request_build::on_request(ctx.pull_request_build()?, &proposal),
        Incoming::PullRequestMerged(event) => merge::on_merge(ctx.merge()?, event),
        Incoming::Execution(event) => execution::on_execution(ctx.execution()?, event),
        Incoming::ImagePushed(image) => training_image::on_push(ctx.training_image()?, image),
        Incoming::ImageRequested(image) => training_image::on_request(ctx.training_image()?, image.as_ref()),
        Incoming::BranchDeleted(reference) => branch_snapshot::on_deletion(ctx.branch()?, reference),
        Incoming::Reconcile => branch_snapshot::on_reconcile(ctx.snapshot()?),
        Incoming::MalformedRequest => {
            let text = "the request names no branch or no full commit ID: expected details.branch and details.commit";
            Plan::fail(Code::NoCommit, text)
        }
        Incoming::Unrelated => Plan::skip(Code::NotConcerned, "this event starts no build and ends none"),
    })
}

fn head(commit: Option<CommitId>) -> Observed {
    Observed::Commit(ObservedCommit { progress: ObservedProgress::Head(commit), merged: None })
}

fn open(source: Option<CommitId>, destination: Option<BranchName>) -> ObservedPullRequest {
    ObservedPullRequest { open: true, merged: None, source, target: None, destination }
}

fn as_reported(event: &PullRequest) -> ObservedPullRequest {
    let merged = event.source_commit.clone().filter(|_| event.merged);
    let pull_request = open(event.source_commit.clone(), event.destination.clone());
    ObservedPullRequest { open: event.status != "Closed", merged, ..pull_request }
}

fn reported_build(event: &Event) -> Option<ObservedBuild> {
    let Body::Build(build) = &event.body else { return None };
    let (status, commit) = (build.status.clone(), build.commit.clone());
    Some(ObservedBuild { status, commit, variables: build.variables.clone() })
}

/// The commit as its request describes it: the head of its branch, or the build of an execution that succeeded.
fn assume_commit(request: &CommitRequest) -> Observed {
    let commit = Some(request.commit.clone());
    let merged = request.merged.as_ref().map(|_| ObservedPullRequest {
        open: false,
        merged: commit.clone(),
        source: commit.clone(),
        target: commit.clone(),
        destination: request.branch.clone(),
    });
    let progress = match &request.execution {
        Some(execution) => ObservedProgress::Build {
            id: BuildRef::Codepipeline(execution.clone()),
            build: Some(codepipeline::assume_succeeded(&request.commit)),
            heads: vec![request.commit.clone()],
        },
        None => ObservedProgress::Head(commit),
    };
    Observed::Commit(ObservedCommit { progress, merged })
}
