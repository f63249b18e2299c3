//! What commands read: files, folders and standard input; YAML and JSON; documents, streams of them, and lists.

mod document;
mod files;
mod json;
mod object;
mod place;
mod text;
mod yaml;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::error::{Fault, Faults, Outcome};
use files::{files, is_json};
use object::{Header, place};
use place::Layout;

pub(crate) use document::{look, look_mut, made, put};
pub(crate) use object::Object;
pub(crate) use place::{Inside, Mark, Step, Tree, steps};
pub(crate) use text::{Lines, Text, texts};

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

/// Who takes the objects of the input.
pub(crate) type Take<'t> = &'t mut dyn FnMut(Object) -> Outcome<()>;

/// Calls `take` for every object in some files and folders; `-` is standard input.
///
/// # Errors
///
/// If something cannot be read, or `take` refuses an object.
pub(crate) fn read(paths: &[PathBuf], watch: &dyn Watch, take: Take<'_>) -> Outcome<()> {
    for path in files(paths)? {
        if path.as_os_str() == "-" {
            read_stream(&STDIN.into(), io::stdin().lock(), false, watch, take)?;
            continue;
        }
        let unread = |error: &io::Error| Faults::from(Fault::unread(&path, error));
        let file = File::open(&path).map_err(|error| unread(&error))?;
        watch.expect(file.metadata().map_or(0, |known| known.len()));
        read_stream(&path.display().to_string().into(), file, is_json(&path), watch, take)?;
    }
    Ok(())
}

/// What standard input is called in messages.
const STDIN: &str = "stdin";

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
    take: Take<'_>,
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
    if start.starts_with(BYTE_ORDER_MARK.as_bytes()) {
        source.consume(BYTE_ORDER_MARK.len());
    }
    if is_json { read_json(file, source, take) } else { read_yaml(file, source, take) }
}

/// What some editors put before a text.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Whether a text is JSON, as far as its first bytes tell: an object whose first key is quoted, or a list of objects.
/// All else that starts with a bracket may be YAML as well.
fn looks_like_json(start: &[u8]) -> Option<bool> {
    let mut bytes = start
        .strip_prefix(BYTE_ORDER_MARK.as_bytes())
        .unwrap_or(start)
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace());
    match (bytes.next()?, bytes.next()) {
        (b'{', Some(b'"' | b'}')) | (b'[', Some(b'{')) => Some(true),
        (b'{' | b'[', _) => None,
        _ => Some(false),
    }
}

fn read_json(file: &Arc<str>, source: impl BufRead, take: Take<'_>) -> Outcome<()> {
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
fn expand(object: Object, take: Take<'_>) -> Outcome<()> {
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

/// What to do about braces that are none of YAML's.
const TEMPLATE: &str = "templates have to be rendered first: helm template . | kubectl psp …";

fn read_yaml(file: &Arc<str>, source: impl BufRead, take: Take<'_>) -> Outcome<()> {
    let read = yaml::split(source, &mut |chunk| {
        let (value, tree) = yaml::read(&chunk).map_err(|malformed| {
            let fault =
                Fault::at(place(file, malformed.at), format_args!("is not YAML: {}", malformed.reason));
            let is_template = chunk.text.contains("{{");
            Ended::Faulty(if is_template { fault.help(TEMPLATE) } else { fault }.into())
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
