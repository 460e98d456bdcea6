//! What AWS would say if an event were the whole truth: for planning offline.

use trimtab_core::event::{Approval, Body, EndpointStatus, Event};
use trimtab_core::fact::FactKind;
use trimtab_core::port::{ObservedEndpoint, ObservedPackage, ObservedTransform};

use crate::decide::Observed;

pub(crate) fn of(event: &Event) -> Observed {
    match &event.body {
        Body::Package(package) => Observed {
            package: Some(ObservedPackage {
                approval: package.approval.clone(),
                status: package.status.clone(),
                lifecycle: package.lifecycle.clone(),
            }),
            ..on_an_endpoint()
        },
        Body::Fact(fact) => {
            let approval = match fact.kind {
                FactKind::PromotionRequested => Approval::Approved,
                FactKind::WithdrawalRequested => Approval::Rejected,
                _ => return Observed::default(),
            };
            let package = Some(ObservedPackage { approval, status: "Completed".to_owned(), lifecycle: None });
            Observed { package, ..on_an_endpoint() }
        }
        Body::Endpoint(endpoint) => Observed {
            endpoint: Some(ObservedEndpoint {
                status: endpoint.status.clone(),
                config: endpoint.config.clone(),
                pending: None,
                failure: None,
                modified: None,
            }),
            ..Observed::default()
        },
        Body::TransformJob(job) => {
            let transform = match job.status.as_str() {
                "Completed" => ObservedTransform::Completed { output: String::new() },
                "Failed" | "Stopped" => ObservedTransform::Ended(job.status.clone()),
                _ => ObservedTransform::Running,
            };
            Observed { transform: Some(transform), ..Observed::default() }
        }
        Body::CodePipelineExecution(delivery) => {
            Observed { delivery: Some(delivery.state.clone()), ..Observed::default() }
        }
        _ => Observed::default(),
    }
}

/// Somebody who plans a rollout has an endpoint; which version it serves is not known.
fn on_an_endpoint() -> Observed {
    Observed {
        endpoint: Some(ObservedEndpoint {
            status: EndpointStatus::InService,
            config: None,
            pending: None,
            failure: None,
            modified: None,
        }),
        ..Observed::default()
    }
}
