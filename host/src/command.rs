//! The commands, one file each.

#[cfg(feature = "server")]
pub(crate) mod annotate;
#[cfg(feature = "server")]
pub(crate) mod artifact_hub;
#[cfg(feature = "server")]
pub(crate) mod bench;
#[cfg(feature = "server")]
pub(crate) mod inspect;
#[cfg(feature = "server")]
pub(crate) mod instructions;
pub(crate) mod judge;
pub(crate) mod run;
#[cfg(feature = "server")]
pub(crate) mod sample;
#[cfg(feature = "serve")]
pub(crate) mod serve;
#[cfg(feature = "server")]
pub(crate) mod slopes;
#[cfg(feature = "server")]
pub(crate) mod worst;

use std::path::{Path, PathBuf};

use clap::Args;
use policy_host::{Error, Settings, read_text};

/// Where the settings come from; none at all is `{}`.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct SettingsSource {
    /// File containing the settings, YAML or JSON
    #[arg(short, long, value_name = "PATH")]
    settings_path: Option<PathBuf>,
    /// The settings themselves, as JSON
    #[arg(long, value_name = "VALUE")]
    settings_json: Option<String>,
}

impl SettingsSource {
    pub(crate) fn read(&self) -> Result<Settings, Error> {
        if let Some(path) = &self.settings_path {
            return settings_of(path);
        }
        self.settings_json.as_deref().map_or_else(|| Ok(Settings::default()), Settings::from_json)
    }
}

fn settings_of(path: &Path) -> Result<Settings, Error> {
    Settings::from_yaml(&read_text(path)?).map_err(|error| error.in_file(path))
}
