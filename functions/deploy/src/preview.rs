//! The observed state that an event implies by itself, for `trimtab plan`.

use std::collections::BTreeMap;

use trimtab_core::event::{Approval, Body, EndpointStatus, Event};
use trimtab_core::fact::FactKind;
use trimtab_core::port::{ObservedEndpoint, ObservedPackage, ObservedStack, ObservedTransform};
use trimtab_core::reactor::Preview;

use crate::decide::Deploy;
use crate::observation::Observed;

impl Preview for Deploy {
    fn preview(event: &Event) -> Observed {
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
            // The event has the status alone: which version the stack holds is unknown, and no version is assumed.
            Body::Stack(stack) => Observed {
                stack: Some(ObservedStack {
                    status: stack.status.clone(),
                    reason: None,
                    parameters: BTreeMap::new(),
                    changed: Some(event.envelope.time),
                }),
                ..Observed::default()
            },
            _ => Observed::default(),
        }
    }
}

/// An endpoint in service, whose version is unknown: a policy with a rollout usually has one.
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
