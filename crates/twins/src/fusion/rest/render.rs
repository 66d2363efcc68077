//! Writes items, collections and errors as JSON text (fusion.md §1.4, §1.9).

use super::cell::{at, to};
use super::query::Query;
use super::schema::{self, Kind, Row};
use super::text::{percent, push_name, push_string};
use super::{Call, ERROR};
use crate::fusion::FusionTwin;
use crate::fusion::fault::Fault;

/// Which attributes and children to write.
#[derive(Debug, Clone, Default)]
pub(super) struct Selection {
    /// All attributes if `None`.
    attributes: Option<Vec<&'static str>>,
    children: Vec<(Kind, Selection)>,
}

impl Selection {
    /// The selection of `fields` or `expand`; `fields` wins (fusion.md §1.4 [D]).
    pub(super) fn of(kind: Kind, query: &Query) -> Result<Self, Fault> {
        match (&query.fields, &query.expand) {
            (Some(fields), _) if !fields.trim().is_empty() => Self::fields(kind, fields),
            (_, Some(expand)) => Self::expand(kind, expand),
            _ => Ok(Self::default()),
        }
    }

    /// All attributes and these children.
    pub(super) fn with(kind: Kind, children: &[&str]) -> Result<Self, Fault> {
        Self::expand(kind, &children.join(","))
    }

    fn fields(kind: Kind, text: &str) -> Result<Self, Fault> {
        let mut root = Self {
            attributes: Some(Vec::new()),
            children: Vec::new(),
        };
        for group in text.split(';').map(str::trim).filter(|g| !g.is_empty()) {
            let (path, names) = group.split_once(':').unwrap_or(("", group));
            let (kind, place) = root.descend(kind, path, true)?;
            for name in names.split(',').map(str::trim).filter(|n| !n.is_empty()) {
                let (name, _) = schema::of(kind).attribute(name).ok_or_else(|| {
                    Fault::bad(
                        format!("URL request parameter fields with value {name} is not valid."),
                        "/",
                    )
                })?;
                place.attributes.get_or_insert_default().push(name);
            }
        }
        Ok(root)
    }

    fn expand(kind: Kind, text: &str) -> Result<Self, Fault> {
        let mut root = Self::default();
        for path in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            if path == "all" {
                for child in schema::of(kind).children {
                    root.descend(kind, schema::of(*child).name, false)?;
                }
            } else {
                root.descend(kind, path, false)?;
            }
        }
        Ok(root)
    }

    fn descend(&mut self, kind: Kind, path: &str, bare: bool) -> Result<(Kind, &mut Self), Fault> {
        let (mut kind, mut place) = (kind, self);
        for accessor in path.split('.').filter(|p| !p.is_empty()) {
            let wrong = || Fault::bad(format!("The child resource {accessor} doesn't exist."), "/");
            let child = schema::of(kind).child(accessor).ok_or_else(wrong)?;
            let found = place.children.iter().position(|(k, _)| *k == child);
            let index = found.unwrap_or_else(|| {
                let attributes = bare.then(Vec::new);
                place.children.push((
                    child,
                    Self {
                        attributes,
                        children: Vec::new(),
                    },
                ));
                place.children.len() - 1
            });
            kind = child;
            place = &mut place.children[index].1;
        }
        Ok((kind, place))
    }
}

/// A page of rows with what the envelope says about it.
pub(super) struct Page {
    pub rows: Vec<Row>,
    pub limit: usize,
    pub offset: usize,
    pub more: bool,
    pub total: Option<usize>,
}

impl FusionTwin {
    /// Writes an item.
    pub(super) fn push_item(
        &self,
        out: &mut String,
        call: &Call<'_>,
        row: Row,
        path: &str,
        selection: &Selection,
    ) {
        let schema = schema::of(row.kind);
        out.push('{');
        match &selection.attributes {
            Some(names) => {
                for name in names {
                    push_name(out, name);
                    self.cell(row, name).push_json(out, call.version);
                }
            }
            None => {
                for (name, _) in schema.attributes {
                    push_name(out, name);
                    self.cell(row, name).push_json(out, call.version);
                }
            }
        }
        for (kind, inner) in &selection.children {
            self.push_children(out, call, row, *kind, path, inner);
        }
        if !call.query.only_data {
            push_item_links(out, call, row.kind, path);
        }
        out.push('}');
    }

    fn push_children(
        &self,
        out: &mut String,
        call: &Call<'_>,
        row: Row,
        kind: Kind,
        path: &str,
        selection: &Selection,
    ) {
        let name = schema::of(kind).name;
        let path = format!("{path}/child/{name}");
        let mut rows = self.children(row, kind);
        let all = rows.len();
        rows.truncate(self.options.child_page);
        let more = rows.len() < all;
        push_name(out, name);
        if call.version < 3 {
            self.push_array(out, call, &rows, &path, selection);
            return;
        }
        let page = Page {
            rows,
            limit: self.options.child_page,
            offset: 0,
            more,
            total: None,
        };
        self.push_envelope(out, call, kind, &page, &path, selection);
    }

