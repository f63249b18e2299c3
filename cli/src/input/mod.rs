//! What commands read: files, folders and standard input; YAML and JSON; documents, streams of them, and lists.

mod json;
mod place;
mod yaml;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::error::{Fault, Faults, Outcome, Place};
use place::{Inside, Layout, Mark, Tree};

pub(crate) use place::{Step, steps};

/// An object of the input, or settings, which are no object of Kubernetes.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    file: Arc<str>,
    layout: Layout,
    /// The object, as JSON.
    pub(crate) json: String,
    /// `apps/v1`; empty if there is none.
    pub(crate) api_version: String,
    /// `Deployment`; empty if there is none.
    pub(crate) kind: String,
    /// `metadata.name`, else `metadata.generateName`.
    pub(crate) name: String,
    /// `metadata.namespace`
    pub(crate) namespace: Option<String>,
}

/// The part of an object that says what it is.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Header {
    api_version: Option<String>,
    kind: Option<String>,
    metadata: Option<Metadata>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    name: Option<String>,
    generate_name: Option<String>,
    namespace: Option<String>,
}

impl Object {
    fn new(file: &Arc<str>, json: String, layout: Layout) -> Outcome<Self> {
        let header: Header = match serde_json::from_str(&json) {
            Ok(header) => header,
            Err(error) => {
                let place = place(file, layout.start());
                return Err(
                    Fault::at(place, format_args!("is no Kubernetes object: {}", reason(&error))).into()
                );
            }
        };
        let Metadata { name, generate_name, namespace } = header.metadata.unwrap_or_default();
        Ok(Object {
            file: Arc::clone(file),
            layout,
            json,
            api_version: header.api_version.unwrap_or_default(),
            kind: header.kind.unwrap_or_default(),
            name: name.or(generate_name).unwrap_or_default(),
            namespace: namespace.filter(|namespace| !namespace.is_empty()),
        })
    }

    /// An object that stands in no file.
    #[cfg(test)]
    pub(crate) fn of_value(value: &Value) -> Self {
        let layout = Layout::Json(Mark { line: 1, column: 1 });
        Object::new(&"test".into(), value.to_string(), layout).unwrap()
    }

    /// The object in a text.
    #[cfg(test)]
    pub(crate) fn of_text(text: &str) -> Self {
        let mut objects = Vec::new();
        read_stream(&"test".into(), text.as_bytes(), false, &Unwatched, &mut |object| {
            objects.push(object);
            Ok(())
        })
        .unwrap();
        objects.remove(0)
    }

    /// The API group; empty for the core one.
    pub(crate) fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Where the object starts.
    pub(crate) fn start(&self) -> Place {
        place(&self.file, self.layout.start())
    }

    /// Where a field stands, or the nearest one around it that is there.
    pub(crate) fn place(&self, path: &str) -> Place {
        place(&self.file, self.layout.find(&self.json, path))
    }

    /// The object as a tree.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.json).unwrap_or_default()
    }

    /// `Deployment shop/web`, for messages.
    pub(crate) fn title(&self) -> String {
        let kind = if self.kind.is_empty() { "object" } else { &self.kind };
        let name = if self.name.is_empty() { "without a name" } else { &self.name };
        match &self.namespace {
            Some(namespace) => format!("{kind} {namespace}/{name}"),
            None => format!("{kind} {name}"),
        }
    }
}

fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}

fn place(file: &Arc<str>, mark: Mark) -> Place {
    Place { file: Arc::clone(file), line: mark.line, column: mark.column }
}

/// Whom to tell how much has been read.
pub(crate) trait Watch {
    /// Input of so many bytes is coming, if that is known.
    fn expect(&self, _bytes: u64) {}
    /// So many more bytes have been read.
    fn advance(&self, _bytes: u64) {}
}

/// Nobody.
pub(crate) struct Unwatched;

impl Watch for Unwatched {}

/// The files that paths stand for: themselves, and of folders all that ends like a manifest.
///
/// # Errors
///
/// If a folder cannot be read.
pub(crate) fn files(paths: &[PathBuf]) -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            walk(path, &mut files)?;
            if files.len() == before {
                return Err(Fault::new(format_args!(
                    "{}: holds no file that ends in .yaml, .yml or .json",
                    path.display()
                ))
                .into());
            }
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome<()> {
    let unread = |error: io::Error| Faults::from(Fault::unread(folder, &error));
    let mut inside = Vec::new();
    for entry in folder.read_dir().map_err(unread)? {
        inside.push(entry.map_err(unread)?.path());
    }
    inside.sort();
    for path in inside {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml" || kind == "json") {
            files.push(path);
        }
    }
    Ok(())
}

/// Calls `take` for every object in some files and folders; `-` is standard input.
///
/// # Errors
///
/// If something cannot be read, or `take` refuses an object.
pub(crate) fn read(
    paths: &[PathBuf],
    watch: &dyn Watch,
    take: &mut dyn FnMut(Object) -> Outcome<()>,
) -> Outcome<()> {
    for path in files(paths)? {
        if path.as_os_str() == "-" {
            read_stream(&"stdin".into(), io::stdin().lock(), false, watch, take)?;
            continue;
        }
        let unread = |error: &io::Error| Faults::from(Fault::unread(&path, error));
        let file = File::open(&path).map_err(|error| unread(&error))?;
        watch.expect(file.metadata().map_or(0, |known| known.len()));
        let name = path.display().to_string().into();
        let is_json = path.extension().is_some_and(|kind| kind == "json");
        read_stream(&name, file, is_json, watch, take)?;
    }
    Ok(())
}

