//! From the text of an expression to its tokens.

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Text(String),
    Number(i64),
    Sign(&'static str),
}

/// The longer signs first.
const SIGNS: [&str; 23] = [
    "||", "&&", "==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", "{", "}", ".", ",", "?", ":", "!", "+",
    "-", "*", "/",
];

/// The tokens of a text.
pub(super) fn of(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, behind) = if first == '\'' || first == '"' {
            quoted(rest, first)?
        } else if first.is_ascii_digit() {
            let (digits, behind) = taken(rest, |c| c.is_ascii_digit());
            (Token::Number(digits.parse().ok()?), behind)
        } else if first.is_ascii_alphabetic() || first == '_' {
            let (name, behind) = taken(rest, |c| c.is_ascii_alphanumeric() || c == '_');
            (Token::Name(name.to_owned()), behind)
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign))?;
            (Token::Sign(sign), rest.strip_prefix(sign)?)
        };
        tokens.push(token);
        rest = behind.trim_start();
    }
    Some(tokens)
}

fn taken(text: &str, is_inside: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !is_inside(c)).unwrap_or(text.len()))
}

/// A text in quotes, without escapes.
fn quoted(text: &str, quote: char) -> Option<(Token, &str)> {
    let (inner, behind) = text.strip_prefix(quote)?.split_once(quote)?;
    (!inner.contains(['\\', '\n'])).then(|| (Token::Text(inner.to_owned()), behind))
}
