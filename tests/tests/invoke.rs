//! A single function under `cargo lambda watch` and `cargo lambda invoke`, as the README describes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use trimtab_cli::commands::apply;
use trimtab_cloud::{Cloud, root, tool};
use trimtab_core::plan::Decision;
use trimtab_tests::ledger;

/// The first invocation compiles the function.
const PATIENCE: Duration = Duration::from_secs(240);

/// A process that is killed when the test ends.
struct Watch(Child);

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn cargo_lambda(cloud: &Cloud) -> Command {
    let mut command = Command::new(tool("cargo-lambda").unwrap());
    command
        .arg("lambda")
        .current_dir(root())
        .envs(cloud.environment())
        .env("TRIMTAB_TABLE", "trimtab-ledger")
        .env("TRIMTAB_BUS", "trimtab")
        .env("TRIMTAB_TOPIC_ARN", "arn:aws:sns:eu-west-1:123456789012:trimtab-notices");
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retrain_runs_under_cargo_lambda() {
    let cloud = Cloud::start(&root().join("target/tests/invoke"), ([127, 0, 0, 1], 0).into()).await.unwrap();
    let ledger = ledger(&cloud, "trimtab-ledger").await;
    apply::apply(&ledger, &trimtab_cli::policies::read(&root().join("policies")).unwrap()).await.unwrap();
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port().to_string();
    let log = std::fs::File::create(cloud.folder().join("watch.log")).unwrap();
    let watch = cargo_lambda(&cloud)
        .args(["watch", "--ignore-changes", "--invoke-address", "127.0.0.1", "--invoke-port", &port])
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn();
    let _watch = Watch(watch.unwrap());
    let since = Instant::now();
    while std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        assert!(since.elapsed() < PATIENCE, "cargo lambda watch did not come up");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let invoked = cargo_lambda(&cloud)
        .args(["invoke", "retrain", "--invoke-address", "127.0.0.1", "--invoke-port", &port])
        .args(["--data-file", "events/cloudwatch/drift-data-quality.json"])
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&invoked.stdout), String::from_utf8_lossy(&invoked.stderr));
    assert!(invoked.status.success(), "{said}");
    let kept = ledger.dead_letters().await.unwrap();
    let reasons: Vec<&str> = kept.iter().flat_map(|kept| &kept.entry.reasons).map(String::as_str).collect();
    assert_eq!(kept.first().map(|kept| kept.entry.decision), Some(Decision::Failed), "{said}");
    assert_eq!(
        reasons,
        ["CloudWatch has no alarm churn-prod-data-drift: the event is forged, or the alarm was deleted"]
    );
    cloud.stop().await;
}
