//! Profiles of seccomp and AppArmor: lists of which a pod's containers may have any.

use serde_json::Value;

use super::{BASELINE, RESTRICTED};
use crate::import::gatekeeper::constraint::{Constraint, Demanded, Why};
use crate::import::neutral::SECCOMP;
use crate::import::piece::Piece;

const APP_ARMOR: &str = "apparmor.security.beta.kubernetes.io/allowedProfileNames";

const KEY: &str = "parameters.allowedProfiles";

/// What constraints on seccomp call a container without a profile.
const NONE: &str = "not configured";

const EVERY_POD: &str = "it rejects every pod";

/// The profiles that are allowed.
#[derive(Debug, Default)]
struct Profiles {
    runtime_default: bool,
    unconfined: bool,
    /// Whether a container need not have one.
    none: bool,
    /// Whether every file of the node is allowed.
    any_file: bool,
    files: Vec<String>,
}

impl Profiles {
    /// The list as annotations have it.
    fn names(&self) -> Vec<String> {
        let own = [(self.runtime_default, "runtime/default"), (self.unconfined, "unconfined")];
        let own = own.into_iter().filter(|(is_allowed, _)| *is_allowed).map(|(_, name)| name.to_owned());
        own.chain(self.files.iter().map(|file| format!("localhost/{file}"))).collect()
    }

    /// Adds a file, if settings can name it.
    fn add_file(&mut self, file: &str, key: &str, piece: &mut Piece) {
        let has_parent = file.split('/').any(|element| element == "..");
        if file.is_empty() || file.contains(',') || file.starts_with('/') || has_parent {
            piece.differs(
                key,
                format!("the file `{file}` was compared with those of pods"),
                "it is left out",
                "the API server accepts no such file",
            );
        } else if !self.files.iter().any(|known| known == file) {
            self.files.push(file.to_owned());
        }
    }
}

/// The newer template, which reads the fields of pods and their types.
pub(super) fn seccomp(constraint: &mut Constraint<'_>) -> Demanded {
    let types = constraint.parameters.texts("allowedProfiles");
    let files = constraint.parameters.texts("allowedLocalhostFiles");
    if types.iter().any(|name| name == "*") {
        return Why::nothing("it allows every profile");
    }
    let mut piece = constraint.piece();
    let lists = |name: &str| types.iter().any(|listed| listed == name);
    let mut profiles = Profiles {
        runtime_default: lists("RuntimeDefault"),
        unconfined: lists("Unconfined"),
        none: lists(NONE),
        any_file: lists("Localhost") && files.iter().any(|file| file == "*"),
        files: Vec::new(),
    };
    if !lists("Localhost") && files.iter().any(|file| file == "*") {
        piece.differs(
            "parameters.allowedLocalhostFiles",
            "the code in Rego admitted every file, that in CEL none",
            "none is admitted",
            "`Localhost` is not listed",
        );
    }
    if lists("Localhost") {
        for file in files.iter().filter(|file| *file != "*") {
            profiles.add_file(file, "parameters.allowedLocalhostFiles", &mut piece);
        }
    }
    for name in
        types.iter().filter(|name| !["RuntimeDefault", "Unconfined", "Localhost", NONE].contains(&&***name))
    {
        piece.differs(
            KEY,
            format!("`{name}` was compared with the types of profiles"),
            "it is left out",
            "no type has that name",
        );
    }
    seccomp_piece(constraint, piece, &profiles)
}

/// The older template, which reads annotations as well, and knows each profile by two names.
///
/// Its documentation and its code in CEL translate the names; its code in Rego does so only where `allowedLocalhostFiles`
/// has entries.
pub(super) fn annotated_seccomp(constraint: &mut Constraint<'_>) -> Demanded {
    let names = constraint.parameters.texts("allowedProfiles");
    let files = constraint.parameters.texts("allowedLocalhostFiles");
    if names.iter().any(|name| name == "*") {
        return Why::nothing("it allows every profile");
    }
    let mut piece = constraint.piece();
    let lists = |name: &str| names.iter().any(|listed| listed == name);
    let mut profiles = Profiles {
        runtime_default: lists("runtime/default") || lists("docker/default") || lists("RuntimeDefault"),
        unconfined: lists("unconfined") || lists("Unconfined"),
        none: lists(NONE),
        any_file: lists("localhost/*") || (lists("Localhost") && files.iter().any(|file| file == "*")),
        files: Vec::new(),
    };
    let listed = names.iter().filter_map(|name| name.strip_prefix("localhost/")).filter(|file| *file != "*");
    let translated = files.iter().filter(|file| lists("Localhost") && *file != "*");
    for file in listed.chain(translated.map(String::as_str)) {
        profiles.add_file(file, KEY, &mut piece);
    }
    if files.is_empty() && (lists("RuntimeDefault") || lists("Unconfined")) {
        piece.differs(
            KEY,
            "the code in Rego did not know the names `RuntimeDefault` and `Unconfined` without allowedLocalhostFiles, that in CEL did",
            "they are known",
            "the template's documentation says so",
        );
    }
    piece.differs(
        "metadata.annotations",
        "a profile in an annotation of a pod counted where the pod has no field",
        "it does not count",
        "since Kubernetes 1.27 only the field has an effect",
    );
    seccomp_piece(constraint, piece, &profiles)
}

