//! The local cloud: MiniStack, moto and the gateway in front of them, on free loopback ports.
//!
//! Everything that a function or a tool needs to find it is in [`Cloud::environment`]. It ends when
//! the [`Cloud`] is dropped; the servers also end by themselves if this process is killed.

mod deploy;
mod server;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use server::Server;

/// The account that everything is in.
pub const ACCOUNT: &str = "123456789012";

/// The region that everything is in.
pub const REGION: &str = "eu-west-1";

/// The name of the stack that [`Cloud::deploy`] makes.
pub const STACK: &str = "trimtab";

/// The local cloud could not be brought to where it should be.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// The tools are not installed.
    #[error("{0} is not there: run `make setup`")]
    NotSetUp(PathBuf),
    /// A server or tool could not be started.
    #[error("{what} could not be started: {cause}")]
    Start {
        /// Which.
        what: String,
        /// Why not.
        cause: std::io::Error,
    },
    /// A server did not come up, or a tool failed.
    #[error("{what}; the end of {log}:\n{tail}", log = .log.display())]
    Failed {
        /// What happened.
        what: String,
        /// Where its output is.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
}

/// The root of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// A program of the virtual environment that `make setup` makes: `TRIMTAB_VENV`, or `.trimtab/venv`.
///
/// # Errors
/// It is not there.
pub fn tool(name: &str) -> Result<PathBuf, CloudError> {
    let venv = std::env::var_os("TRIMTAB_VENV").map_or_else(|| root().join(".trimtab/venv"), PathBuf::from);
    let path = venv.join("bin").join(name);
    if path.exists() { Ok(path) } else { Err(CloudError::NotSetUp(path)) }
}

/// The running cloud.
#[derive(Debug)]
pub struct Cloud {
    folder: PathBuf,
    gateway: SocketAddr,
    ministack: Server,
    moto: Server,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl Cloud {
    /// Starts it; `listen` is the gateway's address, port 0 for a free one. The servers' output goes
    /// to files in `folder`.
    ///
    /// # Errors
    /// A tool is missing, or a server does not come up.
    pub async fn start(folder: &Path, listen: SocketAddr) -> Result<Self, CloudError> {
        let start = |what: &str, cause| CloudError::Start { what: what.to_owned(), cause };
        std::fs::create_dir_all(folder).map_err(|cause| start("the local cloud", cause))?;
        let listener = TcpListener::bind(listen).await.map_err(|cause| start("the gateway", cause))?;
        let gateway = listener.local_addr().map_err(|cause| start("the gateway", cause))?;
        // MiniStack's functions inherit its environment, and so find the gateway.
        let environment = environment(gateway);
        let ministack = Server::start("ministack", folder, &environment)?;
        let moto = Server::start("moto", folder, &environment)?;
        let config = trimtab_gateway::Config {
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
            // If it cannot serve, whoever asks it next is told so by the connection.
            let _ = trimtab_gateway::serve(config, listener, until).await;
        });
        let mut cloud =
            Self { folder: folder.to_path_buf(), gateway, ministack, moto, stop: Some(stop), serving: Some(serving) };
        cloud.ministack.ready("/_ministack/health").await?;
        cloud.moto.ready("/moto-api/").await?;
        Ok(cloud)
    }

    /// The one endpoint: `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.gateway)
    }

    /// MiniStack itself, for those who must not show in the gateway's journal.
    #[must_use]
    pub fn ministack(&self) -> String {
        self.ministack.url()
    }

    /// moto itself, for those who hold the gateway against it.
    #[must_use]
    pub fn moto(&self) -> String {
        self.moto.url()
    }

    /// Where the servers' output goes.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What an AWS SDK or tool needs in its environment to talk to this cloud and to no other.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        environment(self.gateway)
    }

    /// Ends it, and waits until the last call was answered.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        // The servers go first: their functions hold connections to the gateway open.
        drop((
            std::mem::replace(&mut self.ministack, Server::ended()),
            std::mem::replace(&mut self.moto, Server::ended()),
        ));
        if let Some(serving) = self.serving.take() {
            serving.abort();
            let _ = serving.await;
        }
    }
}

fn environment(gateway: SocketAddr) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_ENDPOINT_URL", format!("http://{gateway}")),
        ("AWS_ACCESS_KEY_ID", "local".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("MINISTACK_ACCOUNT_ID", ACCOUNT.to_owned()),
        // Nobody's own profile, and no machine's role.
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("SAM_CLI_TELEMETRY", "0".to_owned()),
    ]
}
