//! Lists, page by page. While a page is judged, the next one is on its way.

use kube::core::Request;
use kube::core::params::ListParams;
use serde::Deserialize;
use tokio::task::JoinHandle;

use super::{Cluster, Refusal, Resource, Selection};
use crate::error::Error;
use crate::input::{CLUSTER, Take, Text, Unread, Watch};

/// Objects in a page. Kubernetes' own clients take as many.
const PAGE: u32 = 500;
const GONE: u16 = 410;

type Page = JoinHandle<Result<String, kube::Error>>;

#[derive(Deserialize)]
struct List {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default, rename = "continue")]
    next: String,
}

impl Cluster {
    /// Calls `take` for each object of a resource.
    pub(super) fn list(
        &self,
        resource: &Resource,
        selection: &Selection,
        watch: &dyn Watch,
        take: Take<'_>,
    ) -> Result<Unread, Refusal> {
        let path = resource.path(selection.namespace.as_deref());
        let mut unread = Unread::default();
        let mut pending = Some(self.page(&path, selection, None)?);
        while let Some(page) = pending.take() {
            let text = match self.runtime.block_on(page) {
                Ok(Ok(text)) => text,
                // The list has expired while it was read. The server offers to go on with what there is now.
                Ok(Err(kube::Error::Api(status))) if status.code == GONE => {
                    let next = status.metadata.as_ref().and_then(|metadata| metadata.continue_.clone());
                    let Some(next) = next.filter(|next| !next.is_empty()) else {
                        return Err(self.refusal(kube::Error::Api(status)));
                    };
                    pending = Some(self.page(&path, selection, Some(next))?);
                    continue;
                }
                Ok(Err(error)) => return Err(self.refusal(error)),
                Err(error) => return Err(Refusal::Other(Error::new(error))),
            };
            let List { metadata } = serde_json::from_str(&text).map_err(|error| {
                Refusal::Other(Error::new(format_args!(
                    "{path}: the answer of {} is not a list: {error}",
                    self.name
                )))
            })?;
            if !metadata.next.is_empty() {
                pending = Some(self.page(&path, selection, Some(metadata.next))?);
            }
            unread.append(Text::new(CLUSTER, text).read(watch, take));
        }
        Ok(unread)
    }

    /// Sends for a page.
    fn page(&self, path: &str, selection: &Selection, next: Option<String>) -> Result<Page, Refusal> {
        let parameters = ListParams {
            label_selector: selection.labels.clone(),
            limit: Some(PAGE),
            continue_token: next,
            ..ListParams::default()
        };
        let request = Request::new(path)
            .list(&parameters)
            .map_err(|error| Refusal::Other(Error::new(format_args!("{path}: {error}"))))?;
        let client = self.client.clone();
        Ok(self.runtime.spawn(async move { client.request_text(request).await }))
    }
}
