//! The services that `integrate` meets, in memory: one fake for all of its ports. It stores
//! what it is asked to create under the given names, records each call with its arguments, and injects faults.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use serde_json::Value;
use trimtab_core::event::{BuildStatus, CodePipelineState};
use trimtab_core::fact::Fact;
use trimtab_core::failure::Failure;
use trimtab_core::memory::MemoryLedger;
use trimtab_core::name::{
    BranchName, BuildId, CodePipelineName, CommitId, FilePath, ImageRepository, ImageTag, ImageUri, ModelName,
    PipelineBuildId, PipelineName, PullRequestId, RepositoryName,
};
use trimtab_core::policy::{Key, OrganizationPolicy, Policy};
use trimtab_core::port::Images;
use trimtab_core::port::{AggregateId, Bus, HistoryEntry, Ledger, Pause, PortResult, Record, WriteError};
use trimtab_core::port::{BuildPipelines, ObservedPipelineBuild, PipelineBuildRequest};
use trimtab_core::port::{
    BuildRequest, Builds, CommentRequest, ObservedBuild, ObservedPullRequest, PullRequests, Repositories,
};
use trimtab_core::port::{DefinitionRequest, Definitions, ObservedDefinition};

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The call is not applied: a transient failure.
    Throttled,
    /// The call is applied, and its response is lost.
    Lost,
    /// The call is not applied: a permanent failure.
    Refused,
}

/// A definition that a pipeline was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Defined {
    pub(super) call: &'static str,
    pub(super) pipeline: String,
    pub(super) commit: CommitId,
    pub(super) text: String,
    pub(super) token: String,
}

/// What the services hold.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// By repository and branch, as in `churn-model main`.
    pub(super) heads: BTreeMap<String, CommitId>,
    /// What `pipeline.json` holds at every commit, unless each has one of its own that names the commit.
    pub(super) file: Option<Option<Vec<u8>>>,
    pub(super) pulls: BTreeMap<String, ObservedPullRequest>,
    pub(super) comments: Vec<CommentRequest>,
    pub(super) builds: Vec<(BuildRequest, BuildStatus)>,
    /// Executions that Trimtab started have a request.
    pub(super) executions: Vec<(Option<PipelineBuildRequest>, CodePipelineState)>,
    /// By name.
    pub(super) pipelines: BTreeMap<String, ObservedDefinition>,
    pub(super) definitions: Vec<Defined>,
    /// By repository and tag, as in `churn-training latest`.
    pub(super) images: BTreeMap<String, ImageUri>,
    pub(super) facts: Vec<Fact>,
    /// Each call with its arguments, in order; of a commit the first eight digits.
    pub(super) calls: Vec<String>,
    /// At which call from now on something happens.
    pub(super) fault: Option<(usize, Fault)>,
    /// The response of the next call that changes something is lost.
    pub(super) lose_next_response: bool,
    /// CodeBuild and SageMaker refuse to start or define anything.
    pub(super) refuse: bool,
}

/// Its clones are the same cloud.
#[derive(Debug, Clone, Default)]
pub(super) struct Cloud(Arc<Mutex<Account>>);

pub(super) fn build_id(project: &str, number: usize) -> String {
    format!("arn:aws:codebuild:eu-west-1:123456789012:build/{project}:{number}")
}

