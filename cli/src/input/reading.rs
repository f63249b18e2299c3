//! From a stream to its objects. Unreadable parts are recorded, and reading goes on.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::json::{self, Piece, Stop};
use super::noise::{self, Noise};
use super::object::{Object, place};
use super::place::{Inside, Layout, Mark, Tree};
use super::yaml::{self, Chunk, Remark};
use super::{BYTE_ORDER_MARK, Take, Unread, Watch, other};
use crate::error::{Error, Errors};

/// How values are handled that are not Kubernetes objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Others {
    /// It is skipped, with a note: folders hold all kinds of files.
    Skip,
    /// Settings have no kind, and files named explicitly are meant to be read.
    Demand,
}

/// Reads streams in sequence.
pub(super) struct Reading<'r> {
    pub(super) watch: &'r dyn Watch,
    pub(super) take: Take<'r>,
    pub(super) others: Others,
    pub(super) unread: Unread,
}

/// A stream that is being read.
struct Stream {
    file: Arc<str>,
    /// How many of its documents could not be read.
    unread: usize,
    /// Skipped content, each kind once.
    skipped: Vec<String>,
    /// Lines that do not belong to the next document.
    noise: Vec<Noise>,
}

impl Reading<'_> {
    /// Reads one stream, YAML or JSON.
    pub(super) fn stream(&mut self, file: &Arc<str>, source: impl Read, is_json: bool) {
        let mut stream = Stream { file: Arc::clone(file), unread: 0, skipped: Vec::new(), noise: Vec::new() };
        let source = Watched { source, watch: self.watch };
        if let Err(error) = self.of_any_form(&mut stream, BufReader::with_capacity(1 << 16, source), is_json)
        {
            self.fail(&mut stream, error);
        }
        if stream.unread > 1 {
            self.unread.and_more(stream.unread - 1);
        }
    }

    fn of_any_form(
        &mut self,
        stream: &mut Stream,
        mut source: impl BufRead,
        is_json: bool,
    ) -> Result<(), Error> {
        let file = Arc::clone(&stream.file);
        let unread = |error: io::Error| Error::unread(Path::new(&*file), &error);
        let start = source.fill_buf().map_err(unread)?;
        if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) {
            let reason = format!("{file}: is UTF-16, not UTF-8");
            return Err(Error::new(reason)
                .help("save it as UTF-8; PowerShell's `>` needs `| Out-File -Encoding utf8`"));
        }
        if start.starts_with(BYTE_ORDER_MARK.as_bytes()) {
            source.consume(BYTE_ORDER_MARK.len());
        }
        let line = noise::skip(&mut source, &mut stream.noise).map_err(unread)?;
        let start = source.fill_buf().map_err(unread)?;
        if looks_like_json(start).unwrap_or(is_json) {
            self.json(stream, source, line)
        } else {
            self.yaml(stream, source, line).map_err(unread)
        }
    }

    fn json(&mut self, stream: &mut Stream, source: impl BufRead, line: u32) -> Result<(), Error> {
        let mut claims = false;
        let read = json::read(source, line, &mut |piece: Piece| -> Result<(), Error> {
            claims |= self.json_object(stream, piece);
            Ok(())
        });
        match read {
            Ok(()) => Ok(()),
            Err(Stop::Refused(error)) => Err(error),
            Err(Stop::Malformed { at, reason, text }) => {
                let error = Error::at(place(&stream.file, at), format_args!("is not JSON: {reason}"));
                if claims || has_claim(&text) || self.others == Others::Demand {
                    return Err(error);
                }
                self.skip(stream, unreadable(&error));
                Ok(())
            }
        }
    }

    /// Returns whether it is an object of Kubernetes.
    fn json_object(&mut self, stream: &mut Stream, piece: Piece) -> bool {
        let Piece { mut text, at, mut survey, listed, is_element } = piece;
        if !text.starts_with('{') {
            let value: Value = serde_json::from_str(&text).unwrap_or_default();
            if !value.is_null() {
                self.skip_value(stream, at, &value, is_element);
            }
            return false;
        }
        if let Some((kind, api_version)) = listed.filter(|_| survey.header.kind.is_none()) {
            text = with_kind(text, &kind, &api_version);
            survey.header.kind = Some(kind);
            survey.header.api_version.get_or_insert(api_version);
        }
        let layout = Layout::Json(at);
        let object = if survey.is_special {
            let json::AsSent { text, source, remarks } = json::as_kubectl_sends(text, at);
            Object::new(&stream.file, text, layout).map(|object| Object { source, remarks, ..object })
        } else {
            Object::surveyed(&stream.file, text, layout, survey)
        };
        match object {
            Ok(object) => {
                let claims = !object.kind.is_empty() || !object.api_version.is_empty();
                self.object(stream, object, is_element);
                claims
            }
            Err(error) => {
                self.fail(stream, error);
                true
            }
        }
    }

    fn yaml(&mut self, stream: &mut Stream, source: impl BufRead, line: u32) -> io::Result<()> {
        yaml::split(source, line, &mut |mut chunk| {
            noise::blank(&mut chunk, &mut stream.noise);
            self.document(stream, &chunk);
            Ok(())
        })
    }

    fn document(&mut self, stream: &mut Stream, chunk: &Chunk) {
        let document = match yaml::read(chunk) {
            Ok(Some(document)) if !document.value.is_null() => document,
            Ok(_) => return,
            Err(malformed) => {
                let at = place(&stream.file, malformed.at);
                let error = if other::is_template(&chunk.text) {
                    Error::at(at, "is a template of Helm's or another program's, which is not YAML until it is rendered")
                        .help(other::RENDER)
                } else {
                    Error::at(at, format_args!("is not YAML: {}", malformed.reason))
                };
                if has_claim(&chunk.text) || self.others == Others::Demand {
                    return self.fail(stream, error);
                }
                return self.skip(stream, unreadable(&error));
            }
        };
        if !document.value.is_object() {
            return self.skip_value(stream, document.tree.at, &document.value, false);
        }
        match Object::new(&stream.file, document.value.to_string(), Layout::Yaml(document.tree)) {
            Ok(object) => self.object(stream, Object { remarks: document.remarks, ..object }, false),
            Err(error) => self.fail(stream, error),
        }
    }

    /// An object, which may be a complete list.
    fn object(&mut self, stream: &mut Stream, mut object: Object, is_element: bool) {
        object.noise.append(&mut stream.noise);
        if let Some(items) = items_of(&mut object) {
            for item in items {
                match item {
                    Ok(item) => self.object(stream, item, true),
                    Err(error) => self.fail(stream, error),
                }
            }
            return;
        }
        if self.others == Others::Skip
            && let Some(other) = other::of_object(&object, is_element)
        {
            return self.skip(stream, other);
        }
        if let Err(Errors(errors)) = (self.take)(object) {
            self.unread.errors.extend(errors);
        }
    }

    /// A value that is not an object.
    fn skip_value(&mut self, stream: &mut Stream, at: Mark, value: &Value, is_element: bool) {
        let other = other::of_value(value, is_element);
        if self.others == Others::Demand || other::holds_objects(value) {
            let error =
                Error::at(place(&stream.file, at), format_args!("is not a Kubernetes object, but {other}"));
            return self.fail(stream, error);
        }
        self.skip(stream, other);
    }

    fn skip(&mut self, stream: &mut Stream, other: String) {
        if !stream.skipped.contains(&other) {
            self.unread.skipped += 1;
            self.watch.skip(&format!("{}: skipped: {other}", stream.file), self.unread.skipped);
            stream.skipped.push(other);
        }
    }

    /// Keeps the first error of a file, and counts the others.
    fn fail(&mut self, stream: &mut Stream, error: Error) {
        if stream.unread == 0 {
            self.unread.errors.push(error);
        }
        stream.unread += 1;
    }
}

