//! From a kubeconfig to a connection.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::runtime::Builder;

use super::Cluster;
use crate::error::{Error, Outcome};

/// Which cluster is meant: that of a kubeconfig, or the one this runs in.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The kubeconfig; `None` for those of `KUBECONFIG`, else the user's.
    pub kubeconfig: Option<PathBuf>,
    /// The context; `None` for the current one.
    pub context: Option<String>,
}

/// A server that does not answer is reported after this time.
const TO_CONNECT: Duration = Duration::from_secs(10);
/// The API server's own limit for a list.
const TO_ANSWER: Duration = Duration::from_secs(60);

impl Cluster {
    /// A connection; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// If there is no such context, or no kubeconfig.
    pub fn connect(access: &Access) -> Outcome<Self> {
        // With several providers in one program, there is no default. An earlier one stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| Error::new(format_args!("the network cannot be used: {error}")))?;
        let (client, namespace, name) = runtime.block_on(async {
            let mut config = config(access).await.map_err(|reason| unknown(access, &reason))?;
            config.connect_timeout = Some(TO_CONNECT);
            config.read_timeout = Some(TO_ANSWER);
            let namespace = config.default_namespace.clone();
            let server = config.cluster_url.to_string();
            let name = match &access.context {
                Some(context) => format!("{} of context {context}", server.trim_end_matches('/')),
                None => server.trim_end_matches('/').to_owned(),
            };
            let client = Client::try_from(config).map_err(|error| unknown(access, &error.to_string()))?;
            Ok::<_, Error>((client, namespace, name))
        })?;
        Ok(Cluster { client, runtime: Arc::new(runtime), namespace, name })
    }
}

async fn config(access: &Access) -> Result<Config, String> {
    let options = KubeConfigOptions { context: access.context.clone(), ..KubeConfigOptions::default() };
    match &access.kubeconfig {
        Some(path) => {
            let file = Kubeconfig::read_from(path).map_err(|error| error.to_string())?;
            Config::from_custom_kubeconfig(file, &options).await.map_err(|error| error.to_string())
        }
        None if access.context.is_some() => {
            Config::from_kubeconfig(&options).await.map_err(|error| error.to_string())
        }
        None => Config::infer().await.map_err(|error| error.to_string()),
    }
}

fn unknown(access: &Access, reason: &str) -> Error {
    let which = match (&access.kubeconfig, &access.context) {
        (_, Some(context)) => format!("context {context}"),
        (Some(file), None) => file.display().to_string(),
        (None, None) => "the kubeconfig".to_owned(),
    };
    Error::new(format_args!("{which}: names no cluster that can be read: {reason}"))
        .help("--kubeconfig and --context select one; files, or `-` for standard input, need no cluster")
}
