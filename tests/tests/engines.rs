//! The adapters of training engines without AWS events, against the emulator and, if installed, the real engine. A run is
//! started once, found again, and its end is observed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};
use trimtab_cloud::{Cloud, root};
use trimtab_core::event::RunStatus;
use trimtab_core::failure::Failure;
use trimtab_core::name::{DagId, EnvironmentName, HttpsUrl, KubeflowId, SecretName};
use trimtab_core::policy::{Airflow, Engine, Kubeflow};
use trimtab_core::port::{RunRequest, Runs};

/// Timeout of an empty run; a real Airflow starts processes for it.
const PATIENCE: Duration = Duration::from_secs(120);

const LOOK: Duration = Duration::from_millis(300);

async fn cloud(name: &str) -> Cloud {
    let folder = root().join("target/tests").join(name);
    Cloud::start(&folder, ([127, 0, 0, 1], 0).into()).await.unwrap()
}

async fn control(cloud: &Cloud, what: &str, body: Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let sent = client.post(format!("{}/_trimtab/{what}", cloud.endpoint())).json(&body).send().await;
    assert!(sent.unwrap().status().is_success(), "{what}");
}

async fn look(cloud: &Cloud, what: &str) -> Value {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let said = client.get(format!("{}/_trimtab/{what}", cloud.endpoint())).send().await;
    said.unwrap().json().await.unwrap()
}

fn request(engine: Engine, incident: &str) -> RunRequest {
    let told = [("incident", incident), ("experiment", "pricing"), ("trial", incident), ("reason", "drift")];
    RunRequest {
        engine,
        display_name: incident.to_owned(),
        token: format!("trimtab-{}", "0".repeat(48)),
        parameters: told.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        since: jiff::Timestamp::now(),
    }
}

fn dag(name: &str) -> Engine {
    let environment = EnvironmentName::parse("ml").unwrap();
    Engine::Airflow(Airflow { environment, dag: DagId::parse(name).unwrap() })
}

/// Verifies that a run is started once, found again, and ends.
async fn trains_once(runs: &impl Runs, request: &RunRequest) {
    assert_eq!(runs.find(request).await.unwrap(), None, "nothing is there yet");
    let run = runs.start(request).await.unwrap();
    assert_eq!(runs.find(request).await.unwrap().as_ref(), Some(&run), "found by its name");
    let since = Instant::now();
    while runs.status(&request.engine, &run).await.unwrap() != Some(RunStatus::Succeeded) {
        assert!(since.elapsed() < PATIENCE, "the run of {} has not ended", request.display_name);
        tokio::time::sleep(LOOK).await;
    }
    assert_eq!(runs.find(request).await.unwrap().as_ref(), Some(&run), "what has ended is found, too");
}

