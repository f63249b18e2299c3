//! The deployment of the module: pushed, pulled by its digest, and called with a pod.
//!
//! The registry is Debian's `docker-registry`; media types and annotations are those that kwctl pushes and the policy
//! server accepts.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod registry;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::manifest::OciImageManifest;
use oci_client::secrets::RegistryAuth::Anonymous;
use oci_client::{Client, Reference};
use serde_json::{Value, json};
use tempfile::TempDir;

use registry::Registry;

const LAYER: &str = "application/vnd.wasm.content.layer.v1+wasm";
const CONFIG: &str = "application/vnd.wasm.config.v1+json";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn annotated() -> PathBuf {
    root().join("annotated-policy.wasm")
}

fn module() -> Vec<u8> {
    fs::read(annotated())
        .unwrap_or_else(|error| panic!("there is no module: make annotated-policy.wasm: {error}"))
}

/// The output of policy-host: a program and not a library, so that its engine is compiled only once.
fn host(arguments: &[&str]) -> String {
    let program =
        std::env::var("POLICY_HOST").unwrap_or_else(|_| panic!("POLICY_HOST is not set: make registry-test"));
    let ended = Command::new(program).args(arguments).current_dir(root()).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    String::from_utf8(ended.stdout).unwrap()
}

fn client() -> Client {
    // Another test may have done so already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new(ClientConfig { protocol: ClientProtocol::Http, ..ClientConfig::default() })
}

/// A manifest's annotations hold one line each, so the usage text stays in the module.
fn annotations() -> BTreeMap<String, String> {
    let metadata: Value =
        serde_saphyr::from_str(&host(&["inspect", &annotated().display().to_string()])).unwrap();
    let mut annotations: BTreeMap<String, String> =
        serde_json::from_value(metadata.get("annotations").unwrap().clone()).unwrap();
    annotations.retain(|_, text| text.lines().count() <= 1);
    let source = annotations.get("io.kubewarden.policy.source").unwrap().clone();
    annotations.insert("org.opencontainers.image.source".to_owned(), source);
    annotations
}

/// Pushes the module under a tag, and returns the immutable reference.
async fn push(registry: &Registry, module: &[u8]) -> Reference {
    let tagged: Reference =
        format!("{}/policies/pod-security-policy:v0.1.0", registry.address()).parse().unwrap();
    let layers = [ImageLayer::new(module.to_vec(), LAYER.to_owned(), None)];
    let config = Config::new(&b"{}"[..], CONFIG.to_owned(), None);
    let manifest = OciImageManifest::build(&layers, &config, Some(annotations()));
    client().push(&tagged, &layers, config, &Anonymous, Some(manifest)).await.unwrap();
    let digest = client().fetch_manifest_digest(&tagged, &Anonymous).await.unwrap();
    tagged.clone_with_digest(digest)
}

async fn pull(pinned: &Reference, media_type: &str) -> Result<Vec<u8>, String> {
    let image =
        client().pull(pinned, &Anonymous, vec![media_type]).await.map_err(|error| error.to_string())?;
    let [layer] = image.layers.as_slice() else { panic!("{} layers", image.layers.len()) };
    Ok(layer.data.to_vec())
}

fn create(spec: &Value) -> String {
    let kind = json!({"group": "", "version": "v1", "kind": "Pod"});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}, "spec": spec});
    json!({"uid": "1", "operation": "CREATE", "kind": kind, "resource": {"group": "", "version": "v1", "resource": "pods"},
        "name": "web", "namespace": "shop", "userInfo": {"username": "alice"}, "object": pod})
    .to_string()
}

#[tokio::test]
async fn what_was_pulled_is_what_was_pushed() {
    let (registry, module) = (Registry::start(), module());

    let pinned = push(&registry, &module).await;

    assert!(pull(&pinned, LAYER).await.unwrap() == module, "the bytes differ");
}

#[tokio::test]
async fn the_manifest_is_one_of_a_kubewarden_policy() {
    let (registry, module) = (Registry::start(), module());

    let pinned = push(&registry, &module).await;

    let accepted = "application/vnd.oci.image.manifest.v1+json";
    let (manifest, digest) = client().pull_manifest_raw(&pinned, &Anonymous, &[accepted]).await.unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(Some(digest.as_str()), pinned.digest());
    assert_eq!(manifest.pointer("/config/mediaType"), Some(&json!(CONFIG)));
    assert_eq!(manifest.pointer("/layers/0/mediaType"), Some(&json!(LAYER)));
    assert_eq!(manifest.pointer("/layers/0/size"), Some(&json!(module.len())));
    assert_eq!(manifest.pointer("/layers/1"), None);
    assert_eq!(manifest.pointer("/annotations"), Some(&json!(annotations())));
}

#[tokio::test]
async fn another_kind_of_layer_is_not_pulled() {
    let registry = Registry::start();

    let pinned = push(&registry, &module()).await;

    let refused = pull(&pinned, "application/vnd.oci.image.layer.v1.tar").await.unwrap_err();
    assert!(refused.contains(LAYER), "{refused}");
}

#[tokio::test]
async fn a_pod_is_judged_with_what_was_pulled() {
    let registry = Registry::start();
    let pulled = pull(&push(&registry, &module()).await, LAYER).await.unwrap();

    assert_eq!(
        judge(&pulled, &json!({"containers": [{"name": "app", "image": "app"}]})),
        json!([true, "JSONPatch", null])
    );
    assert_eq!(
        judge(&pulled, &json!({"hostPID": true, "containers": []})),
        json!([false, null, "spec.hostPID: Invalid value: true: Host PID is not allowed to be used"])
    );
}

/// Whether a new pod is allowed, the type of its patch, and the message.
fn judge(module: &[u8], spec: &Value) -> Value {
    let files = TempDir::new().unwrap();
    let file = |name: &str| files.path().join(name).display().to_string();
    fs::write(file("pulled.wasm"), module).unwrap();
    fs::write(file("request.json"), create(spec)).unwrap();
    let open = json!({"rule": "RunAsAny"});
    let settings = json!({"defaultAllowPrivilegeEscalation": false, "runAsUser": open, "seLinux": open,
        "supplementalGroups": open, "fsGroup": open});
    let answer = host(&[
        "run",
        &file("pulled.wasm"),
        "--request-path",
        &file("request.json"),
        "--settings-json",
        &settings.to_string(),
    ]);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let at = |pointer: &str| answer.pointer(pointer).cloned().unwrap_or_default();
    json!([at("/allowed"), at("/patchType"), at("/status/message")])
}
