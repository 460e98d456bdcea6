//! The emulator against boto3, which validates each response, and against moto for the calls that moto has.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::process::Command;

use trimtab_cloud::{Cloud, root, tool};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emulator_conforms_to_botocore_and_moto() {
    let cloud = Cloud::start(&root().join("target/tests/emulator"), ([127, 0, 0, 1], 0).into()).await.unwrap();
    let pace = [("builds", 200), ("runs", 300), ("fleets", 200), ("bakes", 400), ("codepipelines", 200)];
    let pace: std::collections::BTreeMap<&str, u32> = pace.into();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let control = client.post(format!("{}/_trimtab/pace", cloud.endpoint()));
    control.body(serde_json::json!(pace).to_string()).header("content-type", "application/json").send().await.unwrap();
    let steps = root().join("tests/emulator_contract");
    let mut command = Command::new(tool("python").unwrap());
    command.arg(steps).args([cloud.endpoint(), cloud.moto()]).envs(cloud.environment()).env_remove("AWS_ENDPOINT_URL");
    let ran = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    cloud.stop().await;
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}
