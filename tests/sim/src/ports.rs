//! The ports over the simulated services. Each call goes through [`Sim::call`], where faults strike.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use trimtab_core::event::{AlarmState, Approval, BuildStatus, DeliveryState, DriftKind, EndpointStatus, RunStatus};
use trimtab_core::failure::Failure;
use trimtab_core::name::{
    AlarmArn, AlarmName, BranchName, BuildId, CommitId, DeliveryName, EndpointName, FilePath, GroupName, PackageArn,
    PipelineName, PullRequestId, RepositoryName, RunArn,
};
use trimtab_core::policy::Autoscaling;
use trimtab_core::port::Answer;
use trimtab_core::port::definition::{DefinitionRequest, DefinitionTruth, Definitions};
use trimtab_core::port::ml::{
    Accepted, AlarmTruth, Alarms, BuildRequest, BuildTruth, Builds, CommentRequest, Deliveries, DeliveryRequest,
    EndpointRequest, EndpointTruth, Endpoints, Listed, Message, PackageTruth, PullRequestTruth, PullRequests, Registry,
    Repositories, RunRequest, Runs, Scaling, ServingRequest, Topic,
};

use crate::Site;
use crate::events;
use crate::services::{Build, Delivered, Fate, Item, Run, Services, Sim, TOKEN_MEMORY};

/// How long a call waits for an answer that does not come.
const TIME_OUT: SignedDuration = SignedDuration::from_secs(8);

/// The alarm that watches canaries; the others are about drift, and in ALARM.
const CANARY_ALARM: &str = "churn-prod-5xx";

/// When a call that was given up is applied after all.
const LATE: SignedDuration = SignedDuration::from_secs(25);

impl Sim {
    /// A call that changes something, or reads what is always current.
    pub(crate) async fn call<T, E, F>(&self, site: Site, apply: F) -> Result<T, E>
    where
        E: From<Failure>,
        F: FnOnce(&mut Services) -> Result<T, E> + Send + Sync + 'static,
    {
        self.read(site, apply, None::<fn(&mut Services) -> Result<T, E>>).await
    }

    /// A call that may be answered with what was true before.
    async fn read<T, E, F, S>(&self, site: Site, apply: F, stale: Option<S>) -> Result<T, E>
    where
        E: From<Failure>,
        F: FnOnce(&mut Services) -> Result<T, E> + Send + Sync + 'static,
        S: FnOnce(&mut Services) -> Result<T, E>,
    {
        let refused = |cause: &str| Err(E::from(Failure::retry("simulated", cause)));
        let fate = self.services().fate(site);
        match fate {
            Fate::Go => apply(&mut self.services()),
            Fate::Refuse => refused("throttled"),
            Fate::Lose => {
                let mut services = self.services();
                let _ = apply(&mut services);
                services.now += TIME_OUT;
                refused("no answer in time")
            }
            Fate::Late => {
                let mut services = self.services();
                let late = move |services: &mut Services| drop(apply(services));
                services.apply_late(LATE, Box::new(late));
                services.now += TIME_OUT;
                refused("no answer in time")
            }
            Fate::CrashBefore => std::future::pending().await,
            Fate::CrashAfter => {
                let _ = apply(&mut self.services());
                std::future::pending().await
            }
            Fate::Stale => match stale {
                Some(stale) => stale(&mut self.services()),
                None => apply(&mut self.services()),
            },
        }
    }
}

impl Repositories for Sim {
    async fn head(&self, _: &RepositoryName, _: &BranchName) -> Answer<Option<CommitId>> {
        self.call(Site::RepositoriesHead, |services| Ok(services.head.clone())).await
    }

    async fn file(&self, _: &RepositoryName, _: &CommitId, _: &FilePath) -> Answer<Option<Vec<u8>>> {
        let text = br#"{"Version": "2020-12-01", "Steps": []}"#;
        self.call(Site::RepositoriesFile, |_| Ok(Some(text.to_vec()))).await
    }
}

