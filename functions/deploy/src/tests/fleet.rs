//! Two accounts with endpoints that behave as SageMaker's do: they refuse, are busy, move, fail and
//! rest. Each call is recorded with the account whose client made it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_core::event::LifeCycle;
use trimtab_core::failure::Failure;

use super::*;

pub(super) const HUB: &str = "123456789012";
pub(super) const STAGING: &str = "210987654321";
pub(super) const MODEL: &str = "loans";

/// A configuration that Trimtab did not create.
const THEIRS: &str = "theirs-v0-0";

/// A fault of the next update of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Luck {
    /// Another update began a moment before.
    Busy,
    /// SageMaker refuses the update.
    Refused,
    /// SageMaker accepts the update, and its response is lost.
    AnswerLost,
}

/// The end of a transition of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Served,
    WentBack,
    /// `UpdateRollbackFailed`.
    HalfWay,
    Failed,
}

#[derive(Default)]
pub(super) struct Inner {
    pub(super) packages: BTreeMap<u32, ObservedPackage>,
    pub(super) endpoints: BTreeMap<(String, String), ObservedEndpoint>,
    /// The account, the call, and its subject.
    pub(super) calls: Vec<(String, String)>,
    pub(super) luck: Option<Luck>,
    /// Whether the canary's alarms have no data.
    pub(super) silent: bool,
    /// Whether endpoints fail smoke tests.
    pub(super) broken: bool,
    pub(super) now: Timestamp,
}

#[derive(Default)]
pub(super) struct Fleet(pub(super) Mutex<Inner>);

/// One account's client.
pub(super) struct Client<'a> {
    fleet: &'a Fleet,
    account: &'static str,
}

fn version(config: &str) -> &str {
    config.strip_prefix("loans-").unwrap_or(config).split('-').next().unwrap_or_default()
}

impl Fleet {
    pub(super) fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// Ends the endpoint's transition; false if it is in none.
    pub(super) fn ends(&self, account: &str, name: &str, outcome: Outcome) -> bool {
        let mut inner = self.inner();
        let now = inner.now;
        let Some(endpoint) = inner.endpoints.get_mut(&(account.to_owned(), name.to_owned())) else { return false };
        if !endpoint.status.is_moving() {
            return false;
        }
        if endpoint.status == EndpointStatus::Deleting {
            inner.endpoints.remove(&(account.to_owned(), name.to_owned()));
            return true;
        }
        let pending = endpoint.pending.take();
        endpoint.modified = Some(now);
        endpoint.status = match (outcome, &endpoint.config) {
            (Outcome::Failed, _) | (Outcome::WentBack | Outcome::HalfWay, None) => EndpointStatus::Failed,
            (Outcome::HalfWay, Some(_)) => EndpointStatus::UpdateRollbackFailed,
            (Outcome::Served | Outcome::WentBack, _) => EndpointStatus::InService,
        };
        if outcome == Outcome::Served {
            endpoint.config = pending.or(endpoint.config.take());
        }
        true
    }

    /// Starts an update that is not Trimtab's; false if the endpoint is not in service.
    pub(super) fn theirs(&self, account: &str, name: &str) -> bool {
        let mut inner = self.inner();
        let now = inner.now;
        let Some(endpoint) = inner.endpoints.get_mut(&(account.to_owned(), name.to_owned())) else { return false };
        let rests = endpoint.status == EndpointStatus::InService;
        if rests {
            endpoint.status = EndpointStatus::SystemUpdating;
            endpoint.modified = Some(now);
        }
        rests
    }
}

impl Client<'_> {
    fn note(&self, call: &str, about: &str) {
        self.fleet.inner().calls.push((self.account.to_owned(), format!("{call} {about}")));
    }

    fn move_to(&self, call: &str, request: &EndpointRequest) -> PortResult<UpdateAccepted> {
        let mut inner = self.fleet.inner();
        let (key, now) = ((self.account.to_owned(), request.endpoint.to_string()), inner.now);
        let there = inner.endpoints.get(&key).cloned();
        if there.as_ref().is_some_and(|there| there.pending.as_ref() == Some(&request.config)) {
            return Ok(UpdateAccepted::Started);
        }
        if there.as_ref().is_some_and(|there| there.status.is_moving()) {
            return Ok(UpdateAccepted::Busy);
        }
        let failed = there.as_ref().is_some_and(|there| there.status == EndpointStatus::Failed);
        let wrong = (call == "CreateEndpoint") == there.is_some();
        if failed || wrong {
            return Err(Failure::permanent("sagemaker:Endpoint", "ValidationException"));
        }
        let luck = inner.luck.take();
        let status = if there.is_some() { EndpointStatus::Updating } else { EndpointStatus::Creating };
        let moving = ObservedEndpoint {
            status,
            config: there.as_ref().and_then(|there| there.config.clone()),
            pending: Some(request.config.clone()),
            failure: None,
            modified: Some(now),
        };
        if luck == Some(Luck::Busy) {
            let theirs = ObservedEndpoint { pending: Some(THEIRS.to_owned()), ..moving };
            inner.endpoints.insert(key, theirs);
            return Ok(UpdateAccepted::Busy);
        }
        if luck == Some(Luck::Refused) {
            return Err(Failure::permanent("sagemaker:Endpoint", "ValidationException"));
        }
        inner.endpoints.insert(key, moving);
        let how = match request.strategy {
            Strategy::AllAtOnce => "at once",
            _ => "in steps",
        };
        let text = format!("{call} {} {} {how}", request.endpoint, version(&request.config));
        inner.calls.push((self.account.to_owned(), text));
        match luck {
            Some(Luck::AnswerLost) => Err(Failure::transient("sagemaker:Endpoint", "no answer")),
            _ => Ok(UpdateAccepted::Started),
        }
    }
}

