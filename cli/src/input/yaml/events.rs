//! The events of libyaml, which kubectl's parser is a port of. This one is a translation of libyaml by its maintainers.
#![expect(unsafe_code, reason = "libyaml-rs has the interface of C; nothing else here needs it")]

use std::ffi::CStr;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use libyaml_rs::{
    YAML_ALIAS_EVENT, YAML_DOCUMENT_START_EVENT, YAML_MAPPING_END_EVENT, YAML_MAPPING_START_EVENT,
    YAML_SCALAR_EVENT, YAML_SEQUENCE_END_EVENT, YAML_SEQUENCE_START_EVENT, YAML_STREAM_END_EVENT,
    yaml_event_delete, yaml_event_t, yaml_mark_t, yaml_parser_delete, yaml_parser_initialize,
    yaml_parser_parse, yaml_parser_set_input_string, yaml_parser_t,
};

use crate::input::place::Mark;

/// An event, with the parts that the reader needs.
#[derive(Debug, PartialEq)]
pub(super) enum Event {
    DocumentStart,
    Alias {
        anchor: String,
    },
    Scalar {
        anchor: Option<String>,
        tag: Option<String>,
        text: String,
        is_plain: bool,
    },
    ListStart {
        anchor: Option<String>,
    },
    MapStart {
        anchor: Option<String>,
    },
    /// Of a list or a map.
    End,
    /// All others carry no data.
    Other,
    StreamEnd,
}

/// The parser's error message.
pub(super) struct Problem {
    pub(super) at: Mark,
    pub(super) problem: String,
}

/// The parser of a text.
pub(super) struct Events<'t> {
    // The parser must not move, and the text must outlive it.
    parser: Box<MaybeUninit<yaml_parser_t>>,
    text: PhantomData<&'t str>,
}

impl<'t> Events<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let mut parser = Box::new(MaybeUninit::uninit());
        // SAFETY: initialize writes all of the parser, and aborts where memory is lacking. The text lives as long as
        // the parser.
        unsafe {
            let _ = yaml_parser_initialize(parser.as_mut_ptr());
            yaml_parser_set_input_string(parser.as_mut_ptr(), text.as_ptr(), text.len() as u64);
        }
        Events { parser, text: PhantomData }
    }

    /// The next event and where it starts.
    pub(super) fn next(&mut self) -> Result<(Mark, Event), Problem> {
        let mut event = MaybeUninit::<yaml_event_t>::uninit();
        // SAFETY: the parser is initialized. It writes the event, which is read before it is deleted; the union is read
        // by the variant that the type names.
        unsafe {
            if yaml_parser_parse(self.parser.as_mut_ptr(), event.as_mut_ptr()).fail {
                return Err(self.problem());
            }
            let raw = event.assume_init_ref();
            let at = mark(raw.start_mark);
            let read = match raw.type_ {
                YAML_DOCUMENT_START_EVENT => Event::DocumentStart,
                YAML_ALIAS_EVENT => Event::Alias { anchor: text(raw.data.alias.anchor).unwrap_or_default() },
                YAML_SCALAR_EVENT => {
                    let scalar = raw.data.scalar;
                    let length = usize::try_from(scalar.length).unwrap_or_default();
                    let bytes = std::slice::from_raw_parts(scalar.value, length);
                    Event::Scalar {
                        anchor: text(scalar.anchor),
                        tag: text(scalar.tag),
                        text: String::from_utf8_lossy(bytes).into_owned(),
                        is_plain: scalar.plain_implicit,
                    }
                }
                YAML_SEQUENCE_START_EVENT => {
                    Event::ListStart { anchor: text(raw.data.sequence_start.anchor) }
                }
                YAML_MAPPING_START_EVENT => Event::MapStart { anchor: text(raw.data.mapping_start.anchor) },
                YAML_SEQUENCE_END_EVENT | YAML_MAPPING_END_EVENT => Event::End,
                YAML_STREAM_END_EVENT => Event::StreamEnd,
                _ => Event::Other,
            };
            yaml_event_delete(event.as_mut_ptr());
            Ok((at, read))
        }
    }

    fn problem(&self) -> Problem {
        // SAFETY: the parser is initialized, and its problem is null or a text of the program's own.
        unsafe {
            let parser = self.parser.assume_init_ref();
            let problem = if parser.problem.is_null() {
                String::new()
            } else {
                CStr::from_ptr(parser.problem.cast()).to_string_lossy().into_owned()
            };
            Problem { at: mark(parser.problem_mark), problem }
        }
    }
}

impl Drop for Events<'_> {
    fn drop(&mut self) {
        // SAFETY: the parser is initialized, and not used any more.
        unsafe { yaml_parser_delete(self.parser.as_mut_ptr()) }
    }
}

/// A text of the parser's, which ends with a zero.
///
/// # Safety
///
/// The pointer is null or points to such a text.
unsafe fn text(start: *const u8) -> Option<String> {
    if start.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    let text = unsafe { CStr::from_ptr(start.cast()) };
    Some(text.to_string_lossy().into_owned())
}

/// Lines and columns of the parser count from 0, columns in characters.
fn mark(at: yaml_mark_t) -> Mark {
    let from_one = |count: u64| u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
    Mark { line: from_one(at.line), column: from_one(at.column) }
}
