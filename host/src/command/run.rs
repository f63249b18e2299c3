//! `run`: one request, one line with the response, as `kwctl run` prints it.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use clap::{Args, ValueEnum};
use policy_host::{
    AdmissionRequest, Error, HostCalls, Policy, Replay, Unanswered, WithoutResources, read_text,
};
use tracing::warn;

use super::SettingsSource;

/// Judge one request and print the AdmissionResponse, as `kwctl run` does
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The policy's module
    #[arg(value_name = "POLICY")]
    policy: PathBuf,
    /// File containing an AdmissionRequest or AdmissionReview in JSON, `-` for standard input
    #[arg(short, long, value_name = "PATH")]
    request_path: PathBuf,
    #[command(flatten)]
    settings: SettingsSource,
    /// Answer the policy's questions from a recording made by kwctl
    #[arg(long, value_name = "FILE")]
    replay_host_capabilities_interactions: Option<PathBuf>,
    /// Let the policy read the objects that the recording holds
    #[arg(long)]
    allow_context_aware: bool,
    /// Reject mutations, as a server does where the policy is registered with `mutating: false`
    #[arg(long)]
    non_mutating: bool,
    /// How to run the module: this host knows one way
    #[arg(short, long, value_name = "MODE")]
    execution_mode: Option<ExecutionMode>,
    /// Accepted for the sake of kwctl's command lines; there is no cache
    #[arg(long)]
    disable_wasmtime_cache: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ExecutionMode {
    Kubewarden,
}

impl Run {
    pub(crate) fn execute(&self) -> Result<ExitCode, Error> {
        let request = AdmissionRequest::from_json(&read_text(&self.request_path)?)
            .map_err(|error| error.in_file(&self.request_path))?;
        let settings = self.settings.read()?;
        let replay = self.replay()?;
        let answers: Arc<dyn HostCalls> = match (&replay, self.allow_context_aware) {
            (Some(replay), true) => Arc::clone(replay) as _,
            (Some(replay), false) => Arc::new(WithoutResources(Arc::clone(replay))),
            (None, _) => Arc::new(WithoutResources(Unanswered)),
        };

        let instance = Policy::from_file(&self.policy)?.instance(answers)?;
        let verdict = instance.validate_settings(&settings)?;
        if !verdict.valid {
            return Err(Error::SettingsRefused(verdict.message.unwrap_or_default()));
        }
        let mut response = instance.review(&request, &settings)?;
        if self.non_mutating {
            response = response.without_mutation("policy-from-cli");
        }

        if let Some(left @ 1..) = replay.map(|replay| replay.leftovers()) {
            warn!("{left} of the recorded exchanges have not been replayed");
        }
        anstream::println!("{}", response.to_json()?);
        Ok(ExitCode::SUCCESS)
    }

    fn replay(&self) -> Result<Option<Arc<Replay>>, Error> {
        let Some(path) = &self.replay_host_capabilities_interactions else {
            return Ok(None);
        };
        let replay = Replay::from_yaml(&read_text(path)?).map_err(|error| error.in_file(path))?;
        Ok(Some(Arc::new(replay)))
    }
}
