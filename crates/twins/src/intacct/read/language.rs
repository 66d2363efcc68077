//! The little language of `readByQuery` (intacct-xml.md §2.2 [D][V]): comparisons, `like`, `in`, `is null`, `and`, `or`, `not`, `rownum`.
//!
//! There is no `ORDER BY`; text quoted with apostrophes, an apostrophe inside as `\'`.

mod made;

use super::query::keys;
use super::{Spelling, field};
use crate::intacct::books::Books;
use crate::intacct::books::schema::TableId;
use crate::intacct::fault::Fault;
use crate::intacct::filter::{Filter, Operator, Test};

pub(in crate::intacct) use made::Made;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(String),
}

/// What a text means, whatever object it is about.
#[derive(Debug, Clone)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Compare {
        field: String,
        operator: Operator,
        values: Vec<String>,
    },
}

/// A condition, and the most rows it asks for (`rownum < 11`).
#[derive(Debug)]
pub(in crate::intacct) struct Condition {
    pub(in crate::intacct) filter: Filter,
    pub(in crate::intacct) limit: Option<usize>,
}

/// Parses a condition on an object. Empty text holds for every row.
///
/// # Errors
/// DL02000001 naming the place where the text stops making sense.
pub(in crate::intacct) fn parse(
    books: &Books,
    id: TableId,
    text: &str,
) -> Result<Condition, Fault> {
    let (node, limit) = tree(text)?;
    let filter = match &node {
        Some(node) => lowered(books, id, node)?,
        None => Filter::all(),
    };
    Ok(Condition { filter, limit })
}

/// The tree a text means, none for an empty one, and the most rows it asks for.
fn tree(text: &str) -> Result<(Option<Node>, Option<usize>), Fault> {
    let mut parser = Parser {
        tokens: scan(text)?,
        at: 0,
        limit: None,
        depth: 0,
    };
    if parser.tokens.is_empty() {
        return Ok((None, None));
    }
    let node = parser.any()?;
    match parser.tokens.get(parser.at) {
        None => Ok((Some(node), parser.limit)),
        Some(left) => Err(Fault::processing(&format!(
            "query does not understand {left:?}."
        ))),
    }
}

/// The filter a tree means for a stored object.
fn lowered(books: &Books, id: TableId, node: &Node) -> Result<Filter, Fault> {
    let all = |parts: &[Node]| {
        parts
            .iter()
            .map(|p| lowered(books, id, p))
            .collect::<Result<Vec<Filter>, Fault>>()
    };
    Ok(match node {
        Node::All(parts) => Filter::And(all(parts)?),
        Node::Any(parts) => Filter::Or(all(parts)?),
        Node::Not(part) => lowered(books, id, part)?.negated(),
        Node::Compare {
            field: name,
            operator,
            values,
        } => {
            let name = if books.kind_of(id, name).is_some() {
                name.clone()
            } else {
                name.to_uppercase()
            };
            field(books, id, &name)?;
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let keys = keys(books, id, &name, *operator, &values, Spelling::Code)?;
            Filter::Test(Test::new(books, id, &name, *operator, keys, false))
        }
    })
}

fn scan(text: &str) -> Result<Vec<Token>, Fault> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = chars.get(at).copied() {
        if c.is_whitespace() {
            at += 1;
        } else if c == '\'' || c == '"' {
            let mut word = String::new();
            at += 1;
            loop {
                match chars.get(at).copied() {
                    Some('\\') if chars.get(at + 1).is_some() => {
                        word.push(chars[at + 1]);
                        at += 2;
                    }
                    Some(end) if end == c => break,
                    Some(other) => {
                        word.push(other);
                        at += 1;
                    }
                    None => return Err(Fault::processing("query has an open quotation.")),
                }
            }
            at += 1;
            tokens.push(Token::Text(word));
        } else if c.is_alphanumeric() || c == '_' || c == '-' || c == '.' {
            let start = at;
            while chars
                .get(at)
                .is_some_and(|c| c.is_alphanumeric() || "_-./:".contains(*c))
            {
                at += 1;
            }
            tokens.push(Token::Word(chars[start..at].iter().collect()));
        } else {
            let two: String = chars.iter().skip(at).take(2).collect();
            let sign = if ["<=", ">=", "!=", "<>"].contains(&two.as_str()) {
                two
            } else {
                c.to_string()
            };
            if !["<=", ">=", "!=", "<>", "<", ">", "=", "(", ")", ","].contains(&sign.as_str()) {
                return Err(Fault::processing(&format!(
                    "query does not understand {sign:?}."
                )));
            }
            at += sign.len();
            tokens.push(Token::Sign(sign));
        }
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    limit: Option<usize>,
    depth: usize,
}

