//! Resources that users create, and the port of `guard` to them.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use trimtab_core::event::Resource;
use trimtab_core::port::PortResult;
use trimtab_core::port::{Activity, ObservedResource, Resources, StopOutcome};

use crate::Site;
use crate::events;
use crate::journal::Happening;
use crate::services::{Function, Item, Services, Sim};

/// The time between the stop request and the end of a job.
const STOPPING: SignedDuration = SignedDuration::from_mins(2);

/// The job of the flows with one job.
const JOB: CreatedResource = CreatedResource { call: "CreateTrainingJob", role: MAYA, tagged: false };

/// The roles that create resources: a user's, and one of Trimtab, which the policy exempts.
const MAYA: &str = "data-science";
const TRIMTAB: &str = "trimtab-retrain";

/// A resource and the call that creates it. A resource without tags violates a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CreatedResource {
    call: &'static str,
    role: &'static str,
    tagged: bool,
}

/// One resource of each kind that violates a rule, one that violates none, and one of an exempt role.
pub(crate) const KINDS: [CreatedResource; 6] = [
    JOB,
    CreatedResource { call: "CreateProcessingJob", ..JOB },
    CreatedResource { call: "CreateNotebookInstance", ..JOB },
    CreatedResource { call: "CreateEndpointConfig", ..JOB },
    CreatedResource { tagged: true, ..JOB },
    CreatedResource { role: TRIMTAB, ..JOB },
];

impl CreatedResource {
    /// The names of the kind in the policy, in requests and in ARNs.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self.call {
            "CreateProcessingJob" => ("processing", "processingJobName", "processing-job"),
            "CreateNotebookInstance" => ("notebook", "notebookInstanceName", "notebook-instance"),
            "CreateEndpointConfig" => ("endpoint-config", "endpointConfigName", "endpoint-config"),
            _ => ("training", "trainingJobName", "training-job"),
        }
    }

    fn name(self) -> &'static str {
        match (self.tagged, self.role) {
            (true, _) => "churn-with-tags",
            (_, TRIMTAB) => "churn-by-the-suite",
            _ => "churn-by-hand",
        }
    }

    pub(crate) fn arn(self) -> String {
        format!("arn:aws:sagemaker:eu-west-1:{}:{}/{}", events::ACCOUNT, self.words().2, self.name())
    }

    /// The name of the kind in the policy.
    pub(crate) fn kind(self) -> &'static str {
        self.words().0
    }

    /// Whether this CloudTrail event reports the creation of the resource.
    pub(crate) fn is_in(self, event: &Value) -> bool {
        let detail = &event["detail"];
        detail["eventName"] == self.call && detail["requestParameters"][self.words().1] == self.name()
    }

    /// Whether a user created the resource without tags.
    pub(crate) fn is_wrong(self) -> bool {
        !self.tagged && self.role == MAYA
    }

    /// The observed resource, which violates no rule except the one on tags.
    fn actual(self, at: Timestamp) -> ObservedResource {
        let tags = [("owner", "maya"), ("model", "churn")].into_iter().filter(|_| self.tagged);
        let runs = self.kind() != "endpoint-config";
        ObservedResource {
            arn: self.arn(),
            created: at,
            activity: if runs { Activity::Running } else { Activity::Over },
            tags: tags.map(|(tag, value)| (tag.to_owned(), value.to_owned())).collect(),
            keys: [("volume", true), ("output", true)].into(),
            vpc: Some(true),
            isolated: Some(true),
            instance_types: vec!["ml.m5.large".to_owned()],
            images: vec![],
        }
    }
}

impl Services {
    /// A user creates a job without tags.
    pub(crate) fn create_job(&mut self) {
        self.create_resource(JOB);
    }

    /// A user creates the resource.
    pub(crate) fn create_resource(&mut self, resource: CreatedResource) {
        self.made.insert(resource.arn(), resource.actual(self.now));
        self.record(Happening::MadeByHand(resource));
        let event = events::call(resource.call, resource.words().1, resource.name(), resource.role, self.now);
        self.emit(Function::Guard, true, &event);
    }

    /// The owner adds the tags to the job.
    pub(crate) fn tag_job(&mut self) {
        let Some(job) = self.made.get_mut(&JOB.arn()) else { return };
        job.tags = [("owner", "maya"), ("model", "churn")].map(|(tag, value)| (tag.into(), value.into())).into();
        self.record(Happening::Corrected);
        let event = events::call("AddTags", "resourceArn", &JOB.arn(), MAYA, self.now);
        self.emit(Function::Guard, true, &event);
    }

    pub(crate) fn job_ends(&mut self) {
        self.note(|| "the job has stopped".to_owned());
    }
}

fn arn(resource: &Resource) -> String {
    format!("arn:aws:sagemaker:eu-west-1:{}:{}/{}", events::ACCOUNT, resource.kind.in_arn(), resource.name)
}

impl Resources for Sim {
    async fn describe(&self, resource: &Resource) -> PortResult<Option<ObservedResource>> {
        let arn = arn(resource);
        self.call(Site::ResourcesDescribe, move |services| Ok(services.made.get(&arn).cloned())).await
    }

    async fn stop(&self, resource: &Resource) -> PortResult<StopOutcome> {
        let arn = arn(resource);
        self.call(Site::ResourcesStop, move |services| {
            let Some(job) = services.made.get_mut(&arn) else { return Ok(StopOutcome::AlreadyEnded) };
            if job.activity == Activity::Over {
                return Ok(StopOutcome::AlreadyEnded);
            }
            if job.activity == Activity::Running {
                job.activity = Activity::Stopped;
                *services.stops.entry(arn).or_default() += 1;
                services.after(STOPPING, Item::JobEnds);
            }
            Ok(StopOutcome::Stopped)
        })
        .await
    }
}