/// The definition that a commit holds.
pub(super) fn definition_of(commit: &CommitId) -> String {
    format!(r#"{{"Version": "2020-12-01", "Steps": [], "Metadata": {{"Commit": "{commit}"}}}}"#)
}

/// The text with each full commit id cut to eight digits.
fn short(text: &str) -> String {
    let cut = |word: &str| word.get(..8).filter(|_| word.len() == 40).unwrap_or(word).to_owned();
    text.split(' ').map(|word| word.split('#').map(cut).collect::<Vec<_>>().join("#")).collect::<Vec<_>>().join(" ")
}

fn number(id: &str) -> usize {
    id.rsplit([':', '-']).next().unwrap().parse().unwrap()
}

impl Cloud {
    pub(super) fn account(&self) -> MutexGuard<'_, Account> {
        self.0.lock().unwrap()
    }

    pub(super) fn facts(&self) -> Vec<Fact> {
        self.account().facts.clone()
    }

    /// A call that changes nothing.
    fn ask<T>(&self, call: &str, read: impl FnOnce(&mut Account) -> T) -> PortResult<T> {
        self.call(call, false, read)
    }

    fn call<T>(&self, call: &str, is_effect: bool, apply: impl FnOnce(&mut Account) -> T) -> PortResult<T> {
        let mut account = self.account();
        account.calls.push(short(call));
        let due = account.fault.filter(|(calls, _)| *calls == 0).map(|(_, fault)| fault);
        account.fault = account.fault.and_then(|(calls, fault)| Some((calls.checked_sub(1)?, fault)));
        let lost = is_effect && std::mem::take(&mut account.lose_next_response);
        match due.or(lost.then_some(Fault::Lost)) {
            None => Ok(apply(&mut account)),
            Some(Fault::Throttled) => Err(Failure::transient("fake:call", "throttled")),
            Some(Fault::Refused) => Err(Failure::permanent("fake:call", "AccessDenied")),
            Some(Fault::Lost) => {
                apply(&mut account);
                Err(Failure::transient("fake:call", "no response in time"))
            }
        }
    }

    fn refused(&self) -> PortResult<()> {
        match self.account().refuse {
            true => Err(Failure::permanent("fake:call", "ValidationException")),
            false => Ok(()),
        }
    }

    fn define(&self, call: &'static str, request: &DefinitionRequest, text: &str) -> PortResult<()> {
        self.refused()?;
        self.call(&format!("definitions.{call} {} {}", request.pipeline, request.commit), true, |account| {
            let (pipeline, commit) = (request.pipeline.to_string(), request.commit.clone());
            account.pipelines.insert(pipeline.clone(), ObservedDefinition { commit: Some(commit.clone()) });
            let (text, token) = (text.to_owned(), request.token.clone());
            account.definitions.push(Defined { call, pipeline, commit, text, token });
        })
    }
}

impl Repositories for Cloud {
    async fn head(&self, repository: &RepositoryName, branch: &BranchName) -> PortResult<Option<CommitId>> {
        let place = format!("{repository} {branch}");
        self.ask(&format!("repositories.head {place}"), |account| account.heads.get(&place).cloned())
    }

    async fn file(
        &self,
        repository: &RepositoryName,
        commit: &CommitId,
        path: &FilePath,
    ) -> PortResult<Option<Vec<u8>>> {
        self.ask(&format!("repositories.file {repository} {commit} {path}"), |account| {
            account.file.clone().unwrap_or_else(|| Some(definition_of(commit).into_bytes()))
        })
    }
}

impl PullRequests for Cloud {
    async fn open(&self, repository: &RepositoryName) -> PortResult<Vec<PullRequestId>> {
        self.ask(&format!("pulls.open {repository}"), |account| {
            let open = account.pulls.iter().filter(|(_, pull)| pull.open);
            open.map(|(id, _)| PullRequestId::parse(id).unwrap()).collect()
        })
    }

    async fn pull_request(&self, id: &PullRequestId) -> PortResult<Option<ObservedPullRequest>> {
        self.ask(&format!("pulls.pull_request {id}"), |account| account.pulls.get(id.as_str()).cloned())
    }

    /// The same token gives the comment that is there, as CodeCommit promises.
    async fn comment(&self, request: &CommentRequest) -> PortResult<()> {
        let CommentRequest { repository, pull_request, before, after, .. } = request;
        self.call(&format!("pulls.comment {repository} {pull_request} {before} {after}"), true, |account| {
            if !account.comments.iter().any(|known| known.token == request.token) {
                account.comments.push(request.clone());
            }
        })
    }
}

impl Builds for Cloud {
    async fn find(&self, request: &BuildRequest) -> PortResult<Option<BuildId>> {
        let BuildRequest { project, commit, variables, .. } = request;
        self.ask(&format!("builds.find {project} {commit}"), |account| {
            let mut known = account.builds.iter();
            let same = |known: &BuildRequest| {
                (&known.project, &known.commit, &known.variables) == (project, commit, variables)
            };
            let number = known.position(|(known, _)| same(known))?;
            Some(BuildId::parse(&build_id(project.as_str(), number)).unwrap())
        })
    }

    async fn start(&self, request: &BuildRequest) -> PortResult<BuildId> {
        self.refused()?;
        self.call(&format!("builds.start {} {}", request.project, request.commit), true, |account| {
            account.builds.push((request.clone(), BuildStatus::InProgress));
            BuildId::parse(&build_id(request.project.as_str(), account.builds.len() - 1)).unwrap()
        })
    }

    async fn describe(&self, build: &BuildId) -> PortResult<Option<ObservedBuild>> {
        self.ask(&format!("builds.describe {}", build.short()), |account| {
            let (request, status) = account.builds.get(number(build.as_str()))?;
            let (commit, variables) = (Some(request.commit.clone()), request.variables.clone());
            Some(ObservedBuild { status: status.clone(), commit, variables })
        })
    }
}