impl Definitions for Sim {
    async fn describe(&self, _: &PipelineName) -> Answer<Option<DefinitionTruth>> {
        self.call(Site::DefinitionsDescribe, |services| Ok(services.pipeline.clone())).await
    }

    async fn create(&self, request: &DefinitionRequest, _: &str) -> Answer<()> {
        let commit = request.commit.clone();
        self.call(Site::DefinitionsCreate, move |services| {
            if services.pipeline.is_some() {
                return Err(Failure::reject("sagemaker:CreatePipeline", "there is a pipeline of this name"));
            }
            services.define(commit);
            Ok(())
        })
        .await
    }

    async fn update(&self, request: &DefinitionRequest, _: &str) -> Answer<()> {
        let commit = request.commit.clone();
        self.call(Site::DefinitionsUpdate, move |services| {
            services.define(commit);
            Ok(())
        })
        .await
    }
}

impl PullRequests for Sim {
    async fn open(&self, _: &RepositoryName) -> Answer<Vec<PullRequestId>> {
        self.call(Site::PullRequestsOpen, |services| {
            Ok(services.proposed.iter().filter_map(|_| PullRequestId::parse("41").ok()).collect())
        })
        .await
    }

    async fn pull_request(&self, _: &PullRequestId) -> Answer<Option<PullRequestTruth>> {
        self.call(Site::PullRequestsPullRequest, |services| {
            let truth = |source| PullRequestTruth {
                open: true,
                source: Some(source),
                target: CommitId::parse(events::TARGET).ok(),
                destination: BranchName::parse("main").ok(),
            };
            Ok(services.proposed.clone().map(truth))
        })
        .await
    }

    async fn comment(&self, request: &CommentRequest) -> Answer<()> {
        let token = request.token.clone();
        self.call(Site::PullRequestsComment, move |services| {
            services.comments.insert(token);
            Ok(())
        })
        .await
    }
}

impl Builds for Sim {
    async fn find(&self, request: &BuildRequest) -> Answer<Option<BuildId>> {
        let request = request.clone();
        self.call(Site::BuildsFind, move |services| {
            let found = services.builds.iter().rev().find(|build| build.request == request);
            Ok(found.map(|build| build.id.clone()))
        })
        .await
    }

    async fn start(&self, request: &BuildRequest) -> Answer<BuildId> {
        let request = request.clone();
        self.call(Site::BuildsStart, move |services| {
            let now = services.now;
            let fresh = |build: &&Build| {
                build.request.token == request.token && now.duration_since(build.created) < TOKEN_MEMORY
            };
            if let Some(known) = services.builds.iter().find(fresh) {
                return Ok(known.id.clone());
            }
            let number = services.builds.len();
            let id = format!("arn:aws:codebuild:eu-west-1:123456789012:build/churn-build:{number}");
            let id = BuildId::parse(&id).map_err(|error| Failure::reject("simulated", error.to_string()))?;
            services.builds.push(Build { request, id: id.clone(), created: now, ended: false });
            services.after(SignedDuration::from_mins(7), Item::BuildEnds(number));
            Ok(id)
        })
        .await
    }

    async fn describe(&self, build: &BuildId) -> Answer<Option<BuildTruth>> {
        let id = build.clone();
        self.call(Site::BuildsDescribe, move |services| {
            Ok(services.builds.iter().find(|build| build.id == id).map(|build| BuildTruth {
                status: if build.ended { BuildStatus::Succeeded } else { BuildStatus::InProgress },
                commit: Some(build.request.commit.clone()),
                variables: build.request.variables.clone(),
            }))
        })
        .await
    }
}

