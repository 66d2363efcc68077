//! The two grammars of `q` (fusion.md §1.2, §1.4): query-by-example for framework version 1, row-match expressions from version 2.

use super::query::split_outside_quotes;

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Like,
    NotLike,
    In,
    NotIn,
    Between,
    IsNull,
    IsNotNull,
}

/// A parsed condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
    /// Attribute path (`invoiceLines.LineType`), whether under `upper()`, operator and literals.
    Compare {
        path: String,
        upper: bool,
        operator: Operator,
        values: Vec<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Literal(String),
    Operator(Operator),
    Open,
    Close,
    Comma,
}

/// Parses version-1 query-by-example: terms joined by `;`.
pub(crate) fn parse_example(text: &str) -> Result<Expression, String> {
    let mut terms = Vec::new();
    for term in split_outside_quotes(text, ';') {
        let term = term.trim();
        if !term.is_empty() {
            terms.push(example_term(term)?);
        }
    }
    if terms.is_empty() {
        Err("an expression is missing".into())
    } else {
        Ok(Expression::And(terms))
    }
}

fn example_term(term: &str) -> Result<Expression, String> {
    let end = term
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
        .unwrap_or(term.len());
    let path = term[..end].to_owned();
    let rest = term[end..].trim_start();
    let symbols = [
        (">=", Operator::GreaterEqual),
        ("<=", Operator::LessEqual),
        ("!=", Operator::Unequal),
        ("<>", Operator::Unequal),
        ("=", Operator::Equal),
        (">", Operator::Greater),
        ("<", Operator::Less),
    ];
    let found = symbols
        .into_iter()
        .find_map(|(s, o)| rest.strip_prefix(s).map(|v| (o, v)));
    let word = || {
        let lower = rest.to_ascii_lowercase();
        lower
            .starts_with("like ")
            .then(|| (Operator::Like, &rest[5..]))
    };
    let (operator, value) = found
        .or_else(word)
        .ok_or_else(|| format!("no operator after {path}"))?;
    if path.is_empty() {
        return Err(format!("no attribute in {term}"));
    }
    let value = value.trim();
    let literal = match value.chars().next() {
        Some(quote @ ('\'' | '"')) => {
            let (literal, length) = quoted(value, quote)?;
            if length != value.len() {
                return Err(format!("unexpected text after the value of {path}"));
            }
            literal
        }
        _ => value.to_owned(),
    };
    Ok(Expression::Compare {
        path,
        upper: false,
        operator,
        values: vec![literal],
    })
}

/// A quoted literal at the start of `text` and the bytes it takes; a doubled quote stands for one.
fn quoted(text: &str, quote: char) -> Result<(String, usize), String> {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            out.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == quote) {
            out.push(quote);
            chars.next();
        } else {
            return Ok((out, at + 1));
        }
    }
    Err("a quoted value isn't closed".into())
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let symbol = [
            (">=", Operator::GreaterEqual),
            ("<=", Operator::LessEqual),
            ("!=", Operator::Unequal),
            ("<>", Operator::Unequal),
            ("=", Operator::Equal),
            (">", Operator::Greater),
            ("<", Operator::Less),
        ]
        .into_iter()
        .find(|(s, _)| rest.starts_with(s));
        if c.is_whitespace() {
            at += c.len_utf8();
        } else if let Some((s, operator)) = symbol {
            out.push(Token::Operator(operator));
            at += s.len();
        } else if c == '\'' || c == '"' {
            let (literal, length) = quoted(rest, c)?;
            out.push(Token::Literal(literal));
            at += length;
        } else if let Some(token) = [('(', Token::Open), (')', Token::Close), (',', Token::Comma)]
            .into_iter()
            .find(|(s, _)| *s == c)
        {
            out.push(token.1);
            at += 1;
        } else if c.is_alphanumeric() || "_-+.".contains(c) {
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || "_-+.:".contains(c)))
                .unwrap_or(rest.len());
            out.push(Token::Word(rest[..end].to_owned()));
            at += end;
        } else {
            return Err(format!("unexpected {c:?}"));
        }
    }
    Ok(out)
}

