//! From files and folders to objects.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::object::Object;
use super::reading::{Others, Reading};
use super::text::Text;
use super::walk::{self, Exclude, is_json};
use super::{Take, Unread, Unwatched, Watch};
use crate::error::{Error, Outcome};

/// Opens standard input.
pub type Stdin = fn() -> Box<dyn Read>;

/// Files and folders to read, and patterns to exclude.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The files and folders; `-` is standard input.
    pub paths: Vec<PathBuf>,
    /// What is left out.
    pub exclude: Exclude,
    /// What `-` stands for.
    pub stdin: Stdin,
}

/// The name of standard input in messages.
const STDIN: &str = "stdin";

/// Calls `take` for every object in some files and folders; `-` is standard input. Objects that `take` rejects count as
/// unread.
pub fn read(sources: &Sources, watch: &dyn Watch, take: Take<'_>) -> Unread {
    #[cfg(not(target_arch = "wasm32"))]
    return super::ahead::ahead(|watch, take| read_as(Others::Skip, sources, watch, take), watch, take);
    // The page has no threads.
    #[cfg(target_arch = "wasm32")]
    return read_as(Others::Skip, sources, watch, take);
}

fn read_as(others: Others, sources: &Sources, watch: &dyn Watch, take: Take<'_>) -> Unread {
    let mut reading = Reading { watch, take, others, unread: Unread::default() };
    for path in walk::files(&sources.paths, &sources.exclude) {
        let path = match path {
            Ok(path) => path,
            Err(error) => {
                reading.unread.errors.push(error);
                continue;
            }
        };
        if path.as_os_str() == "-" {
            reading.stream(&STDIN.into(), (sources.stdin)(), false);
            continue;
        }
        match File::open(&path) {
            Ok(file) => {
                watch.expect(file.metadata().map_or(0, |known| known.len()));
                reading.stream(&path.display().to_string().into(), file, is_json(&path));
            }
            Err(error) => reading.unread.errors.push(Error::unread(&path, &error)),
        }
    }
    reading.unread
}

/// All objects in some files and folders, settings included. Anything else in them is an error.
///
/// # Errors
///
/// If something cannot be read.
pub fn read_all(paths: &[PathBuf], stdin: Stdin) -> Outcome<Vec<Object>> {
    let sources = Sources { paths: paths.to_vec(), exclude: Exclude::default(), stdin };
    let mut objects = Vec::new();
    let unread = read_as(Others::Demand, &sources, &Unwatched, &mut |object| {
        objects.push(object);
        Ok(())
    });
    unread.conclude(objects)
}

/// All objects in some files and folders, and errors for anything unreadable or not a Kubernetes object.
pub fn gather(sources: &Sources, watch: &dyn Watch) -> (Vec<Object>, Unread) {
    let mut objects = Vec::new();
    let unread = read_as(Others::Demand, sources, watch, &mut |object| {
        objects.push(object);
        Ok(())
    });
    (objects, unread)
}

/// The texts of some files and folders; `-` is standard input.
pub fn texts(sources: &Sources) -> (Vec<Text>, Unread) {
    let mut texts = Vec::new();
    let mut unread = Unread::default();
    for path in walk::files(&sources.paths, &sources.exclude) {
        match path.and_then(|path| text(&path, sources.stdin)) {
            Ok(text) => texts.push(text),
            Err(error) => unread.errors.push(error),
        }
    }
    (texts, unread)
}

fn text(path: &Path, stdin: Stdin) -> Result<Text, Error> {
    let is_stdin = path.as_os_str() == "-";
    let mut text = String::new();
    let read = if is_stdin {
        stdin().read_to_string(&mut text)
    } else {
        File::open(path).and_then(|mut file| file.read_to_string(&mut text))
    };
    let path = if is_stdin { Path::new(STDIN) } else { path };
    read.map_err(|error| Error::unread(path, &error))?;
    Ok(Text { name: path.display().to_string().into(), is_json: is_json(path), others: Others::Skip, text })
}
