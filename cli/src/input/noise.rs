//! Lines that do not belong to a manifest: warnings that kubectl and Helm write to standard error, redirected into the
//! same file.

use std::io::{self, BufRead};

use super::yaml::Chunk;

/// A skipped line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Noise {
    pub(super) line: u32,
    pub(super) text: String,
}

/// Prefixes of such lines.
const STARTS: [&str; 3] = ["Warning: ", "WARNING: ", "warning: "];

/// Whether a line is a warning of kubectl's or Helm's: `Warning: policy/v1beta1 PodSecurityPolicy is deprecated`, or
/// `W0702 15:04:05.000000   12 warnings.go:70] …` from versions before 1.20.
fn is_noise(line: &[u8]) -> bool {
    let is_warning = STARTS.iter().any(|start| line.starts_with(start.as_bytes()));
    let is_log = match line {
        [b'I' | b'W' | b'E', date @ ..] => match date {
            [m1, m2, d1, d2, b' ', h1, h2, b':', ..] => {
                [m1, m2, d1, d2, h1, h2].iter().all(|digit| digit.is_ascii_digit())
            }
            _ => false,
        },
        _ => false,
    };
    is_warning || is_log
}

/// Reads such lines at the start of a stream. Returns the number of the next line.
pub(super) fn skip(source: &mut impl BufRead, noise: &mut Vec<Noise>) -> io::Result<u32> {
    let mut line = 1_u32;
    while is_noise(source.fill_buf()?) {
        let mut text = Vec::new();
        source.read_until(b'\n', &mut text)?;
        noise.push(Noise { line, text: String::from_utf8_lossy(&text).trim_end().to_owned() });
        line = line.saturating_add(1);
    }
    Ok(line)
}

/// Blanks such lines at the start and at the end of a document. The others keep their numbers.
pub(super) fn blank(chunk: &mut Chunk, noise: &mut Vec<Noise>) {
    let lines: Vec<&str> = chunk.text.split_inclusive('\n').collect();
    let is_head = |line: &&&str| {
        let said = line.trim();
        said.is_empty() || said.starts_with('#') || line.starts_with("---") || is_noise(line.as_bytes())
    };
    let is_end = |line: &&&str| line.trim().is_empty() || is_noise(line.as_bytes());
    let head = lines.iter().take_while(is_head).count();
    let end = lines.len() - lines.iter().rev().take_while(is_end).count();
    if !lines.iter().take(head).chain(lines.iter().skip(end)).any(|line| is_noise(line.as_bytes())) {
        return;
    }
    let mut text = String::new();
    for (nth, line) in lines.iter().enumerate() {
        if (nth < head || nth >= end) && is_noise(line.as_bytes()) {
            let below = u32::try_from(nth).unwrap_or(u32::MAX);
            noise.push(Noise { line: chunk.line.saturating_add(below), text: line.trim_end().to_owned() });
            text.push('\n');
        } else {
            text.push_str(line);
        }
    }
    chunk.text = text;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_and_warnings_are_noise_and_keys_are_not() {
        for line in ["Warning: policy/v1beta1 is deprecated", "W0702 15:04:05.1 1 warnings.go:70] policy"] {
            assert!(is_noise(line.as_bytes()), "{line}");
        }
        for line in ["Warnings: 1", "apiVersion: v1", "W0702: x", ""] {
            assert!(!is_noise(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn lines_keep_their_numbers() {
        let text = "---\nWarning: a\nkind: Pod\nx: |\n  Warning: b\nWarning: c\n".to_owned();
        let mut chunk = Chunk { text, line: 7 };
        let mut noise = Vec::new();
        blank(&mut chunk, &mut noise);
        assert_eq!(chunk.text, "---\n\nkind: Pod\nx: |\n  Warning: b\n\n");
        let said: Vec<_> = noise.iter().map(|noise| (noise.line, &*noise.text)).collect();
        assert_eq!(said, [(8, "Warning: a"), (12, "Warning: c")]);
    }
}
