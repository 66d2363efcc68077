//! Filters in the form of SCIM (RFC 7644 §3.4.2.2), as Oracle's "Query job requests" (Applications Common, 24C) takes them in `q`.
//!
//! Operators and `and`, `or`, `not` are written in any case, fields as the document lists them. There are no value paths and no
//! sub-attributes.

use super::field::{Operator, Value, bare, field, quoted};

/// A parsed filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Present(&'static str),
    Compare(&'static str, Comparison),
}

/// An operator with its literal; no literal stands for `null`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comparison {
    operator: Operator,
    wanted: Option<Value>,
}

impl Filter {
    /// Reads a filter.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser {
            tokens: tokens(text)?,
            at: 0,
            depth: 0,
        };
        let filter = parser.either()?;
        match parser.next() {
            None => Ok(filter),
            Some(token) => Err(format!("unexpected {}", token.words())),
        }
    }

    /// True if a request, read field by field, fits.
    pub(super) fn fits(&self, read: &dyn Fn(&str) -> Option<Value>) -> bool {
        match self {
            Self::And(terms) => terms.iter().all(|term| term.fits(read)),
            Self::Or(terms) => terms.iter().any(|term| term.fits(read)),
            Self::Not(term) => !term.fits(read),
            Self::Present(field) => read(field).is_some_and(|v| v != Value::Text(String::new())),
            Self::Compare(field, comparison) => comparison
                .operator
                .holds(read(field).as_ref(), comparison.wanted.as_ref()),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    Word(String),
    Literal(String),
}

impl Token {
    fn words(&self) -> String {
        match self {
            Self::Open => "an opening parenthesis".to_owned(),
            Self::Close => "a closing parenthesis".to_owned(),
            Self::Word(word) => word.clone(),
            Self::Literal(text) => format!("the text {text:?}"),
        }
    }
}

/// A text in double quotes at the start of `rest`, with the escapes of JSON, and the bytes it takes.
fn literal(rest: &str) -> Result<(String, usize), String> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                let text = serde_json::from_str(&rest[..=at])
                    .map_err(|_| "a text has an escape that does not exist".to_owned())?;
                return Ok((text, at + 1));
            }
            _ => {}
        }
    }
    Err("a text in quotes isn't closed".into())
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let (token, length) = match c {
            ' ' => {
                at += 1;
                continue;
            }
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '"' => {
                let (text, length) = literal(rest)?;
                (Token::Literal(text), length)
            }
            _ => {
                let end = rest.find([' ', '(', ')', '"']).unwrap_or(rest.len());
                (Token::Word(rest[..end].to_owned()), end)
            }
        };
        at += length;
        let negates = matches!(&token, Token::Word(w) if w.eq_ignore_ascii_case("not"))
            && text[at..].starts_with('(');
        let apart = text[at..].is_empty() || text[at..].starts_with([' ', ')']);
        if !apart && !negates && token != Token::Open {
            return Err(format!("a blank is missing after {}", token.words()));
        }
        out.push(token);
    }
    Ok(out)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
}

/// Nesting beyond this is refused.
const DEPTH_MAX: u32 = 64;

impl Parser {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn keyword(&mut self, word: &str) -> bool {
        let token = self.tokens.get(self.at);
        let hit = matches!(token, Some(Token::Word(w)) if w.eq_ignore_ascii_case(word));
        self.at += usize::from(hit);
        hit
    }

    fn take(&mut self, token: &Token) -> bool {
        let hit = self.tokens.get(self.at) == Some(token);
        self.at += usize::from(hit);
        hit
    }

    fn either(&mut self) -> Result<Filter, String> {
        let first = self.both()?;
        let mut terms = vec![first];
        while self.keyword("or") {
            terms.push(self.both()?);
        }
        Ok(match (terms.len(), terms.pop()) {
            (1, Some(only)) => only,
            (_, last) => Filter::Or(terms.into_iter().chain(last).collect()),
        })
    }

