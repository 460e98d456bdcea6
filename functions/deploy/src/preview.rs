//! The state that AWS would report if the event described it completely: for planning offline.

use trimtab_core::event::{Approval, Body, EndpointStatus, Event};
use trimtab_core::fact::FactKind;
use trimtab_core::port::{ObservedEndpoint, ObservedPackage, ObservedTransform};

use crate::observation::Observed;

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
        Body::CodePipelineExecution(execution) => {
            Observed { pipeline: Some(execution.state.clone()), ..Observed::default() }
        }
        _ => Observed::default(),
    }
}

/// A plan assumes that the endpoint exists; the version that it serves is unknown.
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
