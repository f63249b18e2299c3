//! The fields that more than one part of a pod depends on.

use serde_json::{Map, Value, json};

/// The fields that more than one part of a pod depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Context {
    /// `os.name: windows`
    pub(super) windows: bool,
    /// `hostUsers`
    pub(super) users: Option<bool>,
    /// `hostNetwork`
    pub(super) network: bool,
    /// `hostPID`
    pub(super) pid: bool,
    /// `hostIPC`
    pub(super) ipc: bool,
}

impl Context {
    /// Those that differ in what any rule reads and that the API server accepts, plain ones first: it refuses
    /// `hostUsers: false` next to another namespace of the node, and on Windows all but `hostNetwork`.
    pub(super) fn all(user_namespaces: bool) -> Vec<Context> {
        let mut namespaces = Vec::new();
        for count in 0..=3 {
            for bits in (0..8_u8).filter(|bits| bits.count_ones() == count) {
                let (network, pid, ipc) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
                namespaces.push(Context { network, pid, ipc, ..Context::default() });
            }
        }
        let mut all = namespaces.clone();
        all.insert(1, Context { users: Some(false), ..Context::default() });
        if user_namespaces {
            // All other policies read `true` as they read nothing.
            all.extend(namespaces.iter().map(|context| Context { users: Some(true), ..*context }));
        }
        let windows = Context { windows: true, ..Context::default() };
        all.extend([windows, Context { network: true, ..windows }]);
        all
    }

    /// The fields of the pod.
    pub(super) fn pod(self) -> Value {
        let mut spec = Map::new();
        if self.windows {
            spec.insert("os".to_owned(), json!({"name": "windows"}));
        }
        if let Some(users) = self.users {
            spec.insert("hostUsers".to_owned(), json!(users));
        }
        for (key, used) in [("hostNetwork", self.network), ("hostPID", self.pid), ("hostIPC", self.ipc)] {
            if used {
                spec.insert(key.to_owned(), json!(true));
            }
        }
        json!({ "spec": spec })
    }

    /// The fields that are set, as a title: `hostNetwork, hostPID`
    pub(super) fn title(self) -> String {
        let fields = [
            ("os.name", self.windows),
            ("hostUsers", self.users.is_some()),
            ("hostNetwork", self.network),
            ("hostPID", self.pid),
            ("hostIPC", self.ipc),
        ];
        let set: Vec<_> = fields.into_iter().filter(|(_, set)| *set).map(|(name, _)| name).collect();
        set.join(", ")
    }

    /// Whether everything that is set here is also set there.
    pub(super) fn is_within(self, other: Context) -> bool {
        (!self.windows || other.windows)
            && (self.users.is_none() || self.users == other.users)
            && (!self.network || other.network)
            && (!self.pid || other.pid)
            && (!self.ipc || other.ipc)
    }

    /// Only the operating system.
    pub(super) fn os(self) -> Context {
        Context { windows: self.windows, ..Context::default() }
    }

    /// The operating system and the network.
    pub(super) fn os_and_network(self) -> Context {
        Context { network: self.network, ..self.os() }
    }

    /// What decides whether the pod has a user namespace of its own: where nothing is written, a policy may set
    /// `hostUsers: false`, unless the pod has another namespace of the node.
    pub(super) fn user_namespace(self) -> Context {
        let obstacle = self.users.is_none() && (self.network || self.pid || self.ipc);
        Context { users: self.users, network: obstacle, ..self.os() }
    }
}