/// Parses a version-2 row-match expression.
pub(crate) fn parse_row_match(text: &str) -> Result<Expression, String> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
    };
    let expression = parser.either()?;
    match parser.peek() {
        None => Ok(expression),
        Some(token) => Err(format!("unexpected {token:?}")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn keyword(&mut self, word: &str) -> bool {
        let hit = matches!(self.peek(), Some(Token::Word(w)) if w.eq_ignore_ascii_case(word));
        self.at += usize::from(hit);
        hit
    }

    fn take(&mut self, token: &Token) -> bool {
        let hit = self.peek() == Some(token);
        self.at += usize::from(hit);
        hit
    }

    fn either(&mut self) -> Result<Expression, String> {
        let mut terms = vec![self.both()?];
        while self.keyword("or") {
            terms.push(self.both()?);
        }
        Ok(if terms.len() == 1 {
            terms.remove(0)
        } else {
            Expression::Or(terms)
        })
    }

    fn both(&mut self) -> Result<Expression, String> {
        let mut terms = vec![self.term()?];
        while self.keyword("and") {
            terms.push(self.term()?);
        }
        Ok(if terms.len() == 1 {
            terms.remove(0)
        } else {
            Expression::And(terms)
        })
    }

    fn term(&mut self) -> Result<Expression, String> {
        if self.keyword("not") {
            return Ok(Expression::Not(Box::new(self.term()?)));
        }
        if self.take(&Token::Open) {
            self.depth += 1;
            if self.depth > 64 {
                return Err("too many parentheses".into());
            }
            let inner = self.either()?;
            self.depth -= 1;
            return if self.take(&Token::Close) {
                Ok(inner)
            } else {
                Err("a parenthesis isn't closed".into())
            };
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expression, String> {
        let Some(Token::Word(mut path)) = self.next() else {
            return Err("an attribute is missing".into());
        };
        let upper = path.eq_ignore_ascii_case("upper") && self.take(&Token::Open);
        if upper {
            let Some(Token::Word(inner)) = self.next() else {
                return Err("an attribute is missing".into());
            };
            path = inner;
            if !self.take(&Token::Close) {
                return Err("a parenthesis isn't closed".into());
            }
        }
        let (operator, values) = self.operation()?;
        Ok(Expression::Compare {
            path,
            upper,
            operator,
            values,
        })
    }

    fn operation(&mut self) -> Result<(Operator, Vec<String>), String> {
        if let Some(Token::Operator(operator)) = self.peek() {
            let operator = *operator;
            self.at += 1;
            return Ok((operator, vec![self.value()?]));
        }
        if self.keyword("is") {
            let operator = if self.keyword("not") {
                Operator::IsNotNull
            } else {
                Operator::IsNull
            };
            return if self.keyword("null") {
                Ok((operator, Vec::new()))
            } else {
                Err("null is missing after is".into())
            };
        }
        let negated = self.keyword("not");
        if self.keyword("like") {
            return Ok((
                if negated {
                    Operator::NotLike
                } else {
                    Operator::Like
                },
                vec![self.value()?],
            ));
        }
        if self.keyword("in") {
            if !self.take(&Token::Open) {
                return Err("a parenthesis is missing after in".into());
            }
            let mut values = vec![self.value()?];
            while self.take(&Token::Comma) {
                values.push(self.value()?);
            }
            let operator = if negated {
                Operator::NotIn
            } else {
                Operator::In
            };
            return if self.take(&Token::Close) {
                Ok((operator, values))
            } else {
                Err("a parenthesis isn't closed".into())
            };
        }
        if !negated && self.keyword("between") {
            let from = self.value()?;
            return if self.keyword("and") {
                Ok((Operator::Between, vec![from, self.value()?]))
            } else {
                Err("and is missing".into())
            };
        }
        Err("an operator is missing".into())
    }

    fn value(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Literal(text)) => Ok(text),
            Some(Token::Word(word)) if is_bare_value(&word) => Ok(word),
            Some(Token::Word(word)) => Err(format!("the value {word} must be quoted")),
            _ => Err("a value is missing".into()),
        }
    }
}

fn is_bare_value(word: &str) -> bool {
    word == "true" || word == "false" || crate::fusion::amount::scan(word).is_ok()
}

/// True if `text` fits a pattern with `*` or `%` for any run of characters.
pub(crate) fn like(text: &str, pattern: &str) -> bool {
    let parts: Vec<&str> = pattern.split(['*', '%']).collect();
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
        return false;
    };
    if parts.len() == 1 {
        return text == pattern;
    }
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    for part in &parts[1..parts.len() - 1] {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::{Expression, Operator, like, parse_example, parse_row_match};

    #[test]
    fn wildcards() {
        assert!(like("SYNC-000123 Sage", "SYNC-000123%"));
        assert!(like("ACME Ltd", "*ME*"));
        assert!(like("abcabc", "a*c"));
        assert!(!like("abc", "b*"));
        assert!(like("abc", "abc") && !like("abcd", "abc"));
    }

    #[test]
    fn example_grammar() {
        let parsed =
            parse_example("InvoiceNumber='SI;88' ; Supplier LIKE 'ACME*';BusinessUnit = US1 Unit")
                .unwrap();
        let Expression::And(terms) = parsed else {
            panic!()
        };
        let values: Vec<String> = terms
            .into_iter()
            .map(|t| match t {
                Expression::Compare { values, .. } => values[0].clone(),
                Expression::And(_) | Expression::Or(_) | Expression::Not(_) => panic!(),
            })
            .collect();
        assert_eq!(values, ["SI;88", "ACME*", "US1 Unit"]);
        assert!(parse_example("A='x' and B='y'").is_err());
        assert!(parse_example("nothing").is_err());
    }

    #[test]
    fn row_match_grammar() {
        let parsed = parse_row_match(
            "(A='O''Brien' or B in ('1', \"2\")) and not C between 1 and 9 and upper(D) like 'X%' and E is not null",
        );
        let Ok(Expression::And(terms)) = parsed else {
            panic!()
        };
        assert_eq!(terms.len(), 4);
        let Expression::Or(first) = &terms[0] else {
            panic!()
        };
        let wanted = Expression::Compare {
            path: "A".into(),
            upper: false,
            operator: Operator::Equal,
            values: vec!["O'Brien".into()],
        };
        assert_eq!(first[0], wanted);
        for wrong in [
            "A=",
            "A='x",
            "A='x' and",
            "(A=1",
            "A=bare",
            "A='x';B='y'",
            "A in ()",
            "= 'x'",
            "",
        ] {
            assert!(parse_row_match(wrong).is_err(), "{wrong}");
        }
    }
}
