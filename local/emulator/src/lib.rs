//! The endpoint of the local cloud. It forwards each call to MiniStack or moto, by the service in the signature, and
//! emulates the AWS services that neither has. It sends the events that AWS sends, injects faults, and records all calls
//! and events in a journal. It does not depend on Trimtab.

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

/// Serves on `listener` until `shutdown` completes, then finishes the calls in progress.
///
/// # Errors
/// The HTTP client cannot be created, or the listener fails.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (kubeflow_listener, address) = kubeflow::tls::bind().await?;
    let world = Arc::new(World::new(config, address)?);
    let kubeflow_router = Router::new().fallback(kubeflow::handle).with_state(Arc::clone(&world));
    let kubeflow_server = tokio::spawn(axum::serve(kubeflow_listener, kubeflow_router).into_future());
    let alarm_events = tokio::spawn(alarms::send_changes(Arc::clone(&world)));
    let router = Router::new()
        .route("/_trimtab/health", get(control::health))
        .route("/_trimtab/journal", get(control::journal))
        .route("/_trimtab/pace", post(control::pace))
        .route("/_trimtab/hold", post(control::hold))
        .route("/_trimtab/release", post(control::release))
        .route("/_trimtab/fate", post(control::fate))
        .route("/_trimtab/endpoint", post(control::endpoint))
        .route("/_trimtab/lose", post(control::lose))
        .route("/_trimtab/principal", post(control::principal))
        .route("/_trimtab/monitoring", post(control::monitoring))
        .route("/_trimtab/airflow", post(mwaa::put))
        .route("/_trimtab/kubeflow", get(kubeflow::state).post(kubeflow::put))
        .route("/_trimtab/fault", post(control::fault))
        .route("/_trimtab/calls", get(control::calls))
        .route("/_trimtab/injected", get(control::injected))
        .fallback(proxy::handle)
        .with_state(world);
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await?;
    alarm_events.abort();
    kubeflow_server.abort();
    Ok(())
}
