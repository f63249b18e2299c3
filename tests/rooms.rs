//! The borders inside the code: ARCHITECTURE.md says which room of `src/` may import which, and no file may lead back
//! to itself.
#![allow(clippy::string_slice, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

type Names = BTreeSet<String>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A row of the table of rooms.
#[derive(Debug)]
struct Room {
    floor: usize,
    lines: usize,
    imports: Names,
}

fn architecture() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()
}

/// The rooms of `src/`: the rows `| json | 1 | 2760 | - | … |`.
fn rooms() -> BTreeMap<String, Room> {
    let room = |line: &str| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, name, floor, lines, imports, _, _] = cells[..] else { return None };
        let imports = imports.split(", ").filter(|name| *name != "-").map(unquoted).collect();
        let (floor, lines) = (floor.parse().ok()?, lines.parse().ok()?);
        Some((unquoted(name), Room { floor, lines, imports }))
    };
    let rooms: BTreeMap<_, _> = architecture().lines().filter_map(room).collect();
    assert!(rooms.len() > 5, "the table of rooms is found in ARCHITECTURE.md: {rooms:?}");
    rooms
}

fn unquoted(name: &str) -> String {
    name.trim_matches('`').to_owned()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    files.sort();
    files
}

/// A crate's code by module path: `["json", "tree"]`. Tests are left out, since they may import anything.
struct Sources(BTreeMap<Vec<String>, String>);

impl Sources {
    fn of(folder: &str) -> Self {
        let folder = root().join(folder);
        let is_test = |path: &Path| path.ends_with("tests.rs") || path.ends_with("testing.rs");
        let module = |path: PathBuf| {
            let inner = path.strip_prefix(&folder).unwrap().with_extension("");
            let mut name: Vec<_> = inner.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            name.pop_if(|last| ["mod", "lib", "main"].contains(&last.as_str()));
            (name, code(&fs::read_to_string(path).unwrap()))
        };
        Sources(files(&folder).into_iter().filter(|path| !is_test(path)).map(module).collect())
    }

    /// The modules that another one imports by `crate::` or `super::`.
    fn imports(&self, module: &[String]) -> BTreeSet<&[String]> {
        let paths = paths(&self.0[module]).into_iter().map(|path| absolute(module, &path));
        paths.filter_map(|path| self.deepest(&path)).filter(|found| *found != module).collect()
    }

    /// The module in which a path ends, and which has a file: `json` for `json::Text`.
    fn deepest(&self, path: &[String]) -> Option<&[String]> {
        let mut lengths = (1..=path.len()).rev();
        lengths.find_map(|length| self.0.get_key_value(&path[..length])).map(|(found, _)| found.as_slice())
    }
}

/// A text without its comments and its tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let text = text.split("#[cfg(test)]\npub(crate) mod testing").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Every path that starts with `crate::` or `super::`, with its braces opened.
fn paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut rest = code;
    while let Some(start) = ["crate::", "super::"].iter().filter_map(|word| rest.find(word)).min() {
        let starts_a_path = !rest[..start].ends_with(|last: char| last.is_alphanumeric() || last == '_');
        rest = &rest[start..];
        let end = open(rest, "", &mut paths);
        if !starts_a_path {
            paths.pop();
        }
        rest = &rest[end.max(1)..];
    }
    paths
}

