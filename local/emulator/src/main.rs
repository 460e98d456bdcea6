//! Starts the emulator and writes its address to a file.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use trimtab_emulator::Config;

/// Emulate AWS on one local endpoint, in front of MiniStack and moto
#[derive(Parser)]
struct Arguments {
    /// Address to listen on; port 0 selects a free port
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Base URL of MiniStack
    #[arg(long)]
    ministack: String,
    /// Base URL of moto
    #[arg(long)]
    moto: String,
    /// AWS account of all resources
    #[arg(long, default_value = "123456789012")]
    account: String,
    /// AWS region of all resources
    #[arg(long, default_value = "eu-west-1")]
    region: String,
    /// File for the bound address, written when the emulator accepts calls
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
    trimtab_emulator::serve(Config { ministack, moto, account, region }, listener, shutdown).await
}
