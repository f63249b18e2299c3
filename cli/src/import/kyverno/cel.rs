//! Expressions of the Common Expression Language, as far as policies for pods use it.

mod tokens;

use tokens::Token;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cel {
    Text(String),
    Number(i64),
    Flag(bool),
    List(Vec<Cel>),
    /// `{}`
    Map,
    Name(String),
    /// `a.b`, or `a.?b`
    Field(Box<Cel>, String),
    /// `a[b]`
    Index(Box<Cel>, Box<Cel>),
    /// `f(x)`, or `a.f(x)`
    Call(Option<Box<Cel>>, String, Vec<Cel>),
    Not(Box<Cel>),
    Binary(Box<Cel>, &'static str, Box<Cel>),
    /// `a ? b : c`
    If(Box<Cel>, Box<Cel>, Box<Cel>),
    /// `Object{field: value}`
    Struct(Vec<(String, Cel)>),
}

/// Reads an expression; `None` if it is none, or beyond what is understood here.
pub(super) fn parse(text: &str) -> Option<Cel> {
    let mut parser = Parser { tokens: tokens::of(text)?, at: 0, depth: 0 };
    let read = parser.conditional()?;
    (parser.at == parser.tokens.len()).then_some(read)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

/// Operators by their precedence, the weakest first.
const OPERATORS: [&[&str]; 5] =
    [&["||"], &["&&"], &["==", "!=", "<=", ">=", "<", ">", "in"], &["+", "-"], &["*", "/", "%"]];

/// How deep an expression may be nested.
const DEPTH: usize = 60;

impl Parser {
    fn sign(&mut self, sign: &str) -> Option<()> {
        let is_next = matches!(self.tokens.get(self.at), Some(Token::Sign(next)) if *next == sign);
        is_next.then(|| self.at += 1)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned()?;
        self.at += 1;
        Some(token)
    }

    fn conditional(&mut self) -> Option<Cel> {
        self.depth += 1;
        (self.depth < DEPTH).then_some(())?;
        let condition = self.binary(0)?;
        let read = if self.sign("?").is_some() {
            let then = self.conditional()?;
            self.sign(":")?;
            Cel::If(Box::new(condition), Box::new(then), Box::new(self.conditional()?))
        } else {
            condition
        };
        self.depth -= 1;
        Some(read)
    }

    fn binary(&mut self, level: usize) -> Option<Cel> {
        let Some(operators) = OPERATORS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = operators.iter().find(|operator| match self.tokens.get(self.at) {
            Some(Token::Sign(sign)) => sign == *operator,
            Some(Token::Name(name)) => name == "in" && **operator == "in",
            _ => false,
        }) {
            self.at += 1;
            left = Cel::Binary(Box::new(left), operator, Box::new(self.binary(level + 1)?));
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<Cel> {
        self.depth += 1;
        (self.depth < DEPTH).then_some(())?;
        let read = if self.sign("!").is_some() {
            Cel::Not(Box::new(self.unary()?))
        } else if self.sign("-").is_some() {
            match self.next()? {
                Token::Number(number) => Cel::Number(-number),
                _ => return None,
            }
        } else {
            let start = self.primary()?;
            self.suffixes(start)?
        };
        self.depth -= 1;
        Some(read)
    }

    fn suffixes(&mut self, start: Cel) -> Option<Cel> {
        let mut read = start;
        loop {
            if self.sign(".").is_some() {
                let _ = self.sign("?");
                let Token::Name(name) = self.next()? else { return None };
                read = match self.sign("(") {
                    Some(()) => Cel::Call(Some(Box::new(read)), name, self.list(")")?),
                    None => Cel::Field(Box::new(read), name),
                };
            } else if self.sign("[").is_some() {
                let _ = self.sign("?");
                let index = self.conditional()?;
                self.sign("]")?;
                read = Cel::Index(Box::new(read), Box::new(index));
            } else if matches!(read, Cel::Name(_) | Cel::Field(..)) && self.sign("{").is_some() {
                read = Cel::Struct(self.fields()?);
            } else {
                return Some(read);
            }
        }
    }

    fn primary(&mut self) -> Option<Cel> {
        match self.next()? {
            Token::Text(text) => Some(Cel::Text(text)),
            Token::Number(number) => Some(Cel::Number(number)),
            Token::Name(name) if name == "true" || name == "false" => Some(Cel::Flag(name == "true")),
            Token::Name(name) => match self.sign("(") {
                Some(()) => Some(Cel::Call(None, name, self.list(")")?)),
                None => Some(Cel::Name(name)),
            },
            Token::Sign("(") => {
                let inner = self.conditional()?;
                self.sign(")")?;
                Some(inner)
            }
            Token::Sign("[") => Some(Cel::List(self.list("]")?)),
            Token::Sign("{") => self.sign("}").map(|()| Cel::Map),
            Token::Sign(_) => None,
        }
    }

    /// Expressions behind an opening bracket.
    fn list(&mut self, end: &str) -> Option<Vec<Cel>> {
        let mut list = Vec::new();
        while self.sign(end).is_none() {
            if !list.is_empty() {
                self.sign(",")?;
                if self.sign(end).is_some() {
                    break;
                }
            }
            list.push(self.conditional()?);
        }
        Some(list)
    }

    /// Named expressions behind an opening brace.
    fn fields(&mut self) -> Option<Vec<(String, Cel)>> {
        let mut fields = Vec::new();
        while self.sign("}").is_none() {
            if !fields.is_empty() {
                self.sign(",")?;
                if self.sign("}").is_some() {
                    break;
                }
            }
            let Token::Name(name) = self.next()? else { return None };
            self.sign(":")?;
            fields.push((name, self.conditional()?));
        }
        Some(fields)
    }
}

impl Cel {
    /// Whether two operands are joined by an operator.
    pub(super) fn joined(&self, operator: &str) -> Option<(&Cel, &Cel)> {
        match self {
            Cel::Binary(left, known, right) if *known == operator => Some((left, right)),
            _ => None,
        }
    }

    /// The operands of an operator that stands between several.
    pub(super) fn operands(&self, operator: &str) -> Vec<&Cel> {
        match self.joined(operator) {
            Some((left, right)) => [left.operands(operator), right.operands(operator)].concat(),
            None => vec![self],
        }
    }

    /// The expression with the values of `variables` in place of their names.
    pub(super) fn inlined(self, variables: &[(String, Cel)]) -> Cel {
        let inside = |inner: Box<Cel>| Box::new(inner.inlined(variables));
        let each = |list: Vec<Cel>| list.into_iter().map(|one| one.inlined(variables)).collect();
        match self {
            Cel::Field(inner, name) => {
                let known = variables.iter().find(|(known, _)| *known == name);
                match (*inner, known) {
                    (Cel::Name(root), Some((_, value))) if root == "variables" => value.clone(),
                    (inner, _) => Cel::Field(Box::new(inner.inlined(variables)), name),
                }
            }
            Cel::List(list) => Cel::List(each(list)),
            Cel::Index(inner, index) => Cel::Index(inside(inner), inside(index)),
            Cel::Call(target, name, arguments) => Cel::Call(target.map(inside), name, each(arguments)),
            Cel::Not(inner) => Cel::Not(inside(inner)),
            Cel::Binary(left, operator, right) => Cel::Binary(inside(left), operator, inside(right)),
            Cel::If(condition, then, other) => Cel::If(inside(condition), inside(then), inside(other)),
            Cel::Struct(fields) => {
                let fields = fields.into_iter().map(|(name, value)| (name, value.inlined(variables)));
                Cel::Struct(fields.collect())
            }
            Cel::Text(_) | Cel::Number(_) | Cel::Flag(_) | Cel::Map | Cel::Name(_) => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::precedence("a || b && !c", true)]
    #[case::optional_fields("object.spec.?securityContext.?runAsUser.orValue(1) > 0", true)]
    #[case::macros("object.spec.containers.all(c, has(c.image) ? c.x in ['a', \"b\"] : true)", true)]
    #[case::structures("Object{spec: Object.spec{runtimeClassName: 'x'}}", true)]
    #[case::unclosed("(a", false)]
    #[case::two_expressions("a b", false)]
    #[case::unknown_sign("a ~ b", false)]
    #[case::unclosed_text("'a", false)]
    fn reads_expressions(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(parse(text).is_some(), expected);
    }

    #[test]
    fn a_deep_expression_is_not_read() {
        assert_eq!(parse(&"(".repeat(100_000)), None);
        assert_eq!(parse(&"!".repeat(100_000)), None);
    }
}
