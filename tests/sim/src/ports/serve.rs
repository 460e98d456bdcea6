//! The registry, endpoints, scaling and deliveries.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use trimtab_core::event::{Approval, CodePipelineState, EndpointStatus};
use trimtab_core::failure::Failure;
use trimtab_core::name::{CodePipelineName, EndpointName, GroupName, PackageArn};
use trimtab_core::policy::Autoscaling;
use trimtab_core::port::PortResult;
use trimtab_core::port::{
    CodePipelineRequest, CodePipelines, EndpointRequest, Endpoints, ListedPackage, ModelRequest, ObservedEndpoint,
    ObservedPackage, Registry, Scaling, ServingRequest, UpdateAccepted,
};

use crate::Site;
use crate::endings::Work;
use crate::events;
use crate::journal::Deed;
use crate::rules::promised::slot;
use crate::services::{Delivered, Item, Services, Sim};
use crate::staged::{self, Slot};

impl Registry for Sim {
    async fn newest(&self, group: &GroupName) -> PortResult<Vec<ListedPackage>> {
        let group = group.to_string();
        let list = move |services: &Services, approvals: &BTreeMap<u32, Approval>| -> Vec<ListedPackage> {
            let listed = |(version, approval): (&u32, &Approval)| {
                let package = PackageArn::parse(&events::package_arn(*version)).ok()?;
                let status = services.status(*version).to_owned();
                let actual = ObservedPackage { approval: approval.clone(), status, lifecycle: None };
                (package.group() == group).then_some(ListedPackage { package, actual })
            };
            approvals.iter().filter_map(listed).collect()
        };
        let now = list.clone();
        let current = move |services: &mut Services| Ok(now(services, &services.approvals));
        let stale = move |services: &mut Services| Ok(list(services, &services.approvals_before));
        self.read(Site::RegistryNewest, current, Some(stale)).await
    }

    async fn package(&self, package: &PackageArn) -> PortResult<Option<ObservedPackage>> {
        let version = package.version();
        self.call(Site::RegistryPackage, move |services| {
            let approval = services.approvals.get(&version).cloned();
            let status = services.status(version).to_owned();
            let actual = |approval: Approval| ObservedPackage { approval, status, lifecycle: None };
            Ok(approval.map(actual))
        })
        .await
    }
}

impl Endpoints for Sim {
    async fn describe(&self, endpoint: &EndpointName) -> PortResult<Option<ObservedEndpoint>> {
        let (slot, touched) = (self.slot(endpoint), self.touched(Site::EndpointsDescribe, endpoint));
        self.call(Site::EndpointsDescribe, move |services| {
            services.record(touched);
            match slot {
                Some(slot) => Ok(services.staged.endpoints.get(&slot).cloned()),
                None => Ok(services.endpoint.clone()),
            }
        })
        .await
    }

    async fn create_model(&self, request: &ModelRequest) -> PortResult<()> {
        let (account, version, role) = (self.account(), request.package.version(), request.role.to_string());
        let model = keyed(account, &request.model);
        let about = format!("{} with {role} in {account}", request.package);
        {
            let mut services = self.services();
            // A name is made of the stage's endpoint, too, which this call does not carry.
            let stages = services.policies.promised.of_group(events::group(version)).map(|model| model.stages.len());
            if stages == Some(1) {
                services.attempt(Site::EndpointsCreateModel, about, &request.model);
            }
        }
        self.call(Site::EndpointsCreateModel, move |services| {
            services.record(Deed::Made { account, version, role });
            services.models.insert(model, version);
            Ok(())
        })
        .await
    }

    async fn create_config(&self, request: &ServingRequest) -> PortResult<()> {
        let (name, model) = (keyed(self.account(), &request.name), keyed(self.account(), &request.model));
        let is_test = request.second_variant.is_some();
        let about = format!("{model}, {}", request.second_variant.as_ref().map_or("alone", |second| &second.live));
        self.services().attempt(Site::EndpointsCreateConfig, about, &request.name);
        self.call(Site::EndpointsCreateConfig, move |services| {
            if !services.models.contains_key(&model) {
                return Err(Failure::permanent("sagemaker:CreateEndpointConfig", "Could not find model"));
            }
            if is_test {
                services.variant_tests.insert(name.clone());
            }
            let version = services.models.get(&model).copied().unwrap_or_default();
            services.configs.insert(name, version);
            Ok(())
        })
        .await
    }

