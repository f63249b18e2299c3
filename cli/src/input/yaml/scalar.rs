//! How kubectl resolves a scalar: YAML 1.1 as in `go.yaml.in/yaml/v2` (`resolve.go`), converted to JSON.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Number, Value};

/// A scalar with its type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// Too large for the type above.
    Uint(u64),
    Float(f64),
    Text(String),
}

/// The type of a key: keys of different types with the same JSON spelling have no order in Go's maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyType {
    Text,
    Bool,
    Int,
    Float,
}

const TAGS: &str = "tag:yaml.org,2002:";

/// Resolves a scalar that is plain or has a tag.
///
/// # Errors
///
/// A phrase that goes on after "the value".
pub(super) fn resolve(tag: Option<&str>, text: &str) -> Result<Scalar, String> {
    let Some(tag) = tag else { return Ok(plain(text)) };
    let mismatch = || Err(format!("`{}` is not what its tag says", shortened(text)));
    match tag.strip_prefix(TAGS) {
        Some("str") => Ok(Scalar::Text(text.to_owned())),
        Some("binary") => binary(text),
        Some("timestamp") => Err("has the tag `!!timestamp`: leave the tag out".to_owned()),
        Some("null") if plain(text) == Scalar::Null => Ok(Scalar::Null),
        Some("bool") => match plain(text) {
            Scalar::Bool(value) => Ok(Scalar::Bool(value)),
            _ => mismatch(),
        },
        Some("int") => match plain(text) {
            number @ (Scalar::Int(_) | Scalar::Uint(_)) => Ok(number),
            _ => mismatch(),
        },
        Some("float") => match plain(text) {
            #[expect(clippy::cast_precision_loss, reason = "as the original does")]
            Scalar::Int(number) => Ok(Scalar::Float(number as f64)),
            number @ Scalar::Float(_) => Ok(number),
            _ => mismatch(),
        },
        Some("null") => mismatch(),
        _ => Ok(Scalar::Text(text.to_owned())),
    }
}

/// Padding is required; the unused bits of the last byte may be anything.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

fn binary(text: &str) -> Result<Scalar, String> {
    let bytes = BASE64.decode(text.replace(['\r', '\n'], "")).map_err(|_| "is not base64")?;
    let text = String::from_utf8(bytes).map_err(|_| "is binary, which JSON cannot hold")?;
    Ok(Scalar::Text(text))
}

fn plain(text: &str) -> Scalar {
    if let Some(known) = word(text) {
        return known;
    }
    let number = match text.bytes().next() {
        Some(b'.') => fraction(text),
        Some(b'+' | b'-' | b'0'..=b'9') => number(&text.replace('_', "")),
        _ => None,
    };
    number.unwrap_or_else(|| Scalar::Text(text.to_owned()))
}

fn word(text: &str) -> Option<Scalar> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// Numbers with a leading point: digits with underscores between them, as Go's `ParseFloat` takes it.
fn fraction(text: &str) -> Option<Scalar> {
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let mut underscores = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'_');
    if !underscores.all(|(at, _)| is_digit(at.checked_sub(1)) && is_digit(at.checked_add(1))) {
        return None;
    }
    float(&text.replace('_', ""))
}

/// A number in the form of YAML's floats; one that is too large is a text.
fn float(text: &str) -> Option<Scalar> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_float = digits(whole)
        && digits(part)
        && !(whole.is_empty() && part.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent));
    let value: f64 = text.parse().ok().filter(|_| is_float)?;
    value.is_finite().then_some(Scalar::Float(value))
}

fn number(text: &str) -> Option<Scalar> {
    int(text).or_else(|| float(text)).or_else(|| old_binary(text))
}

/// An integer as Go's `ParseInt` takes it without a base: `0x1F`, `0o17`, `017`, `0b11`.
fn int(text: &str) -> Option<Scalar> {
    let (negative, unsigned) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, unsigned.get(2..)?),
        [b'0', b'o' | b'O', _, ..] => (8, unsigned.get(2..)?),
        [b'0', b'b' | b'B', _, ..] => (2, unsigned.get(2..)?),
        [b'0', _, ..] => (8, unsigned.get(1..)?),
        _ => (10, unsigned),
    };
    // A second sign is not a digit.
    let digits = Some(digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_alphanumeric()))?;
    let value = u64::from_str_radix(digits, radix).ok()?;
    match (negative, i64::try_from(value)) {
        (false, Ok(value)) => Some(Scalar::Int(value)),
        (true, Ok(value)) => Some(Scalar::Int(-value)),
        (true, Err(_)) => (value == 1 << 63).then_some(Scalar::Int(i64::MIN)),
        // An unsigned number has no sign at all.
        (false, Err(_)) => (!text.starts_with('+')).then_some(Scalar::Uint(value)),
    }
}

