//! Query parameters of a request (fusion.md §1.4).

use crate::fusion::fault::Fault;

use super::text::unpercent;

/// The parameters the framework knows.
#[derive(Debug, Default, Clone)]
pub(crate) struct Query {
    pub q: Option<String>,
    pub finder: Option<String>,
    pub fields: Option<String>,
    pub expand: Option<String>,
    pub only_data: bool,
    pub order_by: Option<String>,
    pub limit: Option<usize>,
    pub offset: usize,
    pub total_results: bool,
    pub links: Option<String>,
    /// Of the scheduler only.
    pub exclude_fields: Option<String>,
    /// `id`, of the scheduler only.
    pub ids: Option<String>,
}

impl Query {
    /// Reads a raw query string.
    pub(crate) fn parse(raw: &str) -> Result<Self, Fault> {
        let mut query = Self::default();
        for pair in raw.split('&').filter(|p| !p.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let broken = || {
                Fault::bad(
                    format!("The URL parameter {name} isn't properly encoded."),
                    "/",
                )
            };
            let value = unpercent(value, true).ok_or_else(broken)?;
            let number = || {
                value.parse::<usize>().map_err(|_| {
                    Fault::bad(
                        format!("URL request parameter {name} with value {value} is not valid."),
                        "/",
                    )
                })
            };
            match name {
                "q" => query.q = Some(value),
                "finder" => query.finder = Some(value),
                "fields" => query.fields = Some(value),
                "expand" => query.expand = Some(value),
                "onlyData" => query.only_data = value == "true",
                "orderBy" => query.order_by = Some(value),
                "limit" => query.limit = Some(number()?),
                "offset" => query.offset = number()?,
                "totalResults" => query.total_results = value == "true",
                "links" => query.links = Some(value),
                "excludeFields" => query.exclude_fields = Some(value),
                "id" => query.ids = Some(value),
                "dependency" | "effectiveDate" => {
                    return Err(Fault::bad(
                        format!("The URL parameter {name} isn't supported by this resource."),
                        "/",
                    ));
                }
                _ => {}
            }
        }
        if query.limit == Some(0) {
            return Err(Fault::bad(
                "URL request parameter limit with value 0 is not valid.",
                "/",
            ));
        }
        Ok(query)
    }
}

/// The decoded segments of a path.
pub(crate) fn path_parts(path: &str) -> Result<Vec<String>, Fault> {
    let parts = path
        .trim_matches('/')
        .split('/')
        .map(|p| unpercent(p, false));
    parts
        .collect::<Option<Vec<String>>>()
        .ok_or_else(Fault::not_found)
}

/// A finder: its name and its variables.
pub(crate) fn finder(text: &str) -> Result<(String, Vec<(String, String)>), Fault> {
    let (name, rest) = text.split_once(';').unwrap_or((text, ""));
    let mut variables = Vec::new();
    for part in split_outside_quotes(rest, ',') {
        if part.trim().is_empty() {
            continue;
        }
        let wrong = || {
            Fault::bad(
                format!("The finder {name} has a variable without a value: {part}."),
                "/",
            )
        };
        let (key, value) = part.split_once('=').ok_or_else(wrong)?;
        let value = value.trim();
        let bare = value
            .strip_prefix(['\'', '"'])
            .and_then(|v| v.strip_suffix(['\'', '"']))
            .unwrap_or(value);
        variables.push((key.trim().to_owned(), bare.to_owned()));
    }
    Ok((name.trim().to_owned(), variables))
}

/// Splits at a separator that stands outside quotes.
pub(crate) fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quote) = (0, None);
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '\'' || c == '"' => quote = Some(c),
            None if c == separator => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            None => {}
        }
    }
    parts.push(&text[start..]);
    parts
}
