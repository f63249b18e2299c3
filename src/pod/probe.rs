//! Probes and hooks: the hosts that the kubelet calls for a container.

use crate::json::{Decode, Read, Reader, Text, once};

/// `livenessProbe`, `readinessProbe` and `startupProbe`
#[derive(Debug, Clone, Default)]
pub struct Probe<'a> {
    /// `httpGet.host` and `tcpSocket.host`: the host that the kubelet calls instead of the pod itself.
    pub hosts: Vec<Text<'a>>,
}

/// `lifecycle`
#[derive(Debug, Clone, Default)]
pub struct Lifecycle<'a> {
    /// `httpGet.host` and `tcpSocket.host` of `postStart` and `preStop`.
    pub hosts: Vec<Text<'a>>,
}

/// The path from a probe to its hosts: the keys at each level.
const HOSTS: &[&[&str]] = &[&["httpGet", "tcpSocket"], &["host"]];
/// The path from `lifecycle` to the hosts of its hooks.
const HOSTS_OF_HOOKS: &[&[&str]] = &[&["postStart", "preStop"], &["httpGet", "tcpSocket"], &["host"]];

impl<'a> Decode<'a> for Probe<'a> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        read_texts(reader, HOSTS, &mut self.hosts)
    }
}

impl<'a> Decode<'a> for Lifecycle<'a> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        read_texts(reader, HOSTS_OF_HOOKS, &mut self.hosts)
    }
}

/// Reads the strings at the ends of a path and nothing else.
fn read_texts<'a>(reader: &mut Reader<'a>, way: &[&[&str]], texts: &mut Vec<Text<'a>>) -> Read<()> {
    if reader.null()? {
        return Ok(());
    }
    let Some((keys, rest)) = way.split_first() else {
        texts.push(reader.string()?);
        return Ok(());
    };
    let mut seen = 0;
    reader.object(|reader, key| match (0..).zip(*keys).find(|(_, known)| key == **known) {
        Some((nth, _)) => {
            once(&mut seen, nth)?;
            read_texts(reader, rest, texts)
        }
        None => reader.skip(),
    })
}