    async fn create(&self, request: &EndpointRequest) -> PortResult<UpdateAccepted> {
        let (slot, config) = (self.slot(&request.endpoint), request.config.clone());
        let touched = self.touched(Site::EndpointsCreate, &request.endpoint);
        self.call(Site::EndpointsCreate, move |services| take(services, slot, &config, touched)).await
    }

    async fn update(&self, request: &EndpointRequest) -> PortResult<UpdateAccepted> {
        let (slot, config) = (self.slot(&request.endpoint), request.config.clone());
        let touched = self.touched(Site::EndpointsUpdate, &request.endpoint);
        self.call(Site::EndpointsUpdate, move |services| take(services, slot, &config, touched)).await
    }

    async fn delete(&self, endpoint: &EndpointName) -> PortResult<()> {
        let touched = self.touched(Site::EndpointsDelete, endpoint);
        self.call(Site::EndpointsDelete, move |services| {
            services.record(touched);
            services.remove_endpoint();
            Ok(())
        })
        .await
    }
}

/// SageMaker refuses an endpoint that is in progress; the adapter then looks whether it is at this.
fn take(services: &mut Services, slot: Option<Slot>, config: &str, touched: Deed) -> PortResult<UpdateAccepted> {
    services.record(touched);
    let account = slot.as_ref().map_or(events::ACCOUNT, |slot| staged::account(slot.0));
    if !services.configs.contains_key(&keyed(account, config)) {
        return Err(Failure::permanent("sagemaker:UpdateEndpoint", "Could not find endpoint configuration"));
    }
    if let Some(slot) = slot {
        return Ok(services.stage_updates(slot, config));
    }
    Ok(match &services.endpoint {
        Some(endpoint) if endpoint.status != EndpointStatus::InService => {
            let at_it = endpoint.pending.as_deref().or(endpoint.config.as_deref()) == Some(config);
            if at_it { UpdateAccepted::Started } else { UpdateAccepted::Busy }
        }
        _ => {
            services.begin_update(config);
            UpdateAccepted::Started
        }
    })
}

/// The name of what is in this account: two accounts may each have something of one name.
pub(crate) fn keyed(account: &str, name: &str) -> String {
    if account == events::ACCOUNT { name.to_owned() } else { format!("{account}/{name}") }
}

impl Scaling for Sim {
    async fn scale(&self, endpoint: &EndpointName, _: &Autoscaling) -> PortResult<()> {
        let touched = self.touched(Site::ScalingScale, endpoint);
        self.call(Site::ScalingScale, move |services| {
            services.record(touched);
            services.scaled += 1;
            Ok(())
        })
        .await
    }

    async fn schedule(&self, endpoint: &EndpointName, limits: &Autoscaling) -> PortResult<()> {
        let (count, touched) = (limits.schedule.len(), self.touched(Site::ScalingSchedule, endpoint));
        self.call(Site::ScalingSchedule, move |services| {
            services.record(touched);
            services.scheduled = count;
            Ok(())
        })
        .await
    }
}

impl CodePipelines for Sim {
    async fn find(&self, request: &CodePipelineRequest) -> PortResult<Option<String>> {
        let package = request.package.clone();
        self.call(Site::CodePipelinesFind, move |services| {
            let found = services.deliveries.iter().find(|delivery| delivery.request.package == package);
            Ok(found.map(|delivery| delivery.id.clone()))
        })
        .await
    }

    /// Another one each time: CodePipeline's token cannot be relied on.
    async fn start(&self, request: &CodePipelineRequest) -> PortResult<String> {
        let request = request.clone();
        self.call(Site::CodePipelinesStart, move |services| {
            let slot = slot("pipeline", events::ACCOUNT, request.pipeline.as_str());
            services.record(Deed::Sent { slot, version: request.package.version() });
            let (number, created) = (services.deliveries.len(), services.now);
            let id = format!("execution-{number}");
            services.deliveries.push(Delivered { request, id: id.clone(), created, ended: false });
            services.after(SignedDuration::from_mins(20), Item::DeliveryEnds(number));
            Ok(id)
        })
        .await
    }

    async fn state(&self, _: &CodePipelineName, execution: &str) -> PortResult<Option<CodePipelineState>> {
        let id = execution.to_owned();
        self.call(Site::CodePipelinesState, move |services| {
            let end = services.ending(Work::CodePipelineExecution);
            let state = |ended| if ended { end.of_delivery() } else { CodePipelineState::Started };
            Ok(services.deliveries.iter().find(|delivery| delivery.id == id).map(|delivery| state(delivery.ended)))
        })
        .await
    }
}
