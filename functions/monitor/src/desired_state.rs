//! Definition, schedule and alarm of one kind of drift, derived from the policy and the version's baseline. Pure.

use serde::Serialize;
use trimtab_core::event::DriftKind;
use trimtab_core::name::{AlarmName, EndpointName, ModelName, PackageArn, S3Uri};
use trimtab_core::policy::Policy;
use trimtab_core::policy::monitor::{ModelQuality, Monitor, alarm_name, schedule_name, slug};
use trimtab_core::port::{
    AlarmRequest, BASELINE_JOBS, Baseline, BaselineRequest, JobDefinition, Labels, MonitoringJob, ScheduleRequest,
};
use trimtab_core::text::digest;

use crate::kind::code;

/// One kind of drift that a policy has a table for, and the resources that monitor it.
#[derive(Debug, Clone, Copy)]
pub struct DesiredState<'a> {
    /// The model.
    pub model: &'a ModelName,
    /// The monitored endpoint.
    pub endpoint: &'a EndpointName,
    monitor: &'a Monitor,
    /// The kind of drift.
    pub kind: DriftKind,
}

impl<'a> DesiredState<'a> {
    /// `None` if the policy has no table for this kind.
    #[must_use]
    pub fn of(policy: &'a Policy, kind: DriftKind) -> Option<Self> {
        let monitor = policy.monitor.as_ref().filter(|monitor| monitor.kinds().contains(&kind))?;
        Some(Self { model: &policy.model, endpoint: &policy.endpoint()?.name, monitor, kind })
    }

    /// The job that computes the version's baseline; `None` if the policy names no data set.
    #[must_use]
    pub fn baseline_request(&self, package: &PackageArn) -> Option<BaselineRequest> {
        let quality = self.quality();
        let own = quality.and_then(|rules| rules.baseline.as_ref());
        let dataset = own.or(self.monitor.baseline.as_ref())?.clone();
        let label = quality.and_then(|rules| rules.label.clone());
        let prediction = quality.and_then(|rules| rules.prediction.clone());
        let job = self.job("baselines", self.config().cloned())?;
        let mut request =
            BaselineRequest { name: package.to_string(), kind: self.kind, dataset, label, prediction, job };
        let name = format!("{BASELINE_JOBS}{}-{}-{}", self.model, code(self.kind), fingerprint(&request));
        request.job.output = under(&request.job.output, &name)?;
        request.name = name;
        Some(request)
    }

    /// The baseline that the completed job wrote; `None` if its location is no valid S3 URI.
    #[must_use]
    pub fn computed(&self, request: &BaselineRequest) -> Option<Baseline> {
        let (statistics, constraints) = match self.kind {
            DriftKind::DataQuality | DriftKind::ModelQuality => (Some("statistics.json"), "constraints.json"),
            DriftKind::Bias | DriftKind::FeatureAttribution => (None, "analysis.json"),
        };
        let output = &request.job.output;
        Some(Baseline {
            statistics: statistics.and_then(|file| under(output, file)),
            constraints: under(output, constraints)?,
            config: request.job.config.clone(),
        })
    }

    /// The definition of the monitoring job; `None` without a configuration for Clarify.
    #[must_use]
    pub fn definition(&self, baseline: &Baseline) -> Option<JobDefinition> {
        let config = baseline.config.as_ref().or_else(|| self.config());
        let clarify = matches!(self.kind, DriftKind::Bias | DriftKind::FeatureAttribution);
        if clarify && config.is_none() {
            return None;
        }
        let job = self.job("reports", config.filter(|_| clarify).cloned())?;
        let mut definition = JobDefinition {
            name: String::new(),
            kind: self.kind,
            endpoint: self.endpoint.clone(),
            baseline: Baseline { config: None, ..baseline.clone() },
            labels: self.labels(),
            inference: self.quality().map(|rules| rules.inference.clone()),
            job,
        };
        definition.name = format!("{}-{}", self.schedule(), fingerprint(&definition));
        Some(definition)
    }

    /// Name of the schedule.
    #[must_use]
    pub fn schedule(&self) -> String {
        schedule_name(self.model, self.kind)
    }

    /// The schedule that runs this definition.
    #[must_use]
    pub fn schedule_request(&self, definition: &str) -> ScheduleRequest {
        let (name, expression) = (self.schedule(), self.monitor.cron());
        ScheduleRequest { name, kind: self.kind, definition: definition.to_owned(), expression }
    }

    /// The alarm on the metric that the schedule publishes; `None` without a metric for this kind.
    #[must_use]
    pub fn alarm(&self) -> Option<AlarmRequest> {
        let measure = self.monitor.measure(self.kind, self.endpoint, &self.schedule())?;
        Some(AlarmRequest {
            name: AlarmName::parse(&alarm_name(self.endpoint, self.kind)).ok()?,
            description: format!(
                "Drift of {} on {}: made by trimtab monitor, for model {}",
                self.kind, self.endpoint, self.model
            ),
            measure,
            period: i32::try_from(self.monitor.every.as_secs()).unwrap_or(i32::MAX),
        })
    }

    fn config(&self) -> Option<&'a S3Uri> {
        match self.kind {
            DriftKind::Bias => self.monitor.bias.as_ref()?.config.as_ref(),
            DriftKind::FeatureAttribution => self.monitor.feature_attribution.as_ref()?.config.as_ref(),
            DriftKind::DataQuality | DriftKind::ModelQuality => None,
        }
    }

    fn quality(&self) -> Option<&'a ModelQuality> {
        self.monitor.model_quality.as_ref().filter(|_| self.kind == DriftKind::ModelQuality)
    }

    fn labels(&self) -> Option<Labels> {
        let ground_truth = match self.kind {
            DriftKind::ModelQuality => &self.monitor.model_quality.as_ref()?.ground_truth,
            DriftKind::Bias => &self.monitor.bias.as_ref()?.ground_truth,
            DriftKind::DataQuality | DriftKind::FeatureAttribution => return None,
        };
        let until = self.monitor.label_delay.as_hours();
        let from = until + self.monitor.every.as_hours();
        Some(Labels { ground_truth: ground_truth.clone(), from: format!("-PT{from}H"), until: format!("-PT{until}H") })
    }

    fn job(&self, folder: &str, config: Option<S3Uri>) -> Option<MonitoringJob> {
        let Monitor { role, images, instance_type, output, kms_key, network, .. } = self.monitor;
        let image = match self.kind {
            DriftKind::DataQuality | DriftKind::ModelQuality => &images.analyzer,
            DriftKind::Bias | DriftKind::FeatureAttribution => images.clarify.as_ref()?,
        };
        Some(MonitoringJob {
            role: role.clone(),
            image: image.clone(),
            instance_type: instance_type.clone(),
            output: under(output, &format!("{folder}/{}", slug(self.kind)))?,
            kms_key: kms_key.clone(),
            network: network.clone(),
            problem: self.quality().map(|rules| rules.problem),
            config,
        })
    }
}

fn under(place: &S3Uri, name: &str) -> Option<S3Uri> {
    S3Uri::parse(&format!("{}/{name}", place.as_str().trim_end_matches('/'))).ok()
}

/// Identity of a content; 8 hexadecimal digits.
pub fn fingerprint<T: Serialize>(content: &T) -> String {
    digest(&[&serde_json::to_string(content).unwrap_or_default()], 8)
}
