//! What AWS would say if an event were the whole truth: for planning offline.

use trimtab_core::event::{Approval, Body, EndpointStatus, Event};
use trimtab_core::fact::FactKind;
use trimtab_core::port::ml::{EndpointTruth, PackageTruth, TransformTruth};

use crate::decide::Seen;

pub(crate) fn of(event: &Event) -> Seen {
    match &event.body {
        Body::Package(package) => Seen {
            package: Some(PackageTruth {
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
                _ => return Seen::default(),
            };
            let package = Some(PackageTruth { approval, status: "Completed".to_owned(), lifecycle: None });
            Seen { package, ..on_an_endpoint() }
        }
        Body::Endpoint(endpoint) => Seen {
            endpoint: Some(EndpointTruth {
                status: endpoint.status.clone(),
                config: endpoint.config.clone(),
                pending: None,
                failure: None,
                modified: None,
            }),
            ..Seen::default()
        },
        Body::TransformJob(job) => {
            let transform = match job.status.as_str() {
                "Completed" => TransformTruth::Completed { output: String::new() },
                "Failed" | "Stopped" => TransformTruth::Ended(job.status.clone()),
                _ => TransformTruth::Running,
            };
            Seen { transform: Some(transform), ..Seen::default() }
        }
        Body::Delivery(delivery) => Seen { delivery: Some(delivery.state.clone()), ..Seen::default() },
        _ => Seen::default(),
    }
}

/// Somebody who plans a rollout has an endpoint; which version it serves is not known.
fn on_an_endpoint() -> Seen {
    Seen {
        endpoint: Some(EndpointTruth {
            status: EndpointStatus::InService,
            config: None,
            pending: None,
            failure: None,
            modified: None,
        }),
        ..Seen::default()
    }
}
