//! Each call about a run reaches the adapter of the engine that the policy names, and no other.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use retrain::engines::Backends;
use trimtab_core::event::RunStatus;
use trimtab_core::memory::run;
use trimtab_core::name::{KubeflowId, RunId};
use trimtab_core::policy::{Engine, Policy};
use trimtab_core::port::PortResult;
use trimtab_core::port::{RunRequest, Runs};

type Calls = Arc<Mutex<Vec<String>>>;

/// An adapter that records which calls it gets, and responds with its own name.
struct Adapter(&'static str, Calls);

impl Adapter {
    fn called(&self, verb: &str) -> RunId {
        self.1.lock().unwrap().push(format!("{} {verb}", self.0));
        RunId::Kubeflow(KubeflowId::parse(self.0).unwrap())
    }
}

impl Runs for Adapter {
    async fn find(&self, _: &RunRequest) -> PortResult<Option<RunId>> {
        Ok(Some(self.called("find")))
    }

    async fn start(&self, _: &RunRequest) -> PortResult<RunId> {
        Ok(self.called("start"))
    }

    async fn status(&self, _: &Engine, _: &RunId) -> PortResult<Option<RunStatus>> {
        self.called("status");
        Ok(Some(RunStatus::Other(self.0.to_owned())))
    }
}

/// Each engine as an example policy names it, and the adapter that it must reach.
const ENGINES: [(&str, &str); 5] = [
    ("pipelines", include_str!("../../../policies/churn.toml")),
    ("statemachines", include_str!("../../../policies/forecast.toml")),
    ("airflow", include_str!("../../../policies/pricing.toml")),
    ("kubeflow", include_str!("../../../policies/ranking.toml")),
    ("codepipeline", include_str!("../../../policies/segments.toml")),
];

#[test]
fn each_engine_reaches_its_own_adapter_only() {
    for (adapter, text) in ENGINES {
        let engine = Policy::parse("policy.toml", text).unwrap().retrain.unwrap().engine;
        let calls = Calls::default();
        let of = |name| Adapter(name, Arc::clone(&calls));
        let backends = Backends {
            sagemaker_pipelines: of("pipelines"),
            step_functions: of("statemachines"),
            airflow: of("airflow"),
            kubeflow: of("kubeflow"),
            codepipeline: of("codepipeline"),
        };
        let request = RunRequest {
            engine: engine.clone(),
            display_name: "incident".to_owned(),
            token: "t".repeat(32),
            parameters: [].into(),
            since: Timestamp::UNIX_EPOCH,
        };
        let own = RunId::Kubeflow(KubeflowId::parse(adapter).unwrap());
        assert_eq!(run(backends.find(&request)).unwrap().unwrap(), Some(own.clone()), "{engine:?}");
        assert_eq!(run(backends.start(&request)).unwrap().unwrap(), own, "{engine:?}");
        let status = run(backends.status(&engine, &own)).unwrap().unwrap();
        assert_eq!(status, Some(RunStatus::Other(adapter.to_owned())), "{engine:?}");
        let expected = ["find", "start", "status"].map(|verb| format!("{adapter} {verb}"));
        assert_eq!(*calls.lock().unwrap(), expected, "calls for {engine:?}");
    }
}
