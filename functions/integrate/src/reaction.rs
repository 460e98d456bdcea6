//! `integrate` with its ports.

/// The ports of `integrate`.
#[derive(Debug)]
pub struct Reaction<R, P, B, C, I, D, U, L> {
    /// CodeCommit's repositories.
    pub repositories: R,
    /// CodeCommit's pull requests.
    pub pulls: P,
    /// CodeBuild.
    pub builds: B,
    /// CodePipeline, as a builder.
    pub pipelines: C,
    /// ECR.
    pub images: I,
    /// SageMaker's pipelines.
    pub definitions: D,
    /// Trimtab's bus, for the facts of training images.
    pub bus: U,
    /// The ledger, for the records of other aggregates.
    pub ledger: L,
}
