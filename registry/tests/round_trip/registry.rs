//! A real registry on an unused loopback port.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread;

use tempfile::TempDir;

/// A registry that ends with its test.
pub(crate) struct Registry {
    process: Child,
    address: String,
    _files: TempDir,
}

impl Registry {
    /// Starts one and waits until it listens.
    pub(crate) fn start() -> Self {
        let files = TempDir::new().unwrap();
        let configuration = files.path().join("config.yml");
        let data = files.path().join("data");
        let text = format!(
            "version: 0.1\nlog: {{level: info, formatter: json}}\nstorage: {{filesystem: {{rootdirectory: {:?}}}}}\nhttp: {{addr: '127.0.0.1:0'}}\n",
            data.display().to_string()
        );
        fs::write(&configuration, text).unwrap();
        let mut process = Command::new("docker-registry")
            .arg("serve")
            .arg(&configuration)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("docker-registry is needed: apt-get install docker-registry: {error}")
            });
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let address = listening(&mut log).unwrap_or_else(|log| panic!("the registry has ended: {log}"));
        // A full pipe would block it.
        thread::spawn(move || log.read_to_end(&mut Vec::new()));
        Self { process, address, _files: files }
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

/// The address in the log, which the system has chosen.
fn listening(log: &mut impl BufRead) -> Result<String, String> {
    let mut reported = String::new();
    for line in log.lines() {
        let line = line.unwrap();
        if let Some((_, address)) = line.split_once("listening on ") {
            return Ok(address
                .chars()
                .take_while(|character| character.is_ascii_digit() || ".:".contains(*character))
                .collect());
        }
        reported = format!("{reported}\n{line}");
    }
    Err(reported)
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