/// The remaining case: binary numbers whose digits have a sign of their own.
fn old_binary(text: &str) -> Option<Scalar> {
    let (digits, negative) = match text.strip_prefix("-0b") {
        Some(digits) => (digits, true),
        None => (text.strip_prefix("0b")?, false),
    };
    // The original puts the sign before the digits, which cannot have a second one.
    let value = match negative {
        true => i64::from_str_radix(&format!("-{digits}"), 2),
        false => i64::from_str_radix(digits, 2),
    };
    value.ok().map(Scalar::Int)
}

impl Scalar {
    /// The value as JSON has it: a float without a fraction is an integer, as Go writes it.
    ///
    /// # Errors
    ///
    /// A phrase that goes on after "the value".
    pub(super) fn into_json(self) -> Result<Value, String> {
        Ok(match self {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => value.into(),
            Scalar::Int(value) => value.into(),
            Scalar::Uint(value) => value.into(),
            Scalar::Float(value) => Value::Number(
                json_number(value).ok_or("is infinite or not a number, which JSON cannot hold")?,
            ),
            Scalar::Text(text) => text.into(),
        })
    }

    /// The key of an object.
    ///
    /// # Errors
    ///
    /// A phrase that goes on after "the key".
    pub(super) fn into_key(self) -> Result<(String, KeyType), &'static str> {
        match self {
            Scalar::Text(text) => Ok((text, KeyType::Text)),
            Scalar::Bool(value) => Ok((value.to_string(), KeyType::Bool)),
            Scalar::Int(value) => Ok((value.to_string(), KeyType::Int)),
            Scalar::Float(value) => Ok((float_key(value)?, KeyType::Float)),
            Scalar::Null => Err("is empty or null: quote it"),
            Scalar::Uint(_) => Err("is a number too large for a key: quote it"),
        }
    }
}

/// A key like `1.5`, in the shortest digits of 32 bits. Where Go would write an exponent, it is rejected.
fn float_key(value: f64) -> Result<String, &'static str> {
    #[expect(clippy::cast_possible_truncation, reason = "as the original does")]
    let short = value as f32;
    if short == 0.0 || (1e-4..1e6).contains(&short.abs()) {
        return Ok(short.to_string());
    }
    Err("is a number that no other reader spells the same: quote it")
}

/// A number as Go's `encoding/json` writes it; `None` for values that JSON lacks.
pub(in crate::input) fn json_number(value: f64) -> Option<Number> {
    // Go writes the shortest digits and as many zeros as needed; larger ones get an exponent and are read back as
    // floats.
    if value.fract() == 0.0
        && value.abs() < 1e21
        && let Ok(whole) = value.to_string().parse::<i64>()
    {
        return Some(whole.into());
    }
    Number::from_f64(value)
}

fn shortened(text: &str) -> String {
    let start: String = text.chars().take(20).collect();
    if start.len() < text.len() { format!("{start}…") } else { start }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case("1.00065e+09", json!(1_000_650_000))]
    #[case("1e3", json!(1000))]
    #[case("08", json!(8))]
    #[case("0644", json!(420))]
    #[case("0o17", json!(15))]
    #[case("0x1F", json!(31))]
    #[case("-0b11", json!(-3))]
    #[case("1_000", json!(1000))]
    #[case(".5_0", json!(0.5))]
    #[case("._5", json!("._5"))]
    #[case("1e400", json!("1e400"))]
    #[case("18446744073709551615", json!(18_446_744_073_709_551_615_u64))]
    #[case("+18446744073709551615", json!(18_446_744_073_709_551_615_u64 as f64))]
    #[case("1e21", json!(1e21))]
    #[case("1.2345678901234567e18", json!(1_234_567_890_123_456_800_i64))]
    #[case("-9223372036854775809", json!(-9.223_372_036_854_776e18))]
    #[case("-", json!("-"))]
    #[case("0x", json!("0x"))]
    #[case("1:30", json!("1:30"))]
    #[case("2026-01-31", json!("2026-01-31"))]
    #[case("Yes", json!(true))]
    #[case("yEs", json!("yEs"))]
    #[case("~", json!(null))]
    fn scalars_are_what_they_are_to_kubectl(#[case] text: &str, #[case] expected: Value) {
        assert_eq!(resolve(None, text).unwrap().into_json().unwrap(), expected);
    }

    #[rstest]
    #[case::text(Some("tag:yaml.org,2002:str"), "12", Ok(Scalar::Text("12".to_owned())))]
    #[case::float(Some("tag:yaml.org,2002:float"), "12", Ok(Scalar::Float(12.0)))]
    #[case::not_int(Some("tag:yaml.org,2002:int"), "x", Err("`x` is not what its tag says".to_owned()))]
    #[case::binary(Some("tag:yaml.org,2002:binary"), "aGk=", Ok(Scalar::Text("hi".to_owned())))]
    #[case::foreign(Some("!Ref"), "12", Ok(Scalar::Text("12".to_owned())))]
    fn tags_are_heeded(
        #[case] tag: Option<&str>,
        #[case] text: &str,
        #[case] expected: Result<Scalar, String>,
    ) {
        assert_eq!(resolve(tag, text), expected);
    }
}
