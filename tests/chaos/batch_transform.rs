//! Setup for batch transform jobs.

use serde_json::{Value, json};
use trimtab_core::policy::Policy;

use super::Environment;
use super::cloud::event;
use super::setup::until;

impl Environment {
    /// `policies/leads.toml` for a model of this name.
    pub(super) async fn apply_transform(&self, model: &str) {
        let text = include_str!("../../policies/leads.toml").replace("leads", model);
        let mut policy = Policy::parse("policy.toml", &text).unwrap();
        policy.reconcile = None;
        self.ledger.apply(&policy).await.unwrap();
    }

    /// The model's jobs with this status, or all jobs.
    pub(super) async fn transforms(&self, model: &str, status: Option<&str>) -> Vec<String> {
        let call = self.sagemaker.list_transform_jobs().name_contains(format!("trimtab-{model}-v"));
        let jobs = call.send().await.unwrap().transform_job_summaries.unwrap_or_default();
        let wanted = jobs.into_iter().filter(|job| {
            let found = job.transform_job_status().map(|found| found.as_str());
            status.is_none() || found == status
        });
        wanted.filter_map(|job| job.transform_job_name).collect()
    }
}

pub(super) async fn ended(env: &Environment, model: &str) -> Value {
    let job = until("a job that has ended", async || env.transforms(model, Some("Completed")).await.into_iter().next());
    let job = job.await;
    let detail = json!({"TransformJobName": job, "TransformJobStatus": "Completed"});
    event("aws.sagemaker", "SageMaker Transform Job State Change", &job, &detail)
}