/// Verifies the adapter against an emulated or a real Airflow.
async fn airflow(cloud: &Cloud) {
    let mwaa = trimtab_mwaa::Mwaa::new(&trimtab_stories::config(&cloud.endpoint()));
    let first = request(dag("pricing_training"), "pricing-drift-98d33ea0");
    trains_once(&mwaa, &first).await;
    let again = mwaa.start(&first).await.unwrap();
    assert_eq!(mwaa.find(&first).await.unwrap(), Some(again), "the same id is the same run: 409 says so");
    let same_date = RunRequest { since: first.since, ..request(dag("pricing_training"), "pricing-drift-00000001") };
    let refused = mwaa.start(&same_date).await;
    assert!(matches!(refused, Err(Failure::Permanent { .. })), "another run has its logical date: {refused:?}");
    let nowhere = mwaa.start(&request(dag("none"), "pricing-drift-98d33ea0")).await;
    assert!(matches!(nowhere, Err(Failure::Permanent { .. })), "there is no such DAG: {nowhere:?}");
    assert_eq!(mwaa.find(&request(dag("none"), "pricing-drift-98d33ea0")).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emulated_airflow_runs_dag_once() {
    let cloud = cloud("airflow-played").await;
    control(&cloud, "airflow", json!({"environment": "ml", "dag": "pricing_training"})).await;
    airflow(&cloud).await;
    cloud.stop().await;
}

/// A process group that is killed when the test ends.
struct Standalone(Child);

impl Drop for Standalone {
    fn drop(&mut self) {
        if let Ok(group) = i32::try_from(self.0.id()) {
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        let _ = self.0.wait();
    }
}

/// Starts an Airflow with one DAG; returns its address.
async fn real_airflow() -> (Standalone, String) {
    use std::os::unix::process::CommandExt;
    let venv = PathBuf::from(std::env::var_os("TRIMTAB_AIRFLOW_VENV").unwrap());
    let home = root().join("target/tests/airflow-real");
    let _ = std::fs::remove_dir_all(&home);
    std::fs::create_dir_all(&home).unwrap();
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let log = std::fs::File::create(home.join("standalone.log")).unwrap();
    let path = format!("{}:{}", venv.join("bin").display(), std::env::var("PATH").unwrap_or_default());
    let settings = BTreeMap::from([
        ("AIRFLOW_HOME", home.display().to_string()),
        ("PATH", path),
        ("AIRFLOW__CORE__DAGS_FOLDER", root().join("tests/airflow").display().to_string()),
        ("AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION", "False".to_owned()),
        ("AIRFLOW__CORE__LOAD_EXAMPLES", "False".to_owned()),
        ("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "True".to_owned()),
        ("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", format!("http://127.0.0.1:{port}/execution/")),
        ("AIRFLOW__API__HOST", "127.0.0.1".to_owned()),
        ("AIRFLOW__API__PORT", port.to_string()),
        ("AIRFLOW__API__WORKERS", "1".to_owned()),
        ("AIRFLOW__API__BASE_URL", format!("http://127.0.0.1:{port}")),
    ]);
    let child = Command::new(venv.join("bin/airflow"))
        .arg("standalone")
        .envs(settings)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .process_group(0)
        .spawn()
        .unwrap();
    (Standalone(child), format!("http://127.0.0.1:{port}"))
}

/// Timeout for a real Airflow to start and to parse its DAG.
const START: Duration = Duration::from_secs(400);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a real Airflow: make test-airflow"]
async fn real_airflow_conforms() {
    let (_airflow, url) = real_airflow().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let since = Instant::now();
    let token = loop {
        assert!(since.elapsed() < START, "Airflow did not come up: target/tests/airflow-real/standalone.log");
        let said = client.get(format!("{url}/auth/token")).send().await;
        if let Ok(said) = said
            && said.status().is_success()
        {
            break said.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned();
        }
        tokio::time::sleep(LOOK).await;
    };
    loop {
        let asked = client.get(format!("{url}/api/v2/dags/pricing_training")).bearer_auth(&token).send().await;
        if asked.is_ok_and(|said| said.status().is_success()) {
            break;
        }
        assert!(since.elapsed() < START, "Airflow did not read the DAG");
        tokio::time::sleep(LOOK).await;
    }
    let cloud = cloud("airflow-front").await;
    control(&cloud, "airflow", json!({"environment": "ml", "url": url, "token": token})).await;
    airflow(&cloud).await;
    cloud.stop().await;
}

const PIPELINE: &str = "5b1e7c2a-3d4f-4a6b-8c9d-0e1f2a3b4c5d";
const SECRET: &str = "trimtab/ranking-kubeflow";

/// Sets up the emulated Kubeflow and a secret with this token.
async fn cluster(cloud: &Cloud, token: &str) -> Kubeflow {
    control(cloud, "kubeflow", json!({"admit": "first", "pipeline": PIPELINE})).await;
    let secrets = aws_sdk_secretsmanager::Client::new(&trimtab_stories::config(&cloud.endpoint()));
    secrets.create_secret().name(SECRET).secret_string(token).send().await.unwrap();
    let place = look(cloud, "kubeflow").await;
    Kubeflow {
        url: HttpsUrl::parse(place["url"].as_str().unwrap()).unwrap(),
        pipeline: KubeflowId::parse(PIPELINE).unwrap(),
        experiment: None,
        secret: SecretName::parse(SECRET).unwrap(),
        ca: place["ca"].as_str().map(str::to_owned),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emulated_kubeflow_runs_pipeline_once() {
    let cloud = cloud("kubeflow-played").await;
    let place = cluster(&cloud, "first").await;
    let config = trimtab_stories::config(&cloud.endpoint());
    let kubeflow = trimtab_kubeflow::Kubeflow::new(&config);
    let first = request(Engine::Kubeflow(place.clone()), "ranking-drift-98d33ea0");
    trains_once(&kubeflow, &first).await;
    // After a rotation the token is read again only when it is refused.
    control(&cloud, "kubeflow", json!({"admit": "second", "dismiss": "first"})).await;
    let refused = kubeflow.find(&first).await;
    assert!(refused.as_ref().is_err_and(|failure| failure.to_string().contains("the token in the secret is refused")));
    assert!(!format!("{refused:?}").contains("first"), "the token shows nowhere");
    let secrets = aws_sdk_secretsmanager::Client::new(&config);
    secrets.put_secret_value().secret_id(SECRET).secret_string("second").send().await.unwrap();
    assert!(kubeflow.find(&first).await.unwrap().is_some());
    let other = Kubeflow { pipeline: KubeflowId::parse("none").unwrap(), ..place.clone() };
    let nowhere = kubeflow.start(&request(Engine::Kubeflow(other), "ranking-drift-00000002")).await;
    assert!(matches!(nowhere, Err(Failure::Permanent { .. })), "there is no such pipeline: {nowhere:?}");
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn untrusted_certificate_gets_no_token() {
    let cloud = cloud("kubeflow-untrusted").await;
    let place = Kubeflow { ca: None, ..cluster(&cloud, "first").await };
    let kubeflow = trimtab_kubeflow::Kubeflow::new(&trimtab_stories::config(&cloud.endpoint()));
    let refused = kubeflow.find(&request(Engine::Kubeflow(place), "ranking-drift-98d33ea0")).await;
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("its certificate is not one to trust"), "{said}");
    let journal = look(&cloud, "journal").await.to_string();
    assert!(!journal.contains("ListRuns"), "nothing was sent");
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "Kubeflow's own client: make test-kubeflow"]
async fn kfp_client_parses_every_response() {
    let venv = PathBuf::from(std::env::var_os("TRIMTAB_KUBEFLOW_VENV").unwrap());
    let cloud = cloud("kubeflow-client").await;
    let place = cluster(&cloud, "first").await;
    let bundle = cloud.folder().join("ca.pem");
    std::fs::write(&bundle, place.ca.unwrap()).unwrap();
    let mut command = Command::new(venv.join("bin/python"));
    command.arg(root().join("tests/kubeflow/client.py")).args([place.url.as_str(), bundle.to_str().unwrap()]);
    command.args(["first", PIPELINE]).env("NO_PROXY", "localhost,127.0.0.1").env("no_proxy", "localhost,127.0.0.1");
    let ran = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    cloud.stop().await;
    assert!(ran.status.success(), "{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
}