impl Runs for Sim {
    async fn find(&self, request: &RunRequest) -> Answer<Option<RunArn>> {
        let name = request.display_name.clone();
        let list = move |services: &Services, lag: SignedDuration| {
            let old = |run: &&Run| services.now.duration_since(run.created) >= lag && run.request.display_name == name;
            Ok(services.runs.iter().find(old).map(|run| run.arn.clone()))
        };
        let lags = list.clone();
        let find = move |services: &mut Services| list(services, SignedDuration::ZERO);
        // A list that lags behind does not have what was started within the last minute.
        let before = move |services: &mut Services| lags(services, SignedDuration::from_mins(1));
        self.read(Site::RunsFind, find, Some(before)).await
    }

    async fn start(&self, request: &RunRequest) -> Answer<RunArn> {
        let request = request.clone();
        self.call(Site::RunsStart, move |services| {
            let now = services.now;
            let fresh =
                |run: &&Run| run.request.token == request.token && now.duration_since(run.created) < TOKEN_MEMORY;
            if let Some(known) = services.runs.iter().find(fresh) {
                return Ok(known.arn.clone());
            }
            let number = services.runs.len();
            let arn = format!("arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn-training/execution/run{number}");
            let arn = RunArn::parse(&arn).map_err(|error| Failure::reject("simulated", error.to_string()))?;
            services.note(|| format!("a run of {} starts", request.display_name));
            services.runs.push(Run { request, arn: arn.clone(), created: now, ended: false });
            services.after(SignedDuration::from_mins(40), Item::RunEnds(number));
            Ok(arn)
        })
        .await
    }

    async fn status(&self, run: &RunArn) -> Answer<Option<RunStatus>> {
        let arn = run.clone();
        self.call(Site::RunsStatus, move |services| {
            let status = |run: &Run| if run.ended { RunStatus::Succeeded } else { RunStatus::Executing };
            Ok(services.runs.iter().find(|run| run.arn == arn).map(status))
        })
        .await
    }
}

impl Alarms for Sim {
    async fn describe(&self, alarms: &[AlarmName]) -> Answer<Vec<AlarmTruth>> {
        let names = alarms.to_vec();
        self.call(Site::AlarmsDescribe, move |services| {
            Ok(names.into_iter().filter_map(|name| alarm(services, name)).collect())
        })
        .await
    }
}

/// The canary's alarm is on guard or silent; the others are about drift.
fn alarm(services: &Services, name: AlarmName) -> Option<AlarmTruth> {
    let watches_canary = name.as_str() == CANARY_ALARM;
    let since = services.alarms.get(name.as_str()).copied();
    let state = match (watches_canary, services.silent) {
        (true, true) => AlarmState::InsufficientData,
        (true, false) => AlarmState::Ok,
        (false, _) => since.map_or(AlarmState::Ok, |_| AlarmState::Alarm),
    };
    let arn = AlarmArn::parse(&events::alarm_arn(name.as_str())).ok()?;
    let drift = (!watches_canary).then_some(DriftKind::DataQuality);
    Some(AlarmTruth { name, arn, state, since, drift })
}

impl Registry for Sim {
    async fn newest(&self, group: &GroupName) -> Answer<Vec<Listed>> {
        let group = group.to_string();
        let list = move |approvals: &BTreeMap<u32, Approval>| -> Vec<Listed> {
            let listed = |(version, approval): (&u32, &Approval)| {
                let package = PackageArn::parse(&events::package_arn(*version)).ok()?;
                let truth = PackageTruth { approval: approval.clone(), status: "Completed".to_owned() };
                (package.group() == group).then_some(Listed { package, truth })
            };
            approvals.iter().filter_map(listed).collect()
        };
        let now = list.clone();
        let current = move |services: &mut Services| Ok(now(&services.approvals));
        let stale = move |services: &mut Services| Ok(list(&services.approvals_before));
        self.read(Site::RegistryNewest, current, Some(stale)).await
    }

    async fn package(&self, package: &PackageArn) -> Answer<Option<PackageTruth>> {
        let version = package.version();
        self.call(Site::RegistryPackage, move |services| {
            let approval = services.approvals.get(&version).cloned();
            let truth = |approval: Approval| PackageTruth { approval, status: "Completed".to_owned() };
            Ok(approval.map(truth))
        })
        .await
    }
}

