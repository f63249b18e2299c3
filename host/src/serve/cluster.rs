//! The API server that answers access reviews.

use std::{path::Path, time::Duration};

use k8s_openapi::api::authorization::v1 as api;
use kube::{
    Api, Client, Config,
    api::PostParams,
    config::{KubeConfigOptions, Kubeconfig},
};
use moka::sync::Cache;
use tokio::runtime::Handle;

use crate::{
    Error,
    access_review::{CanI, ResourceAttributes, SubjectAccessReview},
};

/// Longer than any webhook may take: then the requester has gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// Answers that are kept; the oldest go first.
const CAPACITY: u64 = 10_000;

/// A client for the API server, and its answers of the last seconds.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    reviews: Api<api::SubjectAccessReview>,
    answers: Cache<SubjectAccessReview, Vec<u8>>,
    runtime: Handle,
}

impl Cluster {
    /// A client as a kubeconfig describes it: that of the path, else `KUBECONFIG`, else the user's, else the pod's own
    /// account. Nothing is sent yet.
    ///
    /// The policy server keeps an answer for five seconds and gives it to all policies, so that a grant or its
    /// revocation takes effect as much later.
    pub(crate) async fn connect(kubeconfig: Option<&Path>, keep: Duration) -> Result<Self, Error> {
        let config = match kubeconfig {
            Some(path) => {
                let file = Kubeconfig::read_from(path).map_err(not_connected)?;
                Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
                    .await
                    .map_err(not_connected)
            }
            None => Config::infer().await.map_err(not_connected),
        };
        let mut config = config?;
        config.connect_timeout = Some(PATIENCE);
        config.read_timeout = Some(PATIENCE);
        let client = Client::try_from(config).map_err(not_connected)?;
        Ok(Self {
            reviews: Api::all(client),
            answers: Cache::builder().max_capacity(CAPACITY).time_to_live(keep).build(),
            runtime: Handle::current(),
        })
    }

    /// The response to `can_i`: the status of a `SubjectAccessReview`. Not to be called by a task of the runtime.
    ///
    /// Equal questions at the same time are sent once. Errors are not kept.
    pub(crate) fn can_i(&self, payload: &[u8]) -> Result<Vec<u8>, String> {
        let CanI { subject_access_review, disable_cache } =
            serde_json::from_slice(payload).map_err(|error| error.to_string())?;
        let ask = || self.runtime.block_on(self.ask(subject_access_review.clone()));
        let answer = if disable_cache {
            ask()
        } else {
            self.answers.try_get_with_by_ref(&subject_access_review, ask).map_err(|error| (*error).clone())
        };
        answer.map_err(|error| format!("Callback evaluation failure: {error}"))
    }

    async fn ask(&self, question: SubjectAccessReview) -> Result<Vec<u8>, String> {
        let review = api::SubjectAccessReview { spec: spec(question), ..api::SubjectAccessReview::default() };
        let created = self.reviews.create(&PostParams::default(), &review).await;
        let status = created.map_err(|error| error.to_string())?.status;
        let status = status.ok_or("SubjectAccessReview did not return a response")?;
        serde_json::to_vec(&status).map_err(|error| error.to_string())
    }
}

fn not_connected(error: impl std::fmt::Display) -> Error {
    Error::NoCluster(error.to_string())
}

fn spec(question: SubjectAccessReview) -> api::SubjectAccessReviewSpec {
    let SubjectAccessReview { groups, resource_attributes, user } = question;
    let ResourceAttributes { group, name, namespace, resource, subresource, verb, version } =
        resource_attributes;
    let attributes = api::ResourceAttributes {
        group,
        name,
        namespace,
        resource: Some(resource),
        subresource,
        verb: Some(verb),
        version,
        ..api::ResourceAttributes::default()
    };
    api::SubjectAccessReviewSpec {
        groups,
        resource_attributes: Some(attributes),
        user: Some(user),
        ..api::SubjectAccessReviewSpec::default()
    }
}