fn seccomp_piece(constraint: &Constraint<'_>, mut piece: Piece, profiles: &Profiles) -> Demanded {
    let Profiles { runtime_default, unconfined, none, any_file, ref files } = *profiles;
    if runtime_default && unconfined && none && any_file {
        return Why::nothing("it allows every profile");
    }
    let mut stricter = |what: &str, because: &str| {
        piece.differs(KEY, format!("{what} was admitted"), "it is rejected", because);
    };
    if any_file && !runtime_default {
        return Why::unsayable(
            "settings allow every file of the node only where the runtime's default is allowed, as the Pod Security Standards do",
        );
    }
    if any_file {
        if unconfined {
            stricter(
                "`Unconfined`",
                "every file of the node is allowed by the Pod Security Standards alone, which refuse it",
            );
        }
        note_overridden(&mut piece, "seccompProfile", constraint);
        let check = if none { "seccompProfile_baseline" } else { "seccompProfile_restricted" };
        piece.demand(if none { BASELINE } else { RESTRICTED }, Some(vec![check]));
    } else if none {
        let because = "settings list profiles, or admit pods without one, not both";
        if unconfined {
            stricter("`Unconfined`", because);
        }
        for file in files {
            stricter(&format!("the file `{file}`"), because);
        }
        note_overridden(&mut piece, "seccompProfile", constraint);
        // Without a list, the runtime's default is allowed next to none; an empty list allows none alone.
        piece.annotate(SECCOMP, if runtime_default { Value::Null } else { "".into() });
    } else {
        let names = profiles.names();
        if names.is_empty() {
            return Why::unsayable(EVERY_POD);
        }
        if constraint.exempts {
            note_overridden(&mut piece, "seccompProfile", constraint);
        }
        piece.annotate(SECCOMP, names.join(","));
    }
    Ok(vec![piece])
}

/// A container without a profile has the runtime's default.
pub(super) fn app_armor(constraint: &mut Constraint<'_>) -> Demanded {
    let names = constraint.parameters.texts("allowedProfiles");
    let lists = |name: &str| names.iter().any(|listed| listed == name);
    let mut piece = constraint.piece();
    note_overridden(&mut piece, "appArmorProfile", constraint);
    if lists("runtime/default") {
        if lists("unconfined") {
            return Why::unsayable(
                "settings admit containers without a profile only together with every profile but `unconfined`, which this list allows",
            );
        }
        piece.differs(
            KEY,
            "a profile `localhost/…` that is not listed, letter by letter, was rejected",
            "every profile of the node is admitted",
            "only the check of the Pod Security Standards admits containers without a profile, and it admits these",
        );
        piece.demand(BASELINE, Some(vec!["appArmorProfile"]));
        return Ok(vec![piece]);
    }
    let mut profiles = Profiles { unconfined: lists("unconfined"), ..Profiles::default() };
    for file in names.iter().filter_map(|name| name.strip_prefix("localhost/")) {
        profiles.add_file(file, KEY, &mut piece);
    }
    let names = profiles.names();
    if names.is_empty() {
        return Why::unsayable(EVERY_POD);
    }
    piece.annotate(APP_ARMOR, names.join(","));
    Ok(vec![piece])
}

/// Notes that a profile is judged even where no container has it.
fn note_overridden(piece: &mut Piece, field: &str, constraint: &Constraint<'_>) {
    let exempt = if constraint.exempts { " or only exempt ones inherit" } else { "" };
    piece.differs(
        &format!("spec.securityContext.{field}"),
        format!("a profile of the pod that all containers override{exempt} was not judged"),
        "it is judged",
        "the field may only have what a container may inherit",
    );
}