impl BuildPipelines for Cloud {
    async fn find(&self, request: &PipelineBuildRequest) -> PortResult<Option<PipelineBuildId>> {
        let PipelineBuildRequest { pipeline, source, variable, commit, .. } = request;
        self.ask(&format!("pipelines.find {pipeline} {source} {variable} {commit}"), |account| {
            let known = |known: &PipelineBuildRequest| (&known.pipeline, &known.commit) == (pipeline, commit);
            let number = account.executions.iter().position(|(request, _)| request.as_ref().is_some_and(known))?;
            Some(PipelineBuildId::parse(&format!("execution-{number}")).unwrap())
        })
    }

    async fn start(&self, request: &PipelineBuildRequest) -> PortResult<PipelineBuildId> {
        let PipelineBuildRequest { pipeline, source, variable, commit, .. } = request;
        self.call(&format!("pipelines.start {pipeline} {source} {variable} {commit}"), true, |account| {
            account.executions.push((Some(request.clone()), CodePipelineState::Started));
            PipelineBuildId::parse(&format!("execution-{}", account.executions.len() - 1)).unwrap()
        })
    }

    async fn describe(
        &self,
        pipeline: &CodePipelineName,
        variable: &str,
        execution: &PipelineBuildId,
    ) -> PortResult<Option<ObservedPipelineBuild>> {
        self.ask(&format!("pipelines.describe {pipeline} {variable} {execution}"), |account| {
            let (request, state) = account.executions.get(number(execution.as_str()))?;
            let commit = request.as_ref().map(|request| request.commit.clone());
            Some(ObservedPipelineBuild { state: state.clone(), commit })
        })
    }
}

impl Images for Cloud {
    async fn tagged(&self, repository: &ImageRepository, tag: &ImageTag) -> PortResult<Option<ImageUri>> {
        let place = format!("{repository} {tag}");
        self.ask(&format!("images.tagged {place}"), |account| account.images.get(&place).cloned())
    }
}

impl Definitions for Cloud {
    async fn describe(&self, pipeline: &PipelineName) -> PortResult<Option<ObservedDefinition>> {
        self.ask(&format!("definitions.describe {pipeline}"), |account| {
            account.pipelines.get(pipeline.as_str()).cloned()
        })
    }

    async fn create(&self, request: &DefinitionRequest, text: &str) -> PortResult<()> {
        self.define("create", request, text)
    }

    async fn update(&self, request: &DefinitionRequest, text: &str) -> PortResult<()> {
        self.define("update", request, text)
    }
}

impl Bus for Cloud {
    async fn publish(&self, fact: &Fact) -> PortResult<()> {
        self.call(&format!("bus.publish {}", fact.kind.as_str()), true, |account| account.facts.push(fact.clone()))
    }
}

/// The ledger as the reaction's observing half may use it: it reads, and nothing else.
#[derive(Debug, Clone)]
pub(super) struct ReadOnly {
    pub(super) ledger: MemoryLedger,
    pub(super) cloud: Cloud,
}

const READS: &str = "observing has no effects: it reads aggregates of the ledger and nothing else";

impl Ledger for ReadOnly {
    async fn load(&self, id: &AggregateId) -> PortResult<Record> {
        let record = self.ledger.load(id).await?;
        self.cloud.ask(&format!("ledger.load {} {}", id.owner, id.name), |_| record)
    }

    async fn model_of(&self, _: &Key) -> PortResult<Option<ModelName>> {
        unreachable!("{READS}")
    }

    async fn policy(&self, _: &ModelName) -> PortResult<Option<Arc<Policy>>> {
        unreachable!("{READS}")
    }

    async fn organization_policy(&self) -> PortResult<Option<Arc<OrganizationPolicy>>> {
        unreachable!("{READS}")
    }

    async fn reconciled_models(&self) -> PortResult<Vec<ModelName>> {
        unreachable!("{READS}")
    }

    async fn pause(&self, _: Option<&ModelName>) -> PortResult<Option<Pause>> {
        unreachable!("{READS}")
    }

    async fn claim(&self, _: &AggregateId, _: u64, _: &Value, _: &[Fact], _: Timestamp) -> Result<u64, WriteError> {
        unreachable!("{READS}")
    }

    async fn finish(&self, _: &AggregateId, _: u64, _: Option<&Value>, _: &HistoryEntry) -> Result<(), WriteError> {
        unreachable!("{READS}")
    }

    async fn save_state(&self, _: &AggregateId, _: u64, _: &Value, _: Timestamp) -> Result<(), WriteError> {
        unreachable!("{READS}")
    }

    async fn dead_letter(&self, _: &HistoryEntry, _: &Value) -> PortResult<()> {
        unreachable!("{READS}")
    }
}
