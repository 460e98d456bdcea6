//! Objects in S3.

use std::future::Future;

use super::PortResult;
use crate::name::ObjectUri;

/// Objects in S3, reading.
pub trait Objects {
    /// The object's first bytes, `most` of them; `None` where there is no such object. Untrusted.
    fn read(&self, object: &ObjectUri, most: u32) -> impl Future<Output = PortResult<Option<Vec<u8>>>> + Send;
}
