//! ECR events: MiniStack stores the images, but sends no events.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::journal::Entry;
use crate::world::World;

/// Sends the event of an image that was pushed with a tag.
pub(crate) fn send_event(world: &Arc<World>, entry: &Entry) {
    if entry.service != "ecr" || entry.action != "PutImage" || entry.status != 200 {
        return;
    }
    let image = |name: &str| entry.response.pointer(&format!("/image/{name}")).and_then(Value::as_str);
    let (repository, digest) = (image("repositoryName"), image("imageId/imageDigest"));
    let detail = json!({
        "result": "SUCCESS",
        "repository-name": repository,
        "image-digest": digest,
        "action-type": "PUSH",
        "image-tag": entry.request.get("imageTag"),
        "manifest-media-type": image("imageManifestMediaType"),
    });
    let later = Arc::clone(world);
    world.later(async move { later.emit("aws.ecr", "ECR Image Action", &[], detail).await });
}