    fn both(&mut self) -> Result<Filter, String> {
        let first = self.term()?;
        let mut terms = vec![first];
        while self.keyword("and") {
            terms.push(self.term()?);
        }
        Ok(match (terms.len(), terms.pop()) {
            (1, Some(only)) => only,
            (_, last) => Filter::And(terms.into_iter().chain(last).collect()),
        })
    }

    fn term(&mut self) -> Result<Filter, String> {
        let negated = self.keyword("not");
        if self.take(&Token::Open) {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return Err("too many parentheses".into());
            }
            let inner = self.either()?;
            self.depth -= 1;
            if !self.take(&Token::Close) {
                return Err("a parenthesis isn't closed".into());
            }
            return Ok(if negated {
                Filter::Not(Box::new(inner))
            } else {
                inner
            });
        }
        if negated {
            return Err("a parenthesis is missing after not".into());
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Filter, String> {
        let name = match self.next() {
            Some(Token::Word(name)) => name,
            Some(token) => return Err(format!("a field is missing before {}", token.words())),
            None => return Err("a field is missing at the end".into()),
        };
        let (name, kind) = field(&name).ok_or_else(|| format!("{name} can't be queried"))?;
        let Some(Token::Word(word)) = self.next() else {
            return Err(format!("an operator is missing after {name}"));
        };
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(name));
        }
        let operator = Operator::of(&word).ok_or_else(|| format!("{word} is no operator"))?;
        if !operator.suits(kind) {
            return Err(format!("the operator {word} doesn't suit {name}"));
        }
        let wanted = match self.next() {
            Some(Token::Word(word)) => bare(name, kind, operator, &word)?,
            Some(Token::Literal(text)) => Some(quoted(name, kind, text)?),
            Some(Token::Open | Token::Close) | None => {
                return Err(format!("a value is missing after {name} {word}"));
            }
        };
        Ok(Filter::Compare(name, Comparison { operator, wanted }))
    }
}

#[cfg(test)]
mod tests {
    use super::{Filter, Value};

    fn fits(text: &str) -> Result<bool, String> {
        let read = |field: &str| {
            Some(match field {
                "requestId" => Value::Number(101),
                "state" => Value::Text("RUNNING".into()),
                "submitter" => Value::Text("a \"b\" c".into()),
                "submissionTime" => Value::Time(1_000),
                _ => return None,
            })
        };
        Filter::parse(text).map(|filter| filter.fits(&read))
    }

    #[test]
    fn and_binds_closer_than_or_and_not_closest() {
        let (yes, no) = ("requestId eq 101", "requestId eq 5");
        for (text, wanted) in [
            (format!("{yes} or {yes} and {no}"), true),
            (format!("({yes} or {yes}) and {no}"), false),
            (format!("not ({yes}) or {yes}"), true),
            (format!("NOT({no}) AND ( {yes} )"), true),
            (format!("not (not ({yes}))"), true),
        ] {
            assert_eq!(fits(&text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn literals_are_those_of_json() {
        for (text, wanted) in [
            (r#"submitter eq "a \"b\" c""#, true),
            (r#"submitter eq "a \u0022b\" c""#, true),
            (r#"submitter eq "A \"b\" c""#, false),
            (r#"submissionTime eq "1970-01-01T00:00:01Z""#, true),
            (r#"submissionTime le "1970-01-01T01:00:01.000+01:00""#, true),
            (r#"submissionTime lt "1970-01-01T00:01Z""#, true),
            ("completedTime eq null", true),
            ("requestId ne null", true),
            ("requestId gt -1", true),
            ("isTimedOut eq true", false),
        ] {
            assert_eq!(fits(text), Ok(wanted), "{text}");
        }
        for text in [
            r#"submitter eq "a \x""#,
            r#"submitter eq "a"#,
            "requestId eq 101.5",
            "requestId eq 0101",
            "requestId gt null",
            r#"submissionTime gt "1970-01-01""#,
            r#"submissionTime gt "1970-01-01T00:00:01""#,
        ] {
            assert!(fits(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let nested =
            |depth: usize| format!("{}requestId pr{}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(fits(&nested(64)), Ok(true));
        assert!(fits(&nested(65)).is_err());
    }
}
