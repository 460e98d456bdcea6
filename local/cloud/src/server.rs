//! One server of the local cloud: a child process on a free port.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{CloudError, root, tool};

/// Time for a server to start on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Time between SIGTERM and SIGKILL.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Interval between checks of a server that starts or stops.
const POLL: Duration = Duration::from_millis(50);

/// A server process. It stops when this value is dropped.
#[derive(Debug)]
pub struct Server {
    name: String,
    port: u16,
    log: PathBuf,
    child: Option<Child>,
}

impl Server {
    /// Starts `local/serve.py` for this server on a free port.
    ///
    /// # Errors
    /// Python is not installed, or the process cannot be started.
    pub(crate) fn start(name: &str, folder: &Path, environment: &[(&'static str, String)]) -> Result<Self, CloudError> {
        let failed = |cause| CloudError::Start { what: name.to_owned(), cause };
        let port = free_port().map_err(failed)?;
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log).map_err(failed)?;
        let child = Command::new(tool("python")?)
            .arg(root().join("local/serve.py"))
            .args([name, &port.to_string()])
            .envs(environment.iter().map(|(name, value)| (name, value)))
            // `serve.py` exits when this pipe closes, so the server never outlives this process.
            .stdin(Stdio::piped())
            .stdout(output.try_clone().map_err(failed)?)
            .stderr(output)
            .spawn()
            .map_err(failed)?;
        Ok(Self { name: name.to_owned(), port, log, child: Some(child) })
    }

    /// A server that is not running.
    pub(crate) fn stopped() -> Self {
        Self { name: String::new(), port: 0, log: PathBuf::new(), child: None }
    }

    /// The base URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Waits for a successful response at `path`.
    ///
    /// # Errors
    /// The server exits first, or does not start in time.
    pub(crate) async fn ready(&mut self, path: &str) -> Result<(), CloudError> {
        let url = format!("{}{path}", self.url());
        let client = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        let since = Instant::now();
        loop {
            if client.get(&url).send().await.is_ok_and(|response| response.status().is_success()) {
                return Ok(());
            }
            if self.child.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None))) {
                return Err(self.failed("exited before it was ready"));
            }
            if since.elapsed() > START_TIMEOUT {
                return Err(self.failed("did not start in time"));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn failed(&self, how: &str) -> CloudError {
        CloudError::Failed { what: format!("{} {how}", self.name), log: self.log.clone(), tail: tail(&self.log) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let pid = i32::try_from(child.id()).map(Pid::from_raw);
        let signaled = pid.is_ok_and(|pid| kill(pid, Signal::SIGTERM).is_ok());
        let since = Instant::now();
        while signaled && since.elapsed() < STOP_TIMEOUT {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(POLL);
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// The last lines of a file.
pub(crate) fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}

/// A port without a listener. If another process takes it first, the server exits with an error.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
