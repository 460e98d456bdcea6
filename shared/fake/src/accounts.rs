//! The clients of the stages' accounts.

use trimtab_core::policy::CrossAccountRole;
use trimtab_core::port::{PortResult, StageAccounts, StageClients, StageClientsOf};

use crate::services::Services;

impl StageAccounts for Services {
    type Endpoints = Self;
    type Transforms = Self;
    type Scaling = Self;
    type Alarms = Self;
    type Invocations = Self;

    /// A role that cannot be assumed fails here: `fail_next("accounts.assume_role", …)`.
    async fn clients_for(&self, account: Option<&CrossAccountRole>) -> PortResult<StageClientsOf<Self>> {
        let client = match account {
            None => self.clone(),
            Some(other) => {
                let client = self.in_account(other.role.account());
                client.query("accounts.assume_role", &other.session, || ())?;
                client
            }
        };
        Ok(StageClients {
            endpoints: client.clone(),
            transforms: client.clone(),
            scaling: client.clone(),
            alarms: client.clone(),
            invocations: client,
        })
    }
}
