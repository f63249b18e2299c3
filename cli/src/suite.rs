//! Tests of policies: objects with the verdicts that are expected of them, in files.
//!
//! ```
//! use kubectl_psp::input::{Exclude, Sources, Stdin};
//! use kubectl_psp::suite::read;
//!
//! # fn stdin() -> Box<dyn std::io::Read> { Box::new(std::io::empty()) }
//! // Standard input holds nothing, so no tests.
//! let sources = Sources { paths: vec!["-".into()], exclude: Exclude::default(), stdin };
//! let (suites, unread) = read(&sources);
//! assert!(suites.is_empty() && unread.is_empty());
//! ```

mod expectation;
mod record;
mod report;
mod spec;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::{Error, Errors, Outcome};
use crate::input::{self, Object, Sources, Stdin, Text, Unread, Unwatched};
use crate::judge::{self, Judged, Requester};
use crate::policies::{self, Modules, Policies};
use crate::rbac::{Authority, Rbac};
use crate::target::Target;
use spec::{Source, Spec};

pub use record::Recorded;
pub use report::{Format, Summary, Tested};

/// One file with tests.
#[derive(Debug)]
pub struct Suite {
    text: Text,
    /// The documents with tests, each with its index in the text.
    parts: Vec<(usize, Object)>,
}

/// The result of one test.
#[derive(Clone, Debug, Serialize)]
pub struct Ran {
    /// The name of the test.
    pub name: String,
    /// Its file.
    pub file: String,
    /// The line where it starts.
    pub line: u32,
    /// What differs from the expectation; empty if the test passes.
    pub failures: Vec<String>,
    /// What holds today.
    pub result: Judged,
    /// The document, by its index in the text, and the place in it.
    #[serde(skip)]
    at: (usize, String),
}

/// What policies are loaded with.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The modules of registrations.
    pub modules: Modules,
    /// The time, in seconds since 1970 UTC.
    pub now: Option<i64>,
    /// What `-` stands for.
    pub stdin: Stdin,
}

/// The files with tests; those without any are left out.
pub fn read(sources: &Sources) -> (Vec<Suite>, Unread) {
    let (texts, mut unread) = input::texts(sources);
    let mut suites = Vec::new();
    for text in texts {
        let text = Text::new(&text.name.clone(), text.text);
        let (mut parts, mut nth) = (Vec::new(), 0);
        unread.append(text.read(&Unwatched, &mut |object| {
            if object.kind.is_empty() && object.value().get("tests").is_some() {
                parts.push((nth, object));
            }
            nth += 1;
            Ok(())
        }));
        if !parts.is_empty() {
            suites.push(Suite { text, parts });
        }
    }
    (suites, unread)
}

impl Suite {
    /// The name of the file.
    pub fn name(&self) -> &str {
        &self.text.name
    }

    /// Runs the tests, in their order.
    ///
    /// # Errors
    ///
    /// If a test, its object, or one of the policies cannot be read.
    pub fn run(&self, setting: &Setting) -> Outcome<Vec<Ran>> {
        let mut ran = Vec::new();
        for (nth, part) in &self.parts {
            let (part, policies) = Part::of(part, setting)?;
            ran.extend(part.run(*nth, &policies)?);
        }
        Ok(ran)
    }
}

/// One document with tests.
struct Part<'s> {
    object: &'s Object,
    spec: Spec,
    stdin: Stdin,
    /// The folder that files are relative to.
    folder: PathBuf,
}

impl<'s> Part<'s> {
    fn of(object: &'s Object, setting: &Setting) -> Outcome<(Self, Policies)> {
        let spec = spec::read(object)?;
        let file = object.start().file;
        let folder = Path::new(&*file).parent().map(Path::to_owned).unwrap_or_default();
        let part = Part { object, spec, stdin: setting.stdin, folder };
        let mut policies = part.load(&setting.modules)?;
        policies.now = setting.now;
        Ok((part, policies))
    }

