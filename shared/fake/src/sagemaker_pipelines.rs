//! Definitions of SageMaker pipelines.

use std::collections::BTreeMap;

use trimtab_core::name::{CommitId, PipelineName};
use trimtab_core::port::{DefinitionRequest, Definitions, ObservedDefinition, PortResult};

use crate::services::Services;

/// The pipelines, and the definitions that they received.
#[derive(Debug, Default)]
pub struct State {
    /// By name.
    pub pipelines: BTreeMap<String, ObservedDefinition>,
    /// In order.
    pub definitions: Vec<Defined>,
}

/// A definition that a pipeline received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defined {
    /// `create` or `update`.
    pub call: &'static str,
    /// The pipeline.
    pub pipeline: String,
    /// The commit of the definition.
    pub commit: CommitId,
    /// Its text.
    pub text: String,
    /// The token of the request.
    pub token: String,
}

impl State {
    fn define(&mut self, call: &'static str, request: &DefinitionRequest, text: &str) {
        let (pipeline, commit) = (request.pipeline.to_string(), request.commit.clone());
        self.pipelines.insert(pipeline.clone(), ObservedDefinition { commit: Some(commit.clone()) });
        self.definitions.push(Defined { call, pipeline, commit, text: text.to_owned(), token: request.token.clone() });
    }
}

impl Definitions for Services {
    async fn describe(&self, pipeline: &PipelineName) -> PortResult<Option<ObservedDefinition>> {
        let name = pipeline.as_str();
        self.query("definitions.describe", name, || self.pipelines().pipelines.get(name).cloned())
    }

    async fn create(&self, request: &DefinitionRequest, text: &str) -> PortResult<()> {
        self.effect("definitions.create", &format!("{} {}", request.pipeline, request.commit), || {
            self.pipelines().define("create", request, text);
        })
    }

    async fn update(&self, request: &DefinitionRequest, text: &str) -> PortResult<()> {
        self.effect("definitions.update", &format!("{} {}", request.pipeline, request.commit), || {
            self.pipelines().define("update", request, text);
        })
    }
}
