//! The Model Registry, read-only.

use aws_sdk_sagemaker::types::{ModelLifeCycle, ModelPackageSortBy, ModelPackageSummary, ModelPackageType, SortOrder};
use trimtab_core::event::{Approval, LifeCycle};
use trimtab_core::name::{GroupName, PackageArn};
use trimtab_core::port::PortResult;
use trimtab_core::port::{ListedPackage, ObservedPackage, Registry};
use trimtab_runtime::sdk::{code, failure, message};

use crate::{SageMaker, error_messages};

/// The number of a group's newest versions that are read.
const NEWEST: i32 = 50;

impl Registry for SageMaker {
    async fn newest(&self, group: &GroupName) -> PortResult<Vec<ListedPackage>> {
        let call = self.0.list_model_packages().model_package_group_name(group.as_str()).max_results(NEWEST);
        // Without a type, SageMaker lists packages without versions.
        let call = call.model_package_type(ModelPackageType::Versioned).sort_by(ModelPackageSortBy::CreationTime);
        let page = match call.sort_order(SortOrder::Descending).send().await {
            Ok(page) => page,
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => return Ok(Vec::new()),
            Err(error) => return Err(failure("sagemaker:ListModelPackages", &error)),
        };
        let read = |summary: &ModelPackageSummary| {
            let approval = summary.model_approval_status().map_or("unknown", |status| status.as_str());
            let status = summary.model_package_status().map_or("unknown", |status| status.as_str());
            let lifecycle = summary.model_life_cycle().map(lifecycle);
            let actual = ObservedPackage { approval: Approval::parse(approval), status: status.to_owned(), lifecycle };
            Some(ListedPackage { package: PackageArn::parse(summary.model_package_arn()?).ok()?, actual })
        };
        let mut versions: Vec<ListedPackage> = page.model_package_summary_list().iter().filter_map(read).collect();
        versions.sort_by_key(|listed| listed.package.version());
        Ok(versions)
    }

    async fn package(&self, package: &PackageArn) -> PortResult<Option<ObservedPackage>> {
        match self.0.describe_model_package().model_package_name(package.as_str()).send().await {
            Ok(found) => Ok(Some(ObservedPackage {
                approval: Approval::parse(found.model_approval_status().map_or("unknown", |status| status.as_str())),
                status: found.model_package_status().map_or("unknown", |status| status.as_str()).to_owned(),
                lifecycle: found.model_life_cycle().map(lifecycle),
            })),
            Err(error) if error_messages::is_missing(code(&error), message(&error)) => Ok(None),
            Err(error) => Err(failure("sagemaker:DescribeModelPackage", &error)),
        }
    }
}

fn lifecycle(found: &ModelLifeCycle) -> LifeCycle {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    LifeCycle { stage: text(found.stage()), stage_status: text(found.stage_status()) }
}
