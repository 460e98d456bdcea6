//! Ports that record each call with its account, respond as configured, and fail at the configured
//! call.

use std::collections::BTreeMap;

use trimtab_core::failure::Failure;
use trimtab_core::name::StackName;
use trimtab_core::port::{ObservedStack, StackAccepted, StackCall, StackRequest, Stacks};

use super::*;

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Transient,
    Permanent,
}

#[derive(Default)]
pub(super) struct Witness {
    /// Account and call, in order.
    pub(super) asked: Mutex<Vec<String>>,
    /// The call that fails, from 0.
    pub(super) fails: Option<(usize, How)>,
    pub(super) package: Option<ObservedPackage>,
    pub(super) listed: Vec<ListedPackage>,
    pub(super) endpoint: Option<ObservedEndpoint>,
    pub(super) alarms: BTreeMap<String, AlarmState>,
    pub(super) stack: Option<ObservedStack>,
    pub(super) execution: Option<String>,
}

/// One account's clients.
pub(super) struct There<'a>(&'a Witness, String);

impl Witness {
    fn ask(&self, account: &str, call: &str, about: &str) -> PortResult<()> {
        let mut asked = self.asked.lock().unwrap();
        asked.push(format!("{account} {call} {about}").trim_end().to_owned());
        match self.fails {
            Some((at, How::Transient)) if at + 1 == asked.len() => Err(Failure::transient("a:Call", "throttled")),
            Some((at, How::Permanent)) if at + 1 == asked.len() => Err(Failure::permanent("a:Call", "denied")),
            _ => Ok(()),
        }
    }

    fn here(&self, call: &str, about: &str) -> PortResult<()> {
        self.ask("here", call, about)
    }

    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl There<'_> {
    fn ask(&self, call: &str, about: &str) -> PortResult<()> {
        self.0.ask(&self.1, call, about)
    }
}

impl Registry for &Witness {
    async fn newest(&self, group: &GroupName) -> PortResult<Vec<ListedPackage>> {
        self.here("ListModelPackages", group.as_str())?;
        Ok(self.listed.clone())
    }

    async fn package(&self, package: &PackageArn) -> PortResult<Option<ObservedPackage>> {
        self.here("DescribeModelPackage", &format!("v{}", package.version()))?;
        Ok(self.package.clone())
    }
}

impl Endpoints for There<'_> {
    async fn describe(&self, endpoint: &EndpointName) -> PortResult<Option<ObservedEndpoint>> {
        self.ask("DescribeEndpoint", endpoint.as_str())?;
        Ok(self.0.endpoint.clone())
    }

    async fn create_model(&self, _: &ModelRequest) -> PortResult<()> {
        self.ask("CreateModel", "")
    }

    async fn create_config(&self, _: &ServingRequest) -> PortResult<()> {
        self.ask("CreateEndpointConfig", "")
    }

    async fn create(&self, _: &EndpointRequest) -> PortResult<UpdateAccepted> {
        self.ask("CreateEndpoint", "").map(|()| UpdateAccepted::Started)
    }

    async fn update(&self, _: &EndpointRequest) -> PortResult<UpdateAccepted> {
        self.ask("UpdateEndpoint", "").map(|()| UpdateAccepted::Busy)
    }

    async fn delete(&self, endpoint: &EndpointName) -> PortResult<()> {
        self.ask("DeleteEndpoint", endpoint.as_str())
    }
}

impl Alarms for There<'_> {
    async fn describe(&self, alarms: &[AlarmName]) -> PortResult<Vec<ObservedAlarm>> {
        let names: Vec<&str> = alarms.iter().map(|name| name.as_str()).collect();
        self.ask("DescribeAlarms", &names.join(","))?;
        let actual = |name: &AlarmName| {
            Some(ObservedAlarm {
                arn: AlarmArn::parse(&format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}")).unwrap(),
                name: name.clone(),
                state: self.0.alarms.get(name.as_str())?.clone(),
                since: None,
                drift: None,
                features: vec![],
                children: vec![],
                suppressed: false,
            })
        };
        Ok(alarms.iter().filter_map(actual).collect())
    }
}

impl Scaling for There<'_> {
    async fn scale(&self, endpoint: &EndpointName, _: &Autoscaling) -> PortResult<()> {
        self.ask("PutScalingPolicy", endpoint.as_str())
    }

    async fn schedule(&self, endpoint: &EndpointName, _: &Autoscaling) -> PortResult<()> {
        self.ask("PutScheduledAction", endpoint.as_str())
    }
}

impl Invocations for There<'_> {
    async fn invoke(&self, endpoint: &EndpointName, smoke: &SmokeTest) -> PortResult<SmokeTestResult> {
        self.ask("InvokeEndpoint", &format!("{endpoint} {}", smoke.body))?;
        Ok(SmokeTestResult::Failed("500".into()))
    }
}

impl Transforms for There<'_> {
    async fn find(&self, job: &str) -> PortResult<Option<ObservedTransform>> {
        self.ask("DescribeTransformJob", job)?;
        Ok(Some(ObservedTransform::Running))
    }

    async fn start(&self, _: &TransformRequest) -> PortResult<()> {
        self.ask("CreateTransformJob", "")
    }
}

impl CodePipelines for &Witness {
    async fn find(&self, _: &CodePipelineRequest) -> PortResult<Option<String>> {
        self.here("ListPipelineExecutions", "")?;
        Ok(self.execution.clone())
    }

    async fn start(&self, _: &CodePipelineRequest) -> PortResult<String> {
        self.here("StartPipelineExecution", "").map(|()| "new".to_owned())
    }

    async fn state(&self, pipeline: &CodePipelineName, execution: &str) -> PortResult<Option<CodePipelineState>> {
        self.here("GetPipelineExecution", &format!("{pipeline} {execution}"))?;
        Ok(Some(CodePipelineState::Succeeded))
    }
}

impl Stacks for &Witness {
    async fn describe(&self, stack: &StackName) -> PortResult<Option<ObservedStack>> {
        self.here("DescribeStacks", stack.as_str())?;
        Ok(self.stack.clone())
    }

    async fn create(&self, _: &StackRequest) -> PortResult<StackAccepted> {
        self.here("CreateStack", "").map(|()| StackAccepted::Started)
    }

    async fn update(&self, _: &StackRequest) -> PortResult<StackAccepted> {
        self.here("UpdateStack", "").map(|()| StackAccepted::Nothing)
    }

    async fn proceed(&self, _: &StackCall) -> PortResult<()> {
        self.here("ContinueUpdateRollback", "")
    }

    async fn delete(&self, _: &StackCall) -> PortResult<()> {
        self.here("DeleteStack", "")
    }
}

impl<'a> StageAccounts for &'a Witness {
    type Endpoints = There<'a>;
    type Transforms = There<'a>;
    type Scaling = There<'a>;
    type Alarms = There<'a>;
    type Invocations = There<'a>;

    async fn clients_for(&self, account: Option<&CrossAccountRole>) -> PortResult<StageClientsOf<Self>> {
        let id = account.map_or("here", |account| account.role.account());
        if account.is_some() {
            // A role that cannot be assumed fails here.
            self.ask(id, "AssumeRole", "")?;
        }
        let there = || There(self, id.to_owned());
        Ok(StageClients {
            endpoints: there(),
            transforms: there(),
            scaling: there(),
            alarms: there(),
            invocations: there(),
        })
    }
}

pub(super) fn reaction(witness: &Witness) -> Reaction<&Witness, &Witness, &Witness, &Witness> {
    Reaction { registry: witness, accounts: witness, pipelines: witness, stacks: witness }
}