impl Registry for &Fleet {
    async fn newest(&self, _: &GroupName) -> PortResult<Vec<ListedPackage>> {
        let listed = |(version, actual): (&u32, &ObservedPackage)| ListedPackage {
            package: PackageArn::parse(&arn(MODEL, *version)).unwrap(),
            actual: actual.clone(),
        };
        Ok(self.inner().packages.iter().map(listed).collect())
    }

    async fn package(&self, package: &PackageArn) -> PortResult<Option<ObservedPackage>> {
        Ok(self.inner().packages.get(&package.version()).cloned())
    }
}

impl Endpoints for Client<'_> {
    async fn describe(&self, endpoint: &EndpointName) -> PortResult<Option<ObservedEndpoint>> {
        Ok(self.fleet.inner().endpoints.get(&(self.account.to_owned(), endpoint.to_string())).cloned())
    }

    async fn create_model(&self, request: &ModelRequest) -> PortResult<()> {
        assert_eq!(request.role.account(), self.account, "the containers' role is of the account that they run in");
        self.note("CreateModel", version(&request.model));
        Ok(())
    }

    async fn create_config(&self, request: &ServingRequest) -> PortResult<()> {
        self.note("CreateEndpointConfig", version(&request.name));
        Ok(())
    }

    async fn create(&self, request: &EndpointRequest) -> PortResult<UpdateAccepted> {
        self.move_to("CreateEndpoint", request)
    }

    async fn update(&self, request: &EndpointRequest) -> PortResult<UpdateAccepted> {
        self.move_to("UpdateEndpoint", request)
    }

    async fn delete(&self, endpoint: &EndpointName) -> PortResult<()> {
        self.note("DeleteEndpoint", endpoint.as_str());
        let mut inner = self.fleet.inner();
        let there = inner.endpoints.get_mut(&(self.account.to_owned(), endpoint.to_string())).unwrap();
        there.status = EndpointStatus::Deleting;
        Ok(())
    }
}

impl Alarms for Client<'_> {
    async fn describe(&self, alarms: &[AlarmName]) -> PortResult<Vec<ObservedAlarm>> {
        let state = if self.fleet.inner().silent { AlarmState::InsufficientData } else { AlarmState::Ok };
        let actual = |name: &AlarmName| ObservedAlarm {
            arn: AlarmArn::parse(&format!("arn:aws:cloudwatch:eu-west-1:{}:alarm:{name}", self.account)).unwrap(),
            name: name.clone(),
            state: state.clone(),
            since: None,
            drift: None,
            features: vec![],
            children: vec![],
            suppressed: false,
        };
        Ok(alarms.iter().map(actual).collect())
    }
}

impl Scaling for Client<'_> {
    async fn scale(&self, endpoint: &EndpointName, _: &Autoscaling) -> PortResult<()> {
        self.note("PutScalingPolicy", endpoint.as_str());
        Ok(())
    }

    async fn schedule(&self, endpoint: &EndpointName, _: &Autoscaling) -> PortResult<()> {
        self.note("PutScheduledActions", endpoint.as_str());
        Ok(())
    }
}

impl Invocations for Client<'_> {
    async fn invoke(&self, _: &EndpointName, _: &SmokeTest) -> PortResult<SmokeTestResult> {
        Ok(match self.fleet.inner().broken {
            true => SmokeTestResult::Failed("the model answered 500".into()),
            false => SmokeTestResult::Passed { took: SignedDuration::from_millis(20) },
        })
    }
}

impl Transforms for Client<'_> {
    async fn find(&self, _: &str) -> PortResult<Option<ObservedTransform>> {
        Ok(None)
    }

    async fn start(&self, request: &TransformRequest) -> PortResult<()> {
        self.note("CreateTransformJob", version(&request.model));
        Ok(())
    }
}

impl<'a> StageAccounts for &'a Fleet {
    type Endpoints = Client<'a>;
    type Transforms = Client<'a>;
    type Scaling = Client<'a>;
    type Alarms = Client<'a>;
    type Invocations = Client<'a>;

    async fn clients_for(&self, place: Option<&CrossAccountRole>) -> PortResult<StageClientsOf<Self>> {
        let account = match place.map(|place| place.role.account()) {
            None => HUB,
            Some(STAGING) => STAGING,
            Some(other) => panic!("no role for account {other}"),
        };
        let client = || Client { fleet: self, account };
        Ok(StageClients {
            endpoints: client(),
            transforms: client(),
            scaling: client(),
            alarms: client(),
            invocations: client(),
        })
    }
}

pub(super) fn lifecycle(stage: &str, status: &str) -> LifeCycle {
    LifeCycle { stage: stage.into(), stage_status: status.into() }
}