/// All objects in some files and folders.
///
/// # Errors
///
/// If something cannot be read.
pub(crate) fn read_all(paths: &[PathBuf]) -> Outcome<Vec<Object>> {
    let mut objects = Vec::new();
    read(paths, &Unwatched, &mut |object| {
        objects.push(object);
        Ok(())
    })?;
    Ok(objects)
}

/// Reads one stream, whatever it is written in.
fn read_stream(
    file: &Arc<str>,
    source: impl Read,
    is_json: bool,
    watch: &dyn Watch,
    take: &mut dyn FnMut(Object) -> Outcome<()>,
) -> Outcome<()> {
    let mut source = BufReader::with_capacity(1 << 16, Watched { source, watch });
    let start = source.fill_buf().map_err(|error| Fault::unread(Path::new(&**file), &error))?;
    if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) {
        let reason = format!("{file}: is UTF-16, not UTF-8");
        return Err(Fault::new(reason)
            .help("save it as UTF-8; PowerShell's `>` needs `| Out-File -Encoding utf8`")
            .into());
    }
    let is_json = looks_like_json(start).unwrap_or(is_json);
    if start.starts_with(b"\xEF\xBB\xBF") {
        source.consume(3);
    }
    if is_json { read_json(file, source, take) } else { read_yaml(file, source, take) }
}

/// Whether a text is JSON, as far as its first bytes tell: an object whose first key is quoted, or a list of objects.
/// All else that starts with a bracket may be YAML as well.
fn looks_like_json(start: &[u8]) -> Option<bool> {
    let mut bytes = start
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(start)
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace());
    match (bytes.next()?, bytes.next()) {
        (b'{', Some(b'"' | b'}')) | (b'[', Some(b'{')) => Some(true),
        (b'{' | b'[', _) => None,
        _ => Some(false),
    }
}

fn read_json(
    file: &Arc<str>,
    source: impl BufRead,
    take: &mut dyn FnMut(Object) -> Outcome<()>,
) -> Outcome<()> {
    let read = json::read(source, &mut |piece| {
        let text = match piece.listed {
            Some((kind, api_version)) => with_kind(piece.text, &kind, &api_version),
            None => piece.text,
        };
        let object = Object::new(file, text, Layout::Json(piece.at))?;
        expand(object, take)
    });
    match read {
        Ok(()) => Ok(()),
        Err(json::Stop::Refused(faults)) => Err(faults),
        Err(json::Stop::Malformed(at, reason)) => {
            Err(Fault::at(place(file, at), format_args!("is not JSON: {reason}")).into())
        }
    }
}

/// Gives an item the kind that its list told for all.
fn with_kind(text: String, kind: &str, api_version: &str) -> String {
    let has_kind = serde_json::from_str::<Header>(&text).is_ok_and(|header| header.kind.is_some());
    match text.strip_prefix('{') {
        Some(rest) if !has_kind => {
            let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
            let (kind, api_version) = (Value::from(kind), Value::from(api_version));
            format!("{{\"kind\":{kind},\"apiVersion\":{api_version}{comma}{rest}")
        }
        _ => text,
    }
}

/// A list inside of a list, which has been read as a whole.
fn expand(object: Object, take: &mut dyn FnMut(Object) -> Outcome<()>) -> Outcome<()> {
    if !object.kind.ends_with("List") {
        return take(object);
    }
    let Value::Object(mut list) = object.value() else { return take(object) };
    let Some(Value::Array(items)) = list.remove("items") else { return take(object) };
    for (index, item) in items.into_iter().enumerate() {
        let layout = match &object.layout {
            Layout::Yaml(tree) => Layout::Yaml(item_of(tree, index).unwrap_or_else(|| tree.clone())),
            Layout::Json(_) => Layout::Json(object.layout.find(&object.json, &format!("items[{index}]"))),
        };
        let of_kind = object.kind.strip_suffix("List").filter(|kind| !kind.is_empty());
        let json = match of_kind {
            Some(kind) => with_kind(item.to_string(), kind, &object.api_version),
            None => item.to_string(),
        };
        expand(Object::new(&object.file, json, layout)?, take)?;
    }
    Ok(())
}

fn item_of(tree: &Tree, index: usize) -> Option<Tree> {
    let Inside::Map(members) = &tree.inside else { return None };
    let (.., items) = members.iter().find(|(name, ..)| name == "items")?;
    let Inside::List(items) = &items.inside else { return None };
    items.get(index).cloned()
}

/// Why a stream of YAML ends early.
enum Ended {
    Unread(io::Error),
    Faulty(Faults),
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Ended::Unread(error)
    }
}

fn read_yaml(
    file: &Arc<str>,
    source: impl BufRead,
    take: &mut dyn FnMut(Object) -> Outcome<()>,
) -> Outcome<()> {
    let read = yaml::split(source, &mut |chunk| {
        let (value, tree) = yaml::read(&chunk).map_err(|malformed| {
            let fault =
                Fault::at(place(file, malformed.at), format_args!("is not YAML: {}", malformed.reason));
            Ended::Faulty(fault.into())
        })?;
        if value.is_null() {
            return Ok(());
        }
        let object = Object::new(file, value.to_string(), Layout::Yaml(tree)).map_err(Ended::Faulty)?;
        expand(object, take).map_err(Ended::Faulty)
    });
    match read {
        Ok(()) => Ok(()),
        Err(Ended::Faulty(faults)) => Err(faults),
        Err(Ended::Unread(error)) => Err(Fault::unread(Path::new(&**file), &error).into()),
    }
}

/// A reader that tells how far it has come.
struct Watched<'w, R> {
    source: R,
    watch: &'w dyn Watch,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.watch.advance(read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