/// The note about a file that is skipped because it cannot be read.
fn unreadable(error: &Error) -> String {
    let line = error.place.as_ref().map_or(1, |place| place.line);
    format!("line {line} {}, and nothing in it says that it is a manifest", error.reason)
}

/// Whether a text looks like a Kubernetes object, readable or not.
fn has_claim(text: &str) -> bool {
    text.lines().any(|line| {
        ["apiVersion:", "kind:"].iter().any(|key| line.starts_with(key))
            || ["\"apiVersion\"", "\"kind\""].iter().any(|key| line.contains(key))
    })
}

/// Whether a text is JSON, as far as its first bytes show: an object whose first key is quoted, or a list of objects.
/// All else that starts with a bracket may be YAML as well.
pub(super) fn looks_like_json(start: &[u8]) -> Option<bool> {
    let mut bytes = start.iter().filter(|byte| !byte.is_ascii_whitespace());
    match (bytes.next()?, bytes.next()) {
        (b'{', Some(b'"' | b'}')) | (b'[', Some(b'{')) => Some(true),
        (b'{' | b'[', _) => None,
        _ => Some(false),
    }
}

/// Gives an item without a kind the one that its list states for all items.
fn with_kind(text: String, kind: &str, api_version: &str) -> String {
    match text.strip_prefix('{') {
        Some(rest) => {
            let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
            let (kind, api_version) = (Value::from(kind), Value::from(api_version));
            format!("{{\"kind\":{kind},\"apiVersion\":{api_version}{comma}{rest}")
        }
        None => text,
    }
}

/// The items of a list inside of a list, or of one in YAML, each with its own comments.
fn items_of(list: &mut Object) -> Option<Vec<Result<Object, Error>>> {
    if !list.kind.ends_with("List") {
        return None;
    }
    let Value::Object(mut members) = list.value() else { return None };
    let Some(Value::Array(values)) = members.remove("items") else { return None };
    let of_kind = list.kind.strip_suffix("List").filter(|kind| !kind.is_empty());
    let mut items = Vec::new();
    for (index, item) in values.into_iter().enumerate() {
        let layout = match &list.layout {
            Layout::Yaml(tree) => Layout::Yaml(item_of(tree, index).unwrap_or_else(|| tree.clone())),
            Layout::Json(_) => Layout::Json(list.mark(&format!("items[{index}]"))),
        };
        let json = match of_kind {
            Some(kind) if item.get("kind").is_none_or(Value::is_null) => {
                with_kind(item.to_string(), kind, &list.api_version)
            }
            _ => item.to_string(),
        };
        items.push(Object::new(&list.file, json, layout));
    }
    let mut noise = std::mem::take(&mut list.noise);
    let mut remarks = std::mem::take(&mut list.remarks).into_iter().peekable();
    // Lines before the next item belong to this one.
    let starts: Vec<u32> = items.iter().skip(1).map(|item| item.as_ref().map_or(0, Object::line)).collect();
    let ends = starts.into_iter().chain(std::iter::once(u32::MAX));
    for (item, end) in items.iter_mut().zip(ends) {
        let Ok(item) = item else { continue };
        item.noise.append(&mut noise);
        while let Some(remark) = remarks.next_if(|remark: &Remark| remark.last().line < end) {
            item.remarks.push(remark);
        }
    }
    Some(items)
}

fn item_of(tree: &Tree, index: usize) -> Option<Tree> {
    let Inside::Map(members) = &tree.inside else { return None };
    let (.., items) = members.iter().find(|(name, ..)| name == "items")?;
    let Inside::List(items) = &items.inside else { return None };
    items.get(index).cloned()
}

/// A reader that reports progress.
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
