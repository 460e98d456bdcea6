//! Objects in S3.

use std::collections::BTreeMap;

use trimtab_core::name::ObjectUri;
use trimtab_core::port::{Objects, PortResult};

use crate::services::Services;

/// Objects, by URI.
pub(crate) type State = BTreeMap<String, Vec<u8>>;

impl Objects for Services {
    async fn read(&self, object: &ObjectUri, most: u32) -> PortResult<Option<Vec<u8>>> {
        let uri = object.to_string();
        self.query("objects.read", &uri, || {
            let content = self.s3().get(&uri).cloned()?;
            Some(content.into_iter().take(most as usize).collect())
        })
    }
}
