//! The conditions of a rule in one cell: `account = 6000 and class in (CL-RND, "")`, or `always`.
//!
//! Operators: `=` (eq), `<>` (ne), `in (…)` and `not in (…)`. Anything but letters, digits and `. _ - / : + & %` stands in quotation marks,
//! escaped as in JSON. Reading gives back the very operators and order that were written, so a version keeps its bytes.

use tieout_engine::crosswalk::Json;

use crate::cell::quoted;

const ALWAYS: &str = "always";
const WORDS: [&str; 4] = ["and", "in", "not", ALWAYS];

/// The cell of a rule's `when`; `None` if it is not in the form of a version.
pub(crate) fn written(when: &Json) -> Option<String> {
    let Json::List(conditions) = when else {
        return None;
    };
    if conditions.is_empty() {
        return Some(ALWAYS.to_owned());
    }
    let texts: Option<Vec<String>> = conditions.iter().map(one_written).collect();
    Some(texts?.join(" and "))
}

fn one_written(condition: &Json) -> Option<String> {
    let Json::List(parts) = condition else {
        return None;
    };
    let [Json::Text(attribute), Json::Text(operator), value] = &parts[..] else {
        return None;
    };
    let attribute = bare(attribute);
    let list = |values: &Vec<Json>| {
        let words: Option<Vec<String>> = values.iter().map(text).collect();
        Some(words?.join(", "))
    };
    match (operator.as_str(), value) {
        ("eq", Json::Text(value)) => Some(format!("{attribute} = {}", bare(value))),
        ("ne", Json::Text(value)) => Some(format!("{attribute} <> {}", bare(value))),
        ("in", Json::List(values)) => Some(format!("{attribute} in ({})", list(values)?)),
        ("not_in", Json::List(values)) => Some(format!("{attribute} not in ({})", list(values)?)),
        _ => None,
    }
}

fn text(value: &Json) -> Option<String> {
    match value {
        Json::Text(text) => Some(bare(text)),
        Json::Null | Json::Bool(_) | Json::Integer(_) | Json::List(_) | Json::Object(_) => None,
    }
}

fn is_bare(character: char) -> bool {
    character.is_alphanumeric() || "._-/:+&%".contains(character)
}

fn bare(word: &str) -> String {
    let is_word = WORDS.iter().any(|kept| word.eq_ignore_ascii_case(kept));
    if word.is_empty() || is_word || !word.chars().all(is_bare) {
        quoted(word)
    } else {
        word.to_owned()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(String),
    Sign(&'static str),
}

impl Token {
    fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own.eq_ignore_ascii_case(word))
    }

    fn words(&self) -> String {
        match self {
            Self::Word(word) => word.clone(),
            Self::Quoted(text) => quoted(text),
            Self::Sign(sign) => (*sign).to_owned(),
        }
    }
}

/// The `when` of a cell, or what is wrong with it.
pub(crate) fn parsed(cell: &str) -> Result<Json, String> {
    let tokens = tokens(cell)?;
    if let [token] = &tokens[..]
        && token.is_word(ALWAYS)
    {
        return Ok(Json::List(Vec::new()));
    }
    let mut reader = Reader {
        tokens: &tokens,
        at: 0,
    };
    let mut conditions = vec![reader.condition()?];
    while let Some(token) = reader.next() {
        if !token.is_word("and") {
            return Err(format!("\"and\" is expected before {}", token.words()));
        }
        conditions.push(reader.condition()?);
    }
    Ok(Json::List(conditions))
}

