//! Starts the gateway and says where it listens.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use trimtab_gateway::Config;

/// The one endpoint of the local cloud.
#[derive(Parser)]
struct Arguments {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Base URL of MiniStack.
    #[arg(long)]
    ministack: String,
    /// Base URL of moto.
    #[arg(long)]
    moto: String,
    /// The account that everything is in.
    #[arg(long, default_value = "123456789012")]
    account: String,
    /// The region that everything is in.
    #[arg(long, default_value = "eu-west-1")]
    region: String,
    /// Where to write the bound address once calls are taken.
    #[arg(long)]
    port_file: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let Arguments { listen, ministack, moto, account, region, port_file } = Arguments::parse();
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    if let Some(path) = port_file {
        std::fs::write(path, listener.local_addr()?.to_string())?;
    }
    let shutdown = async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    };
    trimtab_gateway::serve(Config { ministack, moto, account, region }, listener, shutdown).await
}