    fn push_array(
        &self,
        out: &mut String,
        call: &Call<'_>,
        rows: &[Row],
        path: &str,
        selection: &Selection,
    ) {
        out.push('[');
        for (place, row) in rows.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            if call.query.only_data && selection.children.is_empty() {
                self.push_item(out, call, *row, "", selection);
            } else {
                let path = format!("{path}/{}", percent(&self.key_of(*row)));
                self.push_item(out, call, *row, &path, selection);
            }
        }
        out.push(']');
    }

    /// Writes a collection with its envelope.
    pub(super) fn push_envelope(
        &self,
        out: &mut String,
        call: &Call<'_>,
        kind: Kind,
        page: &Page,
        path: &str,
        selection: &Selection,
    ) {
        out.push_str("{\"items\":");
        self.push_array(out, call, &page.rows, path, selection);
        out.push_str(&format!(
            ",\"count\":{},\"hasMore\":{}",
            page.rows.len(),
            page.more
        ));
        out.push_str(&format!(
            ",\"limit\":{},\"offset\":{}",
            page.limit, page.offset
        ));
        if let Some(total) = page.total {
            out.push_str(&format!(",\"totalResults\":{total}"));
        }
        out.push_str(",\"links\":[");
        push_link(
            out,
            "self",
            call.origin,
            path,
            schema::of(kind).name,
            "collection",
        );
        out.push_str("]}");
    }
}

fn push_link(out: &mut String, relation: &str, origin: &str, path: &str, name: &str, kind: &str) {
    out.push_str("{\"rel\":\"");
    out.push_str(relation);
    out.push_str("\",\"href\":");
    push_string(out, &format!("{origin}{path}"));
    out.push_str(",\"name\":\"");
    out.push_str(name);
    out.push_str("\",\"kind\":\"");
    out.push_str(kind);
    out.push_str("\"}");
}

fn push_item_links(out: &mut String, call: &Call<'_>, kind: Kind, path: &str) {
    let schema = schema::of(kind);
    let wanted = |relation: &str| {
        call.query
            .links
            .as_deref()
            .is_none_or(|l| l.split(',').any(|r| r.trim() == relation))
    };
    push_name(out, "links");
    out.push('[');
    let mut first = true;
    let mut separate = |out: &mut String| {
        if !first {
            out.push(',');
        }
        first = false;
    };
    for relation in ["self", "canonical"] {
        if wanted(relation) {
            separate(out);
            push_link(out, relation, call.origin, path, schema.name, "item");
        }
    }
    for child in schema.children {
        if wanted("child") {
            separate(out);
            let name = schema::of(*child).name;
            push_link(
                out,
                "child",
                call.origin,
                &format!("{path}/child/{name}"),
                name,
                "collection",
            );
        }
    }
    out.push(']');
}

/// Media type and body of an error by framework version (fusion.md §1.9): plain text before 4, structured from 4 on.
pub(super) fn fault(version: u8, fault: &Fault) -> (&'static str, String) {
    if version < 4 || fault.details.is_empty() {
        let texts: Vec<&str> = fault.details.iter().map(|d| d.text.as_str()).collect();
        return ("text/plain", texts.join("\n"));
    }
    let title = http::StatusCode::from_u16(fault.status)
        .ok()
        .and_then(|s| s.canonical_reason())
        .unwrap_or("Error");
    let mut out = String::from("{\"title\":");
    push_string(&mut out, title);
    out.push_str(&format!(
        ",\"status\":\"{}\",\"o:errorDetails\":[",
        fault.status
    ));
    for (place, detail) in fault.details.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        out.push_str("{\"detail\":");
        push_string(&mut out, &detail.text);
        if !detail.code.is_empty() {
            push_name(&mut out, "o:errorCode");
            push_string(&mut out, &detail.code);
        }
        if !detail.path.is_empty() {
            push_name(&mut out, "o:errorPath");
            push_string(&mut out, &detail.path);
        }
        out.push('}');
    }
    out.push_str("]}");
    (ERROR, out)
}

impl Page {
    /// Cuts a page out of all rows.
    pub(super) fn cut(
        all: &[u32],
        offset: usize,
        size: usize,
        limit: usize,
        total: bool,
        row: impl Fn(u32) -> Row,
    ) -> Self {
        let rows: Vec<Row> = all
            .iter()
            .skip(offset)
            .take(size)
            .map(|p| row(*p))
            .collect();
        let more = offset + rows.len() < all.len() && !rows.is_empty();
        Self {
            rows,
            limit,
            offset,
            more,
            total: total.then_some(all.len()),
        }
    }

    /// The same for rows that are at hand.
    pub(super) fn cut_rows(
        all: &[Row],
        offset: usize,
        size: usize,
        limit: usize,
        total: bool,
    ) -> Self {
        let places: Vec<u32> = (0..to(all.len())).collect();
        Self::cut(&places, offset, size, limit, total, |p| all[at(p)])
    }
}
