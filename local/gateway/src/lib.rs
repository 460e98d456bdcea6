//! The one endpoint of the local cloud. Routes each call by the service that its signature names to
//! MiniStack or moto, plays what neither has with AWS's semantics, sends the events that AWS would
//! send, and keeps a journal of it all. Knows nothing about the suite.

mod accounts;
mod alarms;
mod backends;
mod cloudformation;
mod codebuild;
mod codecommit;
mod codepipeline;
mod control;
mod ecr;
mod events;
mod faults;
mod journal;
mod kubeflow;
mod mwaa;
mod proxy;
mod route;
mod sagemaker;
mod trail;
mod wire;
mod world;

use std::future::IntoFuture;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use tokio::net::TcpListener;

pub use faults::FaultKind;
pub use world::Config;
use world::World;

/// Serves on `listener` until `shutdown` is done, and lets calls under way finish.
///
/// # Errors
/// The HTTP client cannot be made, or the listener fails.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (cluster, place) = kubeflow::tls::bind().await?;
    let world = Arc::new(World::new(config, place)?);
    let beside = Router::new().fallback(kubeflow::handle).with_state(Arc::clone(&world));
    let beside = tokio::spawn(axum::serve(cluster, beside).into_future());
    let watch = tokio::spawn(alarms::watch(Arc::clone(&world)));
    let router = Router::new()
        .route("/_trimtab/health", get(control::health))
        .route("/_trimtab/journal", get(control::journal))
        .route("/_trimtab/pace", post(control::pace))
        .route("/_trimtab/hold", post(control::hold))
        .route("/_trimtab/release", post(control::release))
        .route("/_trimtab/fate", post(control::fate))
        .route("/_trimtab/endpoint", post(control::endpoint))
        .route("/_trimtab/lose", post(control::lose))
        .route("/_trimtab/person", post(control::person))
        .route("/_trimtab/monitoring", post(control::monitoring))
        .route("/_trimtab/airflow", post(mwaa::put))
        .route("/_trimtab/kubeflow", get(kubeflow::look).post(kubeflow::put))
        .route("/_trimtab/fault", post(control::fault))
        .route("/_trimtab/calls", get(control::calls))
        .route("/_trimtab/struck", get(control::struck))
        .fallback(proxy::handle)
        .with_state(world);
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await?;
    watch.abort();
    beside.abort();
    Ok(())
}
