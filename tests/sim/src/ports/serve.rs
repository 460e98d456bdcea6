//! The registry, endpoints, scaling and deliveries.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use trimtab_core::event::{Approval, DeliveryState, EndpointStatus};
use trimtab_core::name::{DeliveryName, EndpointName, GroupName, PackageArn};
use trimtab_core::policy::Autoscaling;
use trimtab_core::port::Answer;
use trimtab_core::port::ml::{
    Accepted, Deliveries, DeliveryRequest, EndpointRequest, EndpointTruth, Endpoints, Listed, ModelRequest,
    PackageTruth, Registry, Scaling, ServingRequest,
};

use crate::Site;
use crate::events;
use crate::services::{Delivered, Item, Services, Sim};
use crate::staged::Slot;

impl Registry for Sim {
    async fn newest(&self, group: &GroupName) -> Answer<Vec<Listed>> {
        let group = group.to_string();
        let list = move |approvals: &BTreeMap<u32, Approval>| -> Vec<Listed> {
            let listed = |(version, approval): (&u32, &Approval)| {
                let package = PackageArn::parse(&events::package_arn(*version)).ok()?;
                let truth =
                    PackageTruth { approval: approval.clone(), status: "Completed".to_owned(), lifecycle: None };
                (package.group() == group).then_some(Listed { package, truth })
            };
            approvals.iter().filter_map(listed).collect()
        };
        let now = list.clone();
        let current = move |services: &mut Services| Ok(now(&services.approvals));
        let stale = move |services: &mut Services| Ok(list(&services.approvals_before));
        self.read(Site::RegistryNewest, current, Some(stale)).await
    }

    async fn package(&self, package: &PackageArn) -> Answer<Option<PackageTruth>> {
        let version = package.version();
        self.call(Site::RegistryPackage, move |services| {
            let approval = services.approvals.get(&version).cloned();
            let truth = |approval: Approval| PackageTruth { approval, status: "Completed".to_owned(), lifecycle: None };
            Ok(approval.map(truth))
        })
        .await
    }
}

impl Endpoints for Sim {
    async fn describe(&self, endpoint: &EndpointName) -> Answer<Option<EndpointTruth>> {
        let slot = self.slot(endpoint);
        self.call(Site::EndpointsDescribe, move |services| match slot {
            Some(slot) => Ok(services.staged.endpoints.get(&slot).cloned()),
            None => Ok(services.endpoint.clone()),
        })
        .await
    }

    async fn create_model(&self, request: &ModelRequest) -> Answer<()> {
        let (model, version) = (request.model.clone(), request.package.version());
        self.call(Site::EndpointsCreateModel, move |services| {
            services.models.insert(model, version);
            Ok(())
        })
        .await
    }

    async fn create_config(&self, request: &ServingRequest) -> Answer<()> {
        let (name, model) = (request.name.clone(), request.model.clone());
        let trial = request.beside.is_some();
        self.call(Site::EndpointsCreateConfig, move |services| {
            if trial {
                services.trials.insert(name.clone());
            }
            let version = services.models.get(&model).copied().unwrap_or_default();
            services.configs.insert(name, version);
            Ok(())
        })
        .await
    }

    async fn create(&self, request: &EndpointRequest) -> Answer<Accepted> {
        let (slot, config) = (self.slot(&request.endpoint), request.config.clone());
        self.call(Site::EndpointsCreate, move |services| Ok(take(services, slot, &config))).await
    }

    async fn update(&self, request: &EndpointRequest) -> Answer<Accepted> {
        let (slot, config) = (self.slot(&request.endpoint), request.config.clone());
        self.call(Site::EndpointsUpdate, move |services| Ok(take(services, slot, &config))).await
    }

    async fn delete(&self, _: &EndpointName) -> Answer<()> {
        self.call(Site::EndpointsDelete, |services| {
            services.remove_endpoint();
            Ok(())
        })
        .await
    }
}

/// SageMaker refuses an endpoint that is in progress; the adapter then looks whether it is at this.
fn take(services: &mut Services, slot: Option<Slot>, config: &str) -> Accepted {
    if let Some(slot) = slot {
        return services.stage_updates(slot, config);
    }
    match &services.endpoint {
        Some(endpoint) if endpoint.status != EndpointStatus::InService => {
            let at_it = endpoint.pending.as_deref().or(endpoint.config.as_deref()) == Some(config);
            if at_it { Accepted::Started } else { Accepted::Busy }
        }
        _ => {
            services.begin_update(config);
            Accepted::Started
        }
    }
}

impl Scaling for Sim {
    async fn scale(&self, _: &EndpointName, _: &Autoscaling) -> Answer<()> {
        self.call(Site::ScalingScale, |services| {
            services.scaled += 1;
            Ok(())
        })
        .await
    }

    async fn schedule(&self, _: &EndpointName, limits: &Autoscaling) -> Answer<()> {
        let count = limits.schedule.len();
        self.call(Site::ScalingSchedule, move |services| {
            services.scheduled = count;
            Ok(())
        })
        .await
    }
}

impl Deliveries for Sim {
    async fn find(&self, request: &DeliveryRequest) -> Answer<Option<String>> {
        let package = request.package.clone();
        self.call(Site::DeliveriesFind, move |services| {
            let found = services.deliveries.iter().find(|delivery| delivery.request.package == package);
            Ok(found.map(|delivery| delivery.id.clone()))
        })
        .await
    }

    /// Another one each time: CodePipeline's token cannot be relied on.
    async fn start(&self, request: &DeliveryRequest) -> Answer<String> {
        let request = request.clone();
        self.call(Site::DeliveriesStart, move |services| {
            let (number, created) = (services.deliveries.len(), services.now);
            let id = format!("execution-{number}");
            services.deliveries.push(Delivered { request, id: id.clone(), created, ended: false });
            services.after(SignedDuration::from_mins(20), Item::DeliveryEnds(number));
            Ok(id)
        })
        .await
    }

    async fn state(&self, _: &DeliveryName, execution: &str) -> Answer<Option<DeliveryState>> {
        let id = execution.to_owned();
        self.call(Site::DeliveriesState, move |services| {
            let state = |ended| if ended { DeliveryState::Succeeded } else { DeliveryState::Started };
            Ok(services.deliveries.iter().find(|delivery| delivery.id == id).map(|delivery| state(delivery.ended)))
        })
        .await
    }
}