impl Endpoints for Sim {
    async fn describe(&self, _: &EndpointName) -> Answer<Option<EndpointTruth>> {
        self.call(Site::EndpointsDescribe, |services| Ok(services.endpoint.clone())).await
    }

    async fn create_model(&self, _: &ServingRequest) -> Answer<()> {
        self.call(Site::EndpointsCreateModel, |_| Ok(())).await
    }

    async fn create_config(&self, request: &ServingRequest) -> Answer<()> {
        let (name, version) = (request.name.clone(), request.package.version());
        self.call(Site::EndpointsCreateConfig, move |services| {
            services.configs.insert(name, version);
            Ok(())
        })
        .await
    }

    async fn create(&self, request: &EndpointRequest) -> Answer<Accepted> {
        let config = request.config.clone();
        self.call(Site::EndpointsCreate, move |services| Ok(take(services, &config))).await
    }

    async fn update(&self, request: &EndpointRequest) -> Answer<Accepted> {
        let config = request.config.clone();
        self.call(Site::EndpointsUpdate, move |services| Ok(take(services, &config))).await
    }
}

/// SageMaker refuses an endpoint that is in progress; the adapter then looks whether it is at this.
fn take(services: &mut Services, config: &str) -> Accepted {
    match &services.endpoint {
        Some(endpoint) if endpoint.status != EndpointStatus::InService => {
            let at_it = endpoint.pending.as_deref().or(endpoint.config.as_deref()) == Some(config);
            if at_it { Accepted::Started } else { Accepted::Busy }
        }
        _ => {
            services.begin_update(config);
            Accepted::Started
        }
    }
}

impl Scaling for Sim {
    async fn scale(&self, _: &EndpointName, _: &Autoscaling) -> Answer<()> {
        self.call(Site::ScalingScale, |services| {
            services.scaled += 1;
            Ok(())
        })
        .await
    }
}

impl Deliveries for Sim {
    async fn find(&self, request: &DeliveryRequest) -> Answer<Option<String>> {
        let package = request.package.clone();
        self.call(Site::DeliveriesFind, move |services| {
            let found = services.deliveries.iter().find(|delivery| delivery.request.package == package);
            Ok(found.map(|delivery| delivery.id.clone()))
        })
        .await
    }

    /// Another one each time: CodePipeline's token cannot be relied on.
    async fn start(&self, request: &DeliveryRequest) -> Answer<String> {
        let request = request.clone();
        self.call(Site::DeliveriesStart, move |services| {
            let (number, created) = (services.deliveries.len(), services.now);
            let id = format!("execution-{number}");
            services.deliveries.push(Delivered { request, id: id.clone(), created, ended: false });
            services.after(SignedDuration::from_mins(20), Item::DeliveryEnds(number));
            Ok(id)
        })
        .await
    }

    async fn state(&self, _: &DeliveryName, execution: &str) -> Answer<Option<DeliveryState>> {
        let id = execution.to_owned();
        self.call(Site::DeliveriesState, move |services| {
            let state = |ended| if ended { DeliveryState::Succeeded } else { DeliveryState::Started };
            Ok(services.deliveries.iter().find(|delivery| delivery.id == id).map(|delivery| state(delivery.ended)))
        })
        .await
    }
}

impl Topic for Sim {
    async fn publish(&self, message: &Message) -> Answer<String> {
        let matter = message.body.lines().find_map(|line| line.trim().strip_prefix("matter: "));
        let kind = message.attributes.get("kind").cloned().unwrap_or_default();
        let key = format!("{kind} on {}", matter.unwrap_or_default());
        self.call(Site::TopicPublish, move |services| {
            *services.messages.entry(key).or_default() += 1;
            Ok("message".to_owned())
        })
        .await
    }
}
