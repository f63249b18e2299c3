//! `serve`: policies behind HTTPS, as the policy server offers them.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
    thread,
    time::Duration,
};

use clap::Args;
use policy_host::{Error, ServeOptions, Server};
use tokio::signal::unix::{SignalKind, signal};
use tracing::warn;

/// Serve policies over HTTPS as Kubewarden's policy server does, on a laptop or in tests
///
/// Not for production: there Kubewarden's own policy server runs the policies. This one has its options, paths,
/// responses and metrics, and answers `can_i` by SubjectAccessReviews of a real API server. It reads modules from files
/// only, and evaluates no groups of policies.
///
/// Paths: POST /validate/NAME, /audit/NAME and /validate_raw/NAME; GET /readiness, and on the port for probes /readiness
/// and /metrics. SIGTERM and SIGINT stop it after the requests that have arrived.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// YAML file with the policies and their settings, in the policy server's form
    #[arg(long, value_name = "FILE", default_value = "policies.yml")]
    policies: PathBuf,
    /// Listen on this address
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    addr: IpAddr,
    /// Listen on this port; 0 is any free one
    #[arg(long, value_name = "PORT", default_value_t = 3000)]
    port: u16,
    /// Respond to probes, and show metrics, on this port; 0 is any free one
    #[arg(long, value_name = "PORT", default_value_t = 8081)]
    readiness_probe_port: u16,
    /// Certificate for HTTPS; plain HTTP without it
    #[arg(long, value_name = "FILE", requires = "key_file")]
    cert_file: Option<PathBuf>,
    /// Key of the certificate
    #[arg(long, value_name = "FILE", requires = "cert_file")]
    key_file: Option<PathBuf>,
    /// How to reach the API server; by default KUBECONFIG, ~/.kube/config or the pod's own account
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Start where no API server is configured; policies that need one will fail
    #[arg(long)]
    ignore_kubernetes_connection_failure: bool,
    /// How long an answer of the API server is used again, for all policies; the policy server's is 5
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    access_review_cache: u64,
    /// Interrupt evaluations after this time
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    policy_timeout: u64,
    /// Accept everything in this namespace
    #[arg(long, value_name = "NAMESPACE")]
    always_accept_admission_reviews_on_namespace: Option<String>,
    /// Accepted for the sake of the policy server's command lines; nothing is downloaded
    #[arg(long, value_name = "FOLDER", hide = true)]
    policies_download_dir: Option<PathBuf>,
    /// How many evaluations run at the same time; by default one for each processor
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    workers: Option<u16>,
}

impl Serve {
    pub(crate) fn execute(&self) -> Result<ExitCode, Error> {
        let runtime =
            tokio::runtime::Runtime::new().map_err(|reason| Error::NotServed(reason.to_string()))?;
        runtime.block_on(self.serve())?;
        Ok(ExitCode::SUCCESS)
    }

    async fn serve(&self) -> Result<(), Error> {
        warn!("for laptops and tests: in production Kubewarden's policy server runs policies");
        let stop = stop()?;
        let server = Server::bind(self.options()).await?;
        anstream::println!("serving {}, probes and metrics {}", server.url()?, server.probe_url()?);
        server.run(stop).await
    }

    fn options(&self) -> ServeOptions {
        let processors = || thread::available_parallelism().map_or(1, usize::from);
        ServeOptions {
            policies: self.policies.clone(),
            address: SocketAddr::new(self.addr, self.port),
            probe_address: SocketAddr::new(self.addr, self.readiness_probe_port),
            certificate: self.cert_file.clone().zip(self.key_file.clone()),
            kubeconfig: self.kubeconfig.clone(),
            without_cluster: self.ignore_kubernetes_connection_failure,
            access_review_cache: Duration::from_secs(self.access_review_cache),
            policy_timeout: Duration::from_secs(self.policy_timeout),
            accepted_namespace: self.always_accept_admission_reviews_on_namespace.clone(),
            workers: self.workers.map_or_else(processors, usize::from),
        }
    }
}

/// Ready when the process is asked to stop.
fn stop() -> Result<impl Future<Output = ()>, Error> {
    let listen = |kind| signal(kind).map_err(|reason| Error::NotServed(reason.to_string()));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
