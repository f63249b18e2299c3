//! A server of a test, and a stub of the API server.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use policy_host::{Error, ServeOptions, Server};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};

use crate::common::REQUEST;

/// A request about a pod, as the API server sends it.
pub(crate) fn review() -> Value {
    let request: Value = serde_json::from_str(REQUEST).unwrap();
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
}

/// The complete answer with this response.
pub(crate) fn reviewed(response: Value) -> Value {
    json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "response": response})
}

/// A response that says nothing but this.
pub(crate) fn response(allowed: bool) -> Value {
    json!({"uid": "1", "allowed": allowed, "auditAnnotations": null, "warnings": null})
}

/// A folder with modules, `policies.yml` and other files.
pub(crate) struct Folder(TempDir);

impl Folder {
    /// With modules, each of which is registered by its name and these further keys.
    pub(crate) fn with(policies: &[(&str, &[u8], Value)]) -> Self {
        let folder = Self(TempDir::new().unwrap());
        let mut registrations = json!({});
        for (name, module, keys) in policies {
            let mut registration = json!({"module": folder.file(&format!("{name}.wasm"), module)});
            registration.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
            registrations[*name] = registration;
        }
        folder.file("policies.yml", registrations.to_string());
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    /// A kubeconfig for an API server that speaks plain HTTP.
    pub(crate) fn kubeconfig(&self, api_server: SocketAddr) -> PathBuf {
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "stub",
            "clusters": [{"name": "stub", "cluster": {"server": format!("http://{api_server}")}}],
            "users": [{"name": "stub", "user": {}}],
            "contexts": [{"name": "stub", "context": {"cluster": "stub", "user": "stub"}}],
        });
        self.file("kubeconfig", config.to_string())
    }

    pub(crate) fn options(&self) -> ServeOptions {
        ServeOptions {
            policies: self.path("policies.yml"),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            probe_address: SocketAddr::from(([127, 0, 0, 1], 0)),
            certificate: None,
            kubeconfig: Some(self.path("kubeconfig")),
            without_cluster: true,
            access_review_cache: Duration::from_secs(5),
            policy_timeout: Duration::from_secs(2),
            accepted_namespace: None,
            workers: 2,
        }
    }

    pub(crate) async fn serve(self) -> Serving {
        let options = self.options();
        self.serve_with(options).await
    }

    pub(crate) async fn serve_with(self, options: ServeOptions) -> Serving {
        let server = Server::bind(options).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (url, probe_url) = (server.url().unwrap(), server.probe_url().unwrap());
        let run = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Serving { url, probe_url, client: reqwest::Client::new(), stop, run, _folder: self }
    }
}

/// A server that responds.
pub(crate) struct Serving {
    pub(crate) url: String,
    pub(crate) probe_url: String,
    pub(crate) client: reqwest::Client,
    stop: oneshot::Sender<()>,
    run: JoinHandle<Result<(), Error>>,
    _folder: Folder,
}

impl Serving {
    /// Status and body of the answer.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.client.post(format!("{}{path}", self.url)).json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// The answer to the review of a pod.
    pub(crate) async fn validate(&self, policy: &str) -> Value {
        let (status, body) = self.post(&format!("/validate/{policy}"), &review()).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    pub(crate) async fn get(&self, url: &str) -> (u16, String) {
        let answer = self.client.get(url).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Stops it, and waits until it has.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.run.await.unwrap().unwrap();
    }
}

/// An API server that answers access reviews, and remembers them.
pub(crate) struct ApiServer {
    pub(crate) address: SocketAddr,
    reviews: Arc<std::sync::Mutex<Vec<Value>>>,
}

impl ApiServer {
    /// One whose answers have this status.
    pub(crate) async fn answering(status: impl Fn(&Value) -> Value + Clone + Send + Sync + 'static) -> Self {
        Self::waiting(Arc::new(tokio::sync::Semaphore::new(1000)), status).await
    }

    /// One that answers as often as there are permits.
    pub(crate) async fn waiting(
        permits: Arc<tokio::sync::Semaphore>,
        status: impl Fn(&Value) -> Value + Clone + Send + Sync + 'static,
    ) -> Self {
        let reviews = Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = Arc::clone(&reviews);
        let answer = async move |axum::Json(mut review): axum::Json<Value>| {
            seen.lock().unwrap().push(review.clone());
            permits.acquire().await.unwrap().forget();
            review["status"] = status(&review["spec"]);
            axum::Json(review)
        };
        let router = axum::Router::new()
            .route("/apis/authorization.k8s.io/v1/subjectaccessreviews", axum::routing::post(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, reviews }
    }

    /// The reviews that it was asked for.
    pub(crate) fn reviews(&self) -> Vec<Value> {
        self.reviews.lock().unwrap().clone()
    }
}