fn tokens(cell: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = cell.trim_start();
    while let Some(first) = rest.chars().next() {
        let sign = ["<>", "!=", "=", "(", ")", ","];
        let (token, length) = if first == '"' {
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<String>();
            let text = values.next().and_then(Result::ok);
            let text = text.ok_or_else(|| format!("the quotation mark in {rest} is not closed"))?;
            (Token::Quoted(text), values.byte_offset())
        } else if let Some(sign) = sign.into_iter().find(|sign| rest.starts_with(sign)) {
            let same = if sign == "!=" { "<>" } else { sign };
            (Token::Sign(same), sign.len())
        } else {
            let end = rest.find(|c: char| !is_bare(c)).unwrap_or(rest.len());
            if end == 0 {
                return Err(format!(
                    "{first:?} must stand in quotation marks together with its word"
                ));
            }
            let (word, _) = rest.split_at(end);
            (Token::Word(word.to_owned()), end)
        };
        found.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(found)
}

struct Reader<'t> {
    tokens: &'t [Token],
    at: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Option<&'t Token> {
        let token = self.tokens.get(self.at)?;
        self.at = self.at.saturating_add(1);
        Some(token)
    }

    fn value(&mut self, of: &str) -> Result<Json, String> {
        match self.next() {
            Some(Token::Word(text)) if WORDS.iter().any(|kept| text.eq_ignore_ascii_case(kept)) => {
                Err(format!("{of} is expected before {text:?}"))
            }
            Some(Token::Word(text) | Token::Quoted(text)) => Ok(Json::text(text)),
            Some(Token::Sign(sign)) => Err(format!("{of} is expected before {sign:?}")),
            None => Err(format!("{of} is missing at the end")),
        }
    }

    fn condition(&mut self) -> Result<Json, String> {
        let attribute = self.value("an attribute")?;
        let operator = match self.next() {
            Some(Token::Sign("=")) => "eq",
            Some(Token::Sign("<>")) => "ne",
            Some(token) if token.is_word("in") => "in",
            Some(token) if token.is_word("not") => match self.next() {
                Some(token) if token.is_word("in") => "not_in",
                Some(_) | None => return Err("\"in\" is expected after \"not\"".to_owned()),
            },
            Some(token) => {
                return Err(format!(
                    "=, <>, in or not in is expected instead of {}",
                    token.words()
                ));
            }
            None => return Err("=, <>, in or not in is missing at the end".to_owned()),
        };
        let value = if operator == "eq" || operator == "ne" {
            self.value("a value")?
        } else {
            Json::List(self.list()?)
        };
        Ok(Json::List(vec![attribute, Json::text(operator), value]))
    }

    fn list(&mut self) -> Result<Vec<Json>, String> {
        if self.next() != Some(&Token::Sign("(")) {
            return Err("a list in parentheses is expected after \"in\"".to_owned());
        }
        if self.tokens.get(self.at) == Some(&Token::Sign(")")) {
            self.at = self.at.saturating_add(1);
            return Ok(Vec::new());
        }
        let mut values = vec![self.value("a value")?];
        loop {
            match self.next() {
                Some(Token::Sign(",")) => values.push(self.value("a value")?),
                Some(Token::Sign(")")) => return Ok(values),
                Some(other) => {
                    return Err(format!("a comma or ) is expected before {}", other.words()));
                }
                None => return Err("the list is not closed by )".to_owned()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tieout_engine::crosswalk::Json;

    use super::{parsed, written};

    fn back(when: &str) -> String {
        let json = Json::parse(when.as_bytes()).unwrap();
        let cell = written(&json).unwrap();
        assert_eq!(parsed(&cell).unwrap(), json, "{cell}");
        cell
    }

    #[test]
    fn conditions_come_back_with_operator_and_order() {
        assert_eq!(back("[]"), "always");
        assert_eq!(
            back(r#"[["account","eq","6000"],["class","in",["CL-RND"]],["item","ne",""]]"#),
            r#"account = 6000 and class in (CL-RND) and item <> """#
        );
        back(r#"[["a b","not_in",["and","x,y","\"","(", "ü-1", "always", "in", "1 000"]]]"#);
        back(r#"[["account","in",[]]]"#);
    }

    #[test]
    fn mistakes_are_named() {
        for (cell, words) in [
            ("", "an attribute is missing"),
            ("account", "is missing at the end"),
            ("account = ", "a value is missing"),
            ("account in 6000", "a list in parentheses"),
            ("account in (6000", "not closed"),
            ("account in (6000 6010)", "a comma or )"),
            (
                "account = 6000 or class = X",
                "\"and\" is expected before or",
            ),
            (
                "account = 6000 class = X",
                "\"and\" is expected before class",
            ),
            ("account = \"6000", "not closed"),
            ("account # 6000", "must stand in quotation marks"),
            ("account not 6000", "\"in\" is expected after"),
        ] {
            let fault = parsed(cell).unwrap_err();
            assert!(fault.contains(words), "{cell}: {fault}");
        }
    }
}
