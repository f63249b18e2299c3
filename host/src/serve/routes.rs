//! The paths of the policy server, and what it says when it cannot evaluate.

use std::{fmt::Display, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, State, rejection::JsonRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tracing::error;

use super::{
    metrics::Origin,
    served::{Request, Served},
};
use crate::{AdmissionRequest, AdmissionResponse};

/// What all requests share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) served: Arc<Served>,
    /// So many evaluations run at the same time; the others wait.
    pub(crate) workers: Arc<Semaphore>,
}

/// The paths that evaluate. Bodies above 2 MiB, axum's own limit, are refused as by the policy server.
pub(crate) fn evaluations(shared: Shared) -> Router {
    Router::new()
        .route("/validate/{policy}", post(validate))
        .route("/audit/{policy}", post(audit))
        .route("/validate_raw/{policy}", post(validate_raw))
        .route("/readiness", get(ready))
        .with_state(shared)
}

/// The paths of the port for probes.
pub(crate) fn probes(served: Arc<Served>) -> Router {
    Router::new().route("/readiness", get(ready)).route("/metrics", get(metrics)).with_state(served)
}

#[derive(Deserialize)]
struct AdmissionReview {
    request: AdmissionRequest,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReviewedAdmission {
    kind: &'static str,
    api_version: &'static str,
    response: AdmissionResponse,
}

#[derive(Deserialize)]
struct RawReview {
    request: Value,
}

#[derive(Serialize)]
struct ReviewedRaw {
    response: AdmissionResponse,
}

/// An error of HTTP, as the policy server writes it.
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, message) = self;
        (status, Json(json!({"message": message, "status": status.as_u16()}))).into_response()
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        Self(rejection.status(), rejection.body_text())
    }
}

/// A body, or what is wrong with it.
type Body<T> = Result<Json<T>, JsonRejection>;

async fn validate(
    State(shared): State<Shared>,
    Path(policy): Path<String>,
    body: Body<AdmissionReview>,
) -> Result<Json<ReviewedAdmission>, Refusal> {
    admission(shared, policy, body, Origin::Validate).await
}

async fn audit(
    State(shared): State<Shared>,
    Path(policy): Path<String>,
    body: Body<AdmissionReview>,
) -> Result<Json<ReviewedAdmission>, Refusal> {
    admission(shared, policy, body, Origin::Audit).await
}

async fn validate_raw(
    State(shared): State<Shared>,
    Path(policy): Path<String>,
    body: Body<RawReview>,
) -> Result<Json<ReviewedRaw>, Refusal> {
    let Json(review) = body?;
    let response = evaluate(shared, policy, Request::Raw(review.request)).await?;
    Ok(Json(ReviewedRaw { response }))
}

async fn ready() {}

async fn metrics(State(served): State<Arc<Served>>) -> Result<impl IntoResponse, Refusal> {
    let text = served.metrics().text().map_err(|reason| failed("metrics", &reason))?;
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}

async fn admission(
    shared: Shared,
    policy: String,
    body: Body<AdmissionReview>,
    origin: Origin,
) -> Result<Json<ReviewedAdmission>, Refusal> {
    let Json(review) = body?;
    let response = evaluate(shared, policy, Request::Admission(Box::new(review.request), origin)).await?;
    Ok(Json(ReviewedAdmission { kind: "AdmissionReview", api_version: "admission.k8s.io/v1", response }))
}

/// Evaluates on a thread that may block: the policy computes, and waits for the cluster.
async fn evaluate(shared: Shared, policy: String, request: Request) -> Result<AdmissionResponse, Refusal> {
    let unknown = Refusal(StatusCode::NOT_FOUND, format!("unknown policy: {policy}"));
    let permit = shared.workers.acquire_owned().await.map_err(|reason| failed(&policy, &reason))?;
    let name = policy.clone();
    let evaluation = tokio::task::spawn_blocking(move || {
        let response = shared.served.evaluate(&name, &request);
        drop(permit);
        response
    });
    let response = evaluation.await.map_err(|reason| failed(&policy, &reason))?.ok_or(unknown)?;
    response.map_err(|reason| failed(&policy, &reason))
}

fn failed(policy: &str, reason: &dyn Display) -> Refusal {
    error!(policy_id = policy, %reason, "evaluation failed");
    Refusal(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong".to_owned())
}
