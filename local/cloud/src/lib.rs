//! The local cloud: MiniStack, moto and the emulator in front of them, on free loopback ports.
//!
//! [`Cloud::environment`] holds the variables with which a function or a tool reaches it. The servers stop when the
//! [`Cloud`] is dropped, and also if this process is killed.

mod deploy;
mod server;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use server::Server;

/// The AWS account of all resources.
pub const ACCOUNT: &str = "123456789012";

/// The AWS region of all resources.
pub const REGION: &str = "eu-west-1";

/// The name of the stack that [`Cloud::deploy`] creates.
pub const STACK: &str = "trimtab";

/// A failure to start the local cloud or to deploy to it.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// The tools are not installed.
    #[error("{0} does not exist: run `make setup`")]
    NotSetUp(PathBuf),
    /// A server or tool could not be started.
    #[error("{what} could not be started: {cause}")]
    Start {
        /// The server or tool.
        what: String,
        /// The error of the operating system.
        cause: std::io::Error,
    },
    /// A server did not start, or a tool failed.
    #[error("{what}; the end of {log}:\n{tail}", log = .log.display())]
    Failed {
        /// The server or tool, and its failure.
        what: String,
        /// The file with its output.
        log: PathBuf,
        /// The last lines of that file.
        tail: String,
    },
}

/// The root of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// The path of a program in the Python environment of `make setup`: `TRIMTAB_VENV`, or `.trimtab/venv`.
///
/// # Errors
/// The program does not exist.
pub fn tool(name: &str) -> Result<PathBuf, CloudError> {
    let venv = std::env::var_os("TRIMTAB_VENV").map_or_else(|| root().join(".trimtab/venv"), PathBuf::from);
    let path = venv.join("bin").join(name);
    if path.exists() { Ok(path) } else { Err(CloudError::NotSetUp(path)) }
}

/// A running local cloud.
#[derive(Debug)]
pub struct Cloud {
    folder: PathBuf,
    emulator: SocketAddr,
    ministack: Server,
    moto: Server,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl Cloud {
    /// Starts the servers. `listen` is the emulator's address; port 0 selects a free port. The servers' output goes to
    /// files in `folder`.
    ///
    /// # Errors
    /// A tool is missing, or a server does not start.
    pub async fn start(folder: &Path, listen: SocketAddr) -> Result<Self, CloudError> {
        let start = |what: &str, cause| CloudError::Start { what: what.to_owned(), cause };
        std::fs::create_dir_all(folder).map_err(|cause| start("the local cloud", cause))?;
        let listener = TcpListener::bind(listen).await.map_err(|cause| start("the emulator", cause))?;
        let emulator = listener.local_addr().map_err(|cause| start("the emulator", cause))?;
        // MiniStack's functions inherit its environment, so their SDKs call the emulator.
        let environment = environment(emulator);
        let ministack = Server::start("ministack", folder, &environment)?;
        let moto = Server::start("moto", folder, &environment)?;
        let config = trimtab_emulator::Config {
            ministack: ministack.url(),
            moto: moto.url(),
            account: ACCOUNT.to_owned(),
            region: REGION.to_owned(),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let until = async {
                let _ = stopped.await;
            };
            // If the emulator cannot serve, the next client sees a refused connection.
            let _ = trimtab_emulator::serve(config, listener, until).await;
        });
        let mut cloud =
            Self { folder: folder.to_path_buf(), emulator, ministack, moto, stop: Some(stop), serving: Some(serving) };
        cloud.ministack.ready("/_ministack/health").await?;
        cloud.moto.ready("/moto-api/").await?;
        Ok(cloud)
    }

    /// The endpoint of all services: `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.emulator)
    }

    /// MiniStack's own endpoint. Its calls do not appear in the emulator's journal.
    #[must_use]
    pub fn ministack(&self) -> String {
        self.ministack.url()
    }

    /// moto's own endpoint, for comparison with the emulator.
    #[must_use]
    pub fn moto(&self) -> String {
        self.moto.url()
    }

    /// The folder with the servers' output.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The environment variables with which an AWS SDK or tool reaches this cloud and no other.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        environment(self.emulator)
    }

    /// Stops the servers and waits for the last response.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        // The servers stop first: their functions hold connections to the emulator open.
        drop((
            std::mem::replace(&mut self.ministack, Server::stopped()),
            std::mem::replace(&mut self.moto, Server::stopped()),
        ));
        if let Some(serving) = self.serving.take() {
            serving.abort();
            let _ = serving.await;
        }
    }
}

fn environment(emulator: SocketAddr) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_ENDPOINT_URL", format!("http://{emulator}")),
        ("AWS_ACCESS_KEY_ID", "local".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("MINISTACK_ACCOUNT_ID", ACCOUNT.to_owned()),
        // Without these, an SDK could use the user's profile or the machine's role.
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("SAM_CLI_TELEMETRY", "0".to_owned()),
    ]
}