impl Parser {
    fn word(&mut self, wanted: &str) -> bool {
        let hit = matches!(self.tokens.get(self.at), Some(Token::Word(w)) if w.eq_ignore_ascii_case(wanted));
        self.at += usize::from(hit);
        hit
    }

    fn sign(&mut self, wanted: &str) -> bool {
        let hit = matches!(self.tokens.get(self.at), Some(Token::Sign(s)) if s == wanted);
        self.at += usize::from(hit);
        hit
    }

    fn next(&mut self) -> Result<Token, Fault> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token.ok_or_else(|| Fault::processing("query ends too early."))
    }

    fn any(&mut self) -> Result<Node, Fault> {
        let mut parts = vec![self.every()?];
        while self.word("or") {
            parts.push(self.every()?);
        }
        Ok(if parts.len() == 1 {
            parts.remove(0)
        } else {
            Node::Any(parts)
        })
    }

    fn every(&mut self) -> Result<Node, Fault> {
        let mut parts = vec![self.one()?];
        while self.word("and") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 {
            parts.remove(0)
        } else {
            Node::All(parts)
        })
    }

    fn one(&mut self) -> Result<Node, Fault> {
        self.depth += 1;
        if self.depth > 64 {
            return Err(Fault::processing("query nests too deep."));
        }
        let made = if self.word("not") {
            Node::Not(Box::new(self.one()?))
        } else if self.sign("(") {
            let inner = self.any()?;
            if !self.sign(")") {
                return Err(Fault::processing("query misses a closing parenthesis."));
            }
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(made)
    }

    fn comparison(&mut self) -> Result<Node, Fault> {
        let name = match self.next()? {
            Token::Word(name) => name,
            other @ (Token::Text(_) | Token::Sign(_)) => {
                return Err(Fault::processing(&format!(
                    "query expects a field, not {other:?}."
                )));
            }
        };
        if name.eq_ignore_ascii_case("rownum") {
            return self.rownum();
        }
        if self.word("is") {
            let operator = if self.word("not") {
                Operator::NotNull
            } else {
                Operator::Null
            };
            if !self.word("null") {
                return Err(Fault::processing("query expects null after is."));
            }
            return Ok(compare(name, operator, Vec::new()));
        }
        let negated = self.word("not");
        if self.word("like") {
            let value = self.value()?;
            let operator = if negated {
                Operator::NotLike
            } else {
                Operator::Like
            };
            return Ok(compare(name, operator, vec![value]));
        }
        if self.word("in") {
            let values = self.list()?;
            let operator = if negated {
                Operator::NotIn
            } else {
                Operator::In
            };
            return Ok(compare(name, operator, values));
        }
        let operator = self.operator(negated)?;
        let value = self.value()?;
        Ok(compare(name, operator, vec![value]))
    }

    fn operator(&mut self, negated: bool) -> Result<Operator, Fault> {
        let token = self.next()?;
        let sign = match &token {
            Token::Sign(sign) if !negated => sign.as_str(),
            Token::Sign(_) | Token::Word(_) | Token::Text(_) => "",
        };
        Ok(match sign {
            "=" => Operator::Equal,
            "!=" | "<>" => Operator::NotEqual,
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            _ => {
                let what = format!("query expects an operator, not {token:?}.");
                return Err(Fault::processing(&what));
            }
        })
    }

    fn rownum(&mut self) -> Result<Node, Fault> {
        let under = self.sign("<");
        if !under && !self.sign("<=") {
            return Err(Fault::processing("rownum takes < or <=."));
        }
        let text = self.value()?;
        let number: usize = text
            .parse()
            .map_err(|_| Fault::processing(&format!("rownum: {text:?} is not a number.")))?;
        self.limit = Some(if under {
            number.saturating_sub(1)
        } else {
            number
        });
        Ok(Node::All(Vec::new()))
    }

    fn value(&mut self) -> Result<String, Fault> {
        match self.next()? {
            Token::Word(text) | Token::Text(text) => Ok(text),
            other @ Token::Sign(_) => Err(Fault::processing(&format!(
                "query expects a value, not {other:?}."
            ))),
        }
    }

    fn list(&mut self) -> Result<Vec<String>, Fault> {
        if !self.sign("(") {
            return Err(Fault::processing("in expects a list in parentheses."));
        }
        let mut values = vec![self.value()?];
        while self.sign(",") {
            values.push(self.value()?);
        }
        if !self.sign(")") {
            return Err(Fault::processing("query misses a closing parenthesis."));
        }
        Ok(values)
    }
}

fn compare(field: String, operator: Operator, values: Vec<String>) -> Node {
    Node::Compare {
        field,
        operator,
        values,
    }
}
