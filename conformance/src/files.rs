//! JSON lines on disk: plain, or compressed when the name ends in `.gz`. `-` stands for the standard streams.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads one value per line; blank lines are skipped.
///
/// # Errors
///
/// When the file cannot be opened. A line that cannot be read is an error of the iterator.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<impl Iterator<Item = Result<T>> + Send + use<T>> {
    let name = path.display().to_string();
    let source: Box<dyn Read + Send> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        let file = File::open(path).with_context(|| format!("cannot open `{name}`"))?;
        match path.extension() {
            Some(extension) if extension == "gz" => Box::new(MultiGzDecoder::new(BufReader::new(file))),
            _ => Box::new(file),
        }
    };
    let lines = BufReader::new(source).lines().enumerate();
    Ok(lines.filter(|(_, line)| line.as_ref().map_or(true, |line| !line.trim().is_empty())).map(
        move |(index, line)| {
            line.map_err(anyhow::Error::from)
                .and_then(|line| Ok(serde_json::from_str(&line)?))
                .with_context(|| format!("cannot read `{name}`, line {}", index + 1))
        },
    ))
}

/// Writes one value per line.
///
/// # Errors
///
/// When the file cannot be written, or the values end in an error.
pub fn write<T: Serialize>(path: &Path, values: impl Iterator<Item = Result<T>>) -> Result<()> {
    let into = |name: &Path| format!("cannot write `{}`", name.display());
    if path == Path::new("-") {
        return write_to(&mut BufWriter::new(io::stdout().lock()), values);
    }
    let mut file = BufWriter::new(File::create(path).with_context(|| into(path))?);
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut packed = GzEncoder::new(file, Compression::best());
        write_to(&mut packed, values)?;
        packed.finish().and_then(|mut file| file.flush()).with_context(|| into(path))
    } else {
        write_to(&mut file, values)
    }
}

fn write_to<T: Serialize>(sink: &mut impl Write, values: impl Iterator<Item = Result<T>>) -> Result<()> {
    for value in values {
        serde_json::to_writer(&mut *sink, &value?)?;
        sink.write_all(b"\n")?;
    }
    Ok(sink.flush()?)
}

#[cfg(test)]
mod tests {
    use std::{env, process};

    use super::*;

    fn round_trip(name: &str) -> Vec<u32> {
        let path = env::temp_dir().join(format!("files-{}-{name}", process::id()));
        write(&path, (0..1000).map(Ok)).unwrap();
        read(&path).unwrap().collect::<Result<_>>().unwrap()
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(round_trip("plain.jsonl"), (0..1000).collect::<Vec<_>>());
        assert_eq!(round_trip("packed.jsonl.gz"), (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn an_unreadable_line_is_named() {
        let path = env::temp_dir().join(format!("files-{}-bad", process::id()));
        std::fs::write(&path, "1\n\nx\n").unwrap();
        let error = read::<u32>(&path).unwrap().collect::<Result<Vec<_>>>().unwrap_err();
        assert!(error.to_string().ends_with(", line 3"), "{error}");
    }
}
