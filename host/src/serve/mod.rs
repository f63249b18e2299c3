//! The policy server's face, for laptops and tests: HTTPS, `policies.yml`, and access reviews by the real API server.
//!
//! Options, paths, messages and metrics are those of Kubewarden's policy server 1.36, so that whatever talks to the one
//! can talk to the other. What a cluster needs in production it lacks: registries, signatures, groups of policies,
//! policies that read objects, and certificates that change while it runs.

mod capabilities;
mod cluster;
mod constraints;
mod metrics;
mod registration;
mod routes;
mod served;

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use axum_server::{
    Control, Handle,
    accept::NoDelayAcceptor,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use tokio::sync::Semaphore;
use tracing::{info, warn};

use self::{
    cluster::Cluster,
    routes::{Shared, evaluations, probes},
    served::Served,
};
use crate::{Error, read_text};

/// Requests that are being evaluated when the server stops get so much time.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// How a server is to run.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The file with the policies.
    pub policies: PathBuf,
    /// Where it listens; port 0 is any free one.
    pub address: SocketAddr,
    /// Where it responds to probes, and shows its metrics.
    pub probe_address: SocketAddr,
    /// Certificate and key. Without them it speaks plain HTTP.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// How to reach the cluster; without it the usual places are tried.
    pub kubeconfig: Option<PathBuf>,
    /// Whether to do without a cluster where none is found.
    pub without_cluster: bool,
    /// How long an answer of the cluster is used again.
    pub access_review_cache: Duration,
    /// The time limit of an evaluation.
    pub policy_timeout: Duration,
    /// The namespace in which everything is accepted.
    pub accepted_namespace: Option<String>,
    /// How many evaluations run at the same time.
    pub workers: usize,
}

/// A server that has loaded its policies and listens, but does not respond yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    probe_listener: TcpListener,
    tls: Option<RustlsConfig>,
    router: Router,
    probe_router: Router,
}

impl Server {
    /// Loads the policies, validates their settings and listens.
    ///
    /// # Errors
    ///
    /// When a policy cannot be served, there is no cluster, the certificate cannot be used, or an address is taken.
    pub async fn bind(options: ServeOptions) -> Result<Self, Error> {
        // Of several libraries of cryptography one must be named. An error only says that it has been.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let registrations = registration::read(&read_text(&options.policies)?)
            .map_err(|error| error.in_file(&options.policies))?;
        let tls = match &options.certificate {
            Some((certificate, key)) => Some(tls(certificate, key).await?),
            None => None,
        };
        let cluster = match Cluster::connect(options.kubeconfig.as_deref(), options.access_review_cache).await
        {
            Ok(cluster) => Some(cluster),
            Err(error) if options.without_cluster => {
                warn!("{error}; can_i will fail");
                None
            }
            Err(error) => return Err(error),
        };
        let seconds = options.policy_timeout.as_secs();
        let policies = options.policies.clone();
        let load = move || Served::load(registrations, seconds, cluster.as_ref(), options.accepted_namespace);
        // Compiling modules takes seconds.
        let served = tokio::task::spawn_blocking(load)
            .await
            .map_err(|reason| Error::NotServed(reason.to_string()))?
            .map_err(|error| error.in_file(policies))?;
        let served = Arc::new(served);
        for name in served.names() {
            info!(policy_id = name, "policy loaded");
        }
        let workers = Arc::new(Semaphore::new(options.workers));
        Ok(Self {
            listener: listen(options.address)?,
            probe_listener: listen(options.probe_address)?,
            tls,
            router: evaluations(Shared { served: Arc::clone(&served), workers }),
            probe_router: probes(served),
        })
    }

    /// Where it listens: `https://127.0.0.1:3000`.
    ///
    /// # Errors
    ///
    /// When the system does not know the socket.
    pub fn url(&self) -> Result<String, Error> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}", self.listener.local_addr().map_err(not_served)?))
    }

    /// Where it responds to probes and shows its metrics.
    ///
    /// # Errors
    ///
    /// When the system does not know the socket.
    pub fn probe_url(&self) -> Result<String, Error> {
        Ok(format!("http://{}", self.probe_listener.local_addr().map_err(not_served)?))
    }

    /// Responds until `stop` is ready, then to the requests that have arrived.
    ///
    /// # Errors
    ///
    /// When a socket fails.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let control = Control::new();
        let stopped = control.clone();
        tokio::spawn(async move {
            stop.await;
            info!("stopping");
            stopped.graceful_shutdown(Some(LAST_REQUESTS));
        });
        let handle = || Handle::with_control(control.clone());
        let probes = axum_server::from_tcp(self.probe_listener)
            .map_err(not_served)?
            .handle(handle())
            .serve(self.probe_router.into_make_service());
        let service = self.router.into_make_service();
        let served = match self.tls {
            Some(tls) => {
                // What is written in two parts is not held back until the API server has confirmed the first.
                let acceptor = RustlsAcceptor::new(tls).acceptor(NoDelayAcceptor);
                let server = axum_server::from_tcp(self.listener).map_err(not_served)?.acceptor(acceptor);
                tokio::try_join!(server.handle(handle()).serve(service), probes)
            }
            None => {
                let server =
                    axum_server::from_tcp(self.listener).map_err(not_served)?.acceptor(NoDelayAcceptor);
                tokio::try_join!(server.handle(handle()).serve(service), probes)
            }
        };
        served.map(|_| ()).map_err(not_served)
    }
}

async fn tls(certificate: &Path, key: &Path) -> Result<RustlsConfig, Error> {
    RustlsConfig::from_pem_file(certificate, key).await.map_err(|reason| {
        Error::NotServed(format!("certificate {} and key {}: {reason}", certificate.display(), key.display()))
    })
}

fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address)
        .map_err(|reason| Error::NotServed(format!("cannot listen on {address}: {reason}")))
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn not_served(reason: std::io::Error) -> Error {
    Error::NotServed(reason.to_string())
}