/// Reads a path and appends it, or each that its braces hold; the result is where it ends.
fn open(text: &str, prefix: &str, paths: &mut Vec<String>) -> usize {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(text.len());
    let path = format!("{prefix}{}", &text[..end]);
    if !text[end..].starts_with('{') {
        paths.push(path);
        return end;
    }
    let mut at = end + 1;
    while at < text.len() && !text[at..].starts_with('}') {
        if text[at..].starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            at += open(&text[at..], &path, paths);
            // ` as Other`
            let rename = text[at..].strip_prefix(" as ").map_or(0, |rest| {
                " as ".len() + rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
            });
            at += rename;
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    (at + 1).min(text.len())
}

/// A path from the root of the crate, as seen by a module.
fn absolute(module: &[String], path: &str) -> Vec<String> {
    let mut base = module.to_vec();
    let mut parts: Vec<_> = path.split("::").filter(|part| !part.is_empty()).collect();
    if parts.first() == Some(&"crate") {
        base.clear();
        parts.remove(0);
    }
    while parts.first() == Some(&"super") {
        base.pop();
        parts.remove(0);
    }
    base.extend(parts.into_iter().map(str::to_owned));
    base
}

fn names(names: &[&str]) -> Names {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn imports_are_read_as_written() {
    let text = "use crate::json::{self, Text, tree::{Tree, Node as N}};\n  x = super::joined(a);\n// crate::b\nmycrate::c";
    assert_eq!(
        paths(&code(text)),
        [
            "crate::json::self",
            "crate::json::Text",
            "crate::json::tree::Tree",
            "crate::json::tree::Node",
            "super::joined"
        ]
    );
    let module = ["pod", "volume"].map(str::to_owned);
    assert_eq!(absolute(&module, "super::List"), ["pod", "List"]);
    assert_eq!(absolute(&module, "crate::json::Text"), ["json", "Text"]);
}

/// What each room imports, by room. The crate's root is no room.
fn imported() -> BTreeMap<String, Names> {
    let sources = Sources::of("src");
    let mut rooms: BTreeMap<String, Names> = BTreeMap::new();
    for module in sources.0.keys().filter(|module| !module.is_empty()) {
        let others = sources.imports(module).into_iter().map(|other| other[0].clone());
        let others = others.filter(|other| *other != module[0]).collect::<Vec<_>>();
        rooms.entry(module[0].clone()).or_default().extend(others);
    }
    rooms
}

#[test]
fn every_file_is_in_a_room() {
    let rooms = rooms();
    let missing: Vec<_> = imported().into_keys().filter(|room| !rooms.contains_key(room)).collect();
    assert_eq!(missing, [""; 0], "have no row in ARCHITECTURE.md");
}

#[test]
fn rooms_import_what_their_row_says() {
    let rooms = rooms();
    for (room, imports) in imported() {
        let Some(row) = rooms.get(&room) else { continue };
        assert_eq!(imports, row.imports, "`{room}` imports, and its row in ARCHITECTURE.md");
    }
}

#[test]
fn rooms_import_only_from_lower_floors() {
    let rooms = rooms();
    for (name, room) in &rooms {
        for other in &room.imports {
            let is_lower = rooms.get(other).is_some_and(|other| other.floor < room.floor);
            assert!(is_lower, "`{name}` imports `{other}`, which is not on a lower floor");
        }
    }
}

fn lines(room: &str) -> usize {
    let folder = root().join("src").join(room);
    let files = if folder.is_dir() { files(&folder) } else { vec![folder.with_extension("rs")] };
    files.iter().map(|file| fs::read_to_string(file).unwrap().lines().count()).sum()
}

/// `make docs` counts again.
#[test]
fn rooms_have_the_size_that_their_row_says() {
    for (name, room) in rooms() {
        let lines = lines(&name);
        let is_near = lines.abs_diff(room.lines) * 10 <= lines;
        assert!(is_near, "`{name}` has {lines} lines, not {}: run `make docs`", room.lines);
    }
}

/// Modules without those that lead nowhere, again and again: circles stay.
fn circles(sources: &Sources) -> Vec<String> {
    let mut edges: BTreeMap<&[String], BTreeSet<&[String]>> =
        sources.0.keys().map(|module| (module.as_slice(), sources.imports(module))).collect();
    loop {
        let ends: Vec<_> = edges.iter().filter(|(_, to)| to.is_empty()).map(|(from, _)| *from).collect();
        if ends.is_empty() {
            break;
        }
        for end in ends {
            edges.remove(end);
            edges.values_mut().for_each(|to| {
                to.remove(end);
            });
        }
    }
    edges.keys().map(|module| module.join("::")).collect()
}

#[test]
fn no_file_leads_back_to_itself() {
    for folder in ["src", "host/src", "conformance/src", "cli/src", "web/functions/src", "xtask/src"] {
        assert_eq!(
            circles(&Sources::of(folder)),
            [""; 0],
            "import each other, or one that does, in {folder}"
        );
    }
}

#[test]
fn circles_are_found() {
    let module = |name: &str, code: &str| (vec![name.to_owned()], code.to_owned());
    let sources = Sources(BTreeMap::from([
        module("ground", ""),
        module("one", "use crate::two::Two; use crate::ground::Ground;"),
        module("two", "use super::one::One;"),
    ]));
    assert_eq!(circles(&sources), ["one", "two"]);
}

/// A rule could be removed alone: it knows their list, for the index of a field that it reads as well, and no other.
#[test]
fn no_rule_knows_another() {
    let sources = Sources::of("src");
    for (module, code) in sources.0.iter().filter(|(module, _)| module.len() == 2 && module[0] == "rules") {
        let is_another =
            |other: &&[String]| other[0] == "rules" && other.len() > 1 && !other.starts_with(module);
        let others: Vec<_> = sources.imports(module).into_iter().filter(is_another).collect();
        assert_eq!(others, [&[""; 0]; 0], "{module:?} imports");
        assert!(!code.contains("super::"), "{module:?} looks at its siblings");
    }
}

/// The checks are numbered behind the rules, which is all that they have to do with them.
#[test]
fn no_check_knows_a_rule_of_psp() {
    let sources = Sources::of("src");
    for module in sources.0.keys().filter(|module| module.len() > 1 && module[0] == "standards") {
        let rules = sources.imports(module).into_iter().filter(|other| other[0] == "rules");
        assert_eq!(rules.collect::<Vec<_>>(), [&[""; 0]; 0], "{module:?} imports");
    }
}

#[test]
fn only_the_guest_knows_its_host() {
    let hosts = ["kubewarden_policy_sdk", "wapc_guest", "slog", "k8s_openapi", "serde_json"];
    for (module, code) in &Sources::of("src").0 {
        let named: Names = names(&hosts).into_iter().filter(|host| code.contains(host)).collect();
        assert!(
            module.first().is_some_and(|room| room == "guest") || named.is_empty(),
            "{module:?} names {named:?}"
        );
    }
}

/// An example says in the first minute what a page of words does not.
#[test]
fn every_public_module_has_an_example_that_runs() {
    let mut without = Vec::new();
    for folder in ["src", "cli/src"] {
        let folder = root().join(folder);
        let names = fs::read_to_string(folder.join("lib.rs")).unwrap();
        let names: Vec<_> =
            names.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
        assert!(names.len() > 5, "{names:?}");
        for name in names {
            let file = folder.join(name).with_extension("rs");
            let file = if file.exists() { file } else { folder.join(name).join("mod.rs") };
            if !fs::read_to_string(&file).unwrap().lines().any(|line| line == "//! ```") {
                without.push(file);
            }
        }
    }
    assert_eq!(without, [""; 0].map(PathBuf::from));
}
