//! With a certificate.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::{Certificate, Client};
use serde_json::json;

use crate::common::{YES, answering};
use crate::harness::{Folder, response, reviewed};

/// An authority, and a certificate of it for this host: authority, certificate and key as PEM.
fn certificates(host: &str) -> [String; 3] {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([host.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    [authority.pem(), certificate.pem(), key.serialize_pem()]
}

#[tokio::test]
async fn clients_that_trust_its_authority_are_answered() {
    let [authority, certificate, key] = certificates("127.0.0.1");
    let folder = Folder::with(&[("p", &answering(YES), json!({}))]);
    let mut options = folder.options();
    options.certificate = Some((folder.file("tls.crt", certificate), folder.file("tls.key", key)));
    let mut serving = folder.serve_with(options).await;
    assert!(serving.url.starts_with("https://127.0.0.1:"), "{}", serving.url);
    assert!(serving.probe_url.starts_with("http://127.0.0.1:"), "{}", serving.probe_url);

    let refused = serving.client.get(format!("{}/readiness", serving.url)).send().await.unwrap_err();
    assert!(refused.is_connect(), "{refused:?}");
    let plain = serving.url.replacen("https", "http", 1);
    assert!(serving.client.get(format!("{plain}/readiness")).send().await.is_err());

    let authority = Certificate::from_pem(authority.as_bytes()).unwrap();
    serving.client = Client::builder().tls_certs_only([authority]).build().unwrap();
    assert_eq!(serving.validate("p").await, reviewed(response(true)));
    assert_eq!(serving.get(&format!("{}/readiness", serving.url)).await, (200, String::new()));
    serving.stop().await;
}

#[tokio::test]
async fn a_key_that_cannot_be_used_ends_the_start() {
    let [_, certificate, _] = certificates("127.0.0.1");
    let folder = Folder::with(&[("p", &answering(YES), json!({}))]);
    let mut options = folder.options();
    let (certificate, key) = (folder.file("tls.crt", certificate), folder.file("tls.key", "hello"));
    options.certificate = Some((certificate.clone(), key.clone()));

    let error = policy_host::Server::bind(options).await.unwrap_err().to_string();

    let start = format!("certificate {} and key {}: ", certificate.display(), key.display());
    assert!(error.starts_with(&start), "{error}");
}
