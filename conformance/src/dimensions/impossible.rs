//! Pairs of values that cannot meet.

/// Values of one dimension that no value of another can meet.
#[derive(Clone, Copy, Debug)]
pub struct Impossible {
    /// A dimension (`policy: *` is each whose name begins so), and its values; none is each.
    pub one: (&'static str, &'static [&'static str]),
    /// Another.
    pub other: (&'static str, &'static [&'static str]),
    /// Why.
    pub reason: &'static str,
}

/// All of them.
pub const IMPOSSIBLE: &[Impossible] = &[
    Impossible {
        one: ("policy: runAsUser/rule", &["MayRunAs"]),
        other: ("*", &[]),
        reason: "the original has no such strategy for users",
    },
    Impossible { one: ("policies", &["none"]), other: ("policy: *", &[]), reason: "no policy says anything" },
    Impossible {
        one: ("policies", &["none", "two", "three or four"]),
        other: ("hint", &["the only policy"]),
        reason: "there is not one policy",
    },
    Impossible {
        one: ("policies", &["none", "one"]),
        other: ("hint", &["one of several"]),
        reason: "there are not several policies",
    },
    Impossible { one: ("grants", &["no user"]), other: ("requester", &WITH_NAME), reason: "there is a user" },
    Impossible {
        one: ("requester", &["no user"]),
        other: ("grants", &["to a group of the user"]),
        reason: "there is no user",
    },
    Impossible {
        one: ("requester", &["a user without groups", "the pod's account without groups"]),
        other: ("grants", &["to a group of the user"]),
        reason: "the user has no groups",
    },
    Impossible {
        one: ("requester", &IN_ALL_ACCOUNTS),
        other: ("grants", &["to all service accounts"]),
        reason: "that is a group of the user, and counts as one",
    },
];

/// The requesters who are users.
const WITH_NAME: [&str; 18] = {
    let mut names = [""; 18];
    let mut index = 0;
    while index < names.len() {
        #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        {
            names[index] = crate::generate::REQUESTERS[index].1.what;
        }
        index += 1;
    }
    names
};

/// The requesters who are in the group of all service accounts.
const IN_ALL_ACCOUNTS: [&str; 9] = [
    "a controller",
    "the pod's account",
    "the pod's account, not authenticated",
    "the pod's account with more groups",
    "another account of the namespace",
    "an account of that name elsewhere",
    "an account of that name elsewhere, groups of the pod's",
    "an account whose name begins so",
    "a user in the account's groups",
];