    fn load(&self, modules: &Modules) -> Outcome<Policies> {
        let (mut objects, mut levels, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for (nth, source) in self.spec.policies.iter().enumerate() {
            let at = format!("policies[{nth}]");
            match source {
                Source::Named(name) => match (self.folder.join(name), name.parse()) {
                    (path, _) if path.exists() => objects.extend(input::read_all(&[path], self.stdin)?),
                    (_, Ok(level)) => levels.push(level),
                    (path, _) => errors.push(Error::at(
                        self.object.place(&at),
                        format_args!("{at}: there is no file {}, and no such level", path.display()),
                    )),
                },
                Source::Inline(_) => match self.object.within(&at) {
                    Ok(object) => objects.push(object),
                    Err(error) => errors.push(error),
                },
            }
        }
        if !errors.is_empty() {
            return Err(Errors(errors));
        }
        let authority = match self.spec.rbac.as_slice() {
            [] => Authority::Everybody,
            files => {
                let files: Vec<PathBuf> = files.iter().map(|file| self.folder.join(file)).collect();
                Authority::Dump(Rbac::of(&input::read_all(&files, self.stdin)?, spec::NAMESPACE)?)
            }
        };
        policies::of_objects(&objects, &levels, modules, authority)
    }

    fn run(&self, document: usize, policies: &Policies) -> Outcome<Vec<Ran>> {
        let mut ran = Vec::new();
        let mut errors = Vec::new();
        for (nth, test) in self.spec.tests.iter().enumerate() {
            let at = format!("tests[{nth}]");
            let object = match self.object(test, &at, policies) {
                Ok(object) => object,
                Err(error) => {
                    errors.push(error);
                    continue;
                }
            };
            let (user, groups) =
                test.user.as_ref().map(|user| (user.name.clone(), user.groups.clone())).unwrap_or_default();
            let requester = Requester::new(user, groups, test.namespace.clone());
            let result = judge::judge(policies, &object, &requester);
            let failures = match &test.expect {
                Some(expected) => expected.differences(&result),
                None => vec!["expects nothing: --record writes what holds today".to_owned()],
            };
            let place = self.object.place(&at);
            ran.push(Ran {
                name: test.name.clone(),
                file: place.file.to_string(),
                line: place.line,
                failures,
                result,
                at: (document, at),
            });
        }
        if errors.is_empty() { Ok(ran) } else { Err(Errors(errors)) }
    }

    /// The object of a test.
    fn object(&self, test: &spec::Test, at: &str, policies: &Policies) -> Result<Object, Error> {
        let wrong =
            |path: &str, reason: String| Error::at(self.object.place(path), format_args!("{path}: {reason}"));
        let Some(file) = &test.file else {
            if test.object.is_none() {
                return Err(wrong(at, "needs an `object`, or a `file` that holds it".to_owned()));
            }
            return self.object.within(&format!("{at}.object"));
        };
        let at = format!("{at}.file");
        if test.object.is_some() {
            return Err(wrong(&at, "and `object` are alternatives".to_owned()));
        }
        let path = self.folder.join(file);
        let mut objects = input::read_all(std::slice::from_ref(&path), self.stdin)
            .map_err(|errors| wrong(&at, errors.to_string()))?;
        if let Some(wanted) = &test.select {
            let target = Target::parse(wanted);
            let is_meant = |object: &Object| {
                let namespace = object.namespace.as_deref().unwrap_or(&test.namespace);
                target.as_ref().is_some_and(|target| target.is(object, namespace))
            };
            objects.retain(is_meant);
        } else {
            objects.retain(|object| judge::is_judged(object, policies));
        }
        match (objects.len(), objects.pop()) {
            (1, Some(object)) => Ok(object),
            (0, _) => Err(wrong(&at, format!("{} holds no such object", path.display()))),
            (count, _) => {
                Err(wrong(&at, format!("{} holds {count} of them: `select: KIND/NAME`", path.display())))
            }
        }
    }
}

#[cfg(test)]
mod tests;
