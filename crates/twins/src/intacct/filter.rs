//! Conditions on rows: how they compare, and which rows an index can offer for them.

use std::collections::BTreeSet;

use super::amount::Amount;
use super::books::schema::{GLDETAIL, GLENTRY, TableId};
use super::books::table::{INLINE, Kind, Source};
use super::books::{Books, Value};

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::intacct) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Between,
    In,
    NotIn,
    Like,
    NotLike,
    Null,
    NotNull,
}

/// A value to compare with, read for the kind of its field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::intacct) enum Key {
    /// Days, moments, whole numbers, decimals: by size.
    Number(i128),
    /// Text: by its characters.
    Text(String),
}

/// A tree of conditions.
#[derive(Debug, Clone)]
pub(in crate::intacct) enum Filter {
    /// All must hold; none given holds always.
    And(Vec<Filter>),
    /// One must hold.
    Or(Vec<Filter>),
    /// One comparison.
    Test(Test),
}

/// One comparison.
#[derive(Debug, Clone)]
pub(in crate::intacct) struct Test {
    pub(in crate::intacct) field: String,
    pub(in crate::intacct) operator: Operator,
    pub(in crate::intacct) keys: Vec<Key>,
    /// Cells equal to the keys, for quick tests on a stored cell; `None` if the test is not one of equality.
    cells: Option<BTreeSet<u32>>,
    /// The stored slot, if the field is one.
    slot: Option<usize>,
    /// The field is RECORDNO.
    record: bool,
    folded: bool,
}

/// Rows an index offers.
pub(in crate::intacct) struct Candidates<'a> {
    /// The rows; all live.
    pub(in crate::intacct) rows: Box<dyn Iterator<Item = u32> + 'a>,
    /// They stand in the wanted order.
    pub(in crate::intacct) sorted: bool,
    /// They all pass the filter; no need to ask it.
    pub(in crate::intacct) exact: bool,
}

/// Number behind a cell or made text, for ordering.
pub(in crate::intacct) fn key_of(books: &Books, value: &Value) -> Option<Key> {
    match value {
        Value::Cell(0, _) => None,
        Value::Cell(cell, _) if cell & INLINE != 0 => Some(Key::Number(i128::from(cell & !INLINE))),
        Value::Cell(cell, kind) => text_key(books.pool.get(*cell), *kind),
        Value::Made(text, kind) => text_key(text, *kind),
    }
}

fn text_key(text: &str, kind: Kind) -> Option<Key> {
    match kind {
        Kind::Decimal => Amount::parse(text).map(|a| Key::Number(a.order())),
        Kind::Integer => text.parse().ok().map(Key::Number),
        Kind::Text | Kind::Date | Kind::Timestamp | Kind::Boolean | Kind::Enum => {
            (!text.is_empty()).then(|| Key::Text(text.to_owned()))
        }
    }
}

impl Test {
    /// A comparison of `field` (known to exist, of `kind`) with keys already read for that kind.
    pub(in crate::intacct) fn new(
        books: &Books,
        object: TableId,
        field: &str,
        operator: Operator,
        keys: Vec<Key>,
        folded: bool,
    ) -> Self {
        let (slot, record) = stored(books, object, field);
        let text = keys.iter().any(|k| matches!(k, Key::Text(_)));
        let kind = books.kind_of(object, field);
        let exact = !(folded && text) && kind != Some(Kind::Decimal);
        let wanted = exact && matches!(operator, Operator::Equal | Operator::In);
        let cells = wanted.then(|| {
            let mut cells: BTreeSet<u32> = keys.iter().filter_map(|k| cell_of(books, k)).collect();
            // TR_TYPE may be negative and is kept as text.
            if kind == Some(Kind::Integer) {
                cells.extend(keys.iter().filter_map(|k| match k {
                    Key::Number(n) => books.pool.find(&n.to_string()),
                    Key::Text(_) => None,
                }));
            }
            cells
        });
        Self {
            field: field.to_owned(),
            operator,
            keys,
            cells: cells.filter(|_| slot.is_some() || record),
            slot,
            record,
            folded,
        }
    }

    fn negated(mut self) -> Filter {
        let side = |operator: Operator, key: &Key| {
            let keys = vec![key.clone()];
            let cells = None;
            Filter::Test(Self {
                operator,
                keys,
                cells,
                ..self.clone()
            })
        };
        if let (Operator::Between, [low, high]) = (self.operator, self.keys.as_slice()) {
            let outside = vec![side(Operator::Less, low), side(Operator::Greater, high)];
            return Filter::Or(outside);
        }
        self.cells = None;
        self.operator = match self.operator {
            Operator::Equal => Operator::NotEqual,
            Operator::NotEqual => Operator::Equal,
            Operator::Less => Operator::GreaterOrEqual,
            Operator::LessOrEqual => Operator::Greater,
            Operator::Greater => Operator::LessOrEqual,
            Operator::GreaterOrEqual => Operator::Less,
            Operator::Between | Operator::In => Operator::NotIn,
            Operator::NotIn => Operator::In,
            Operator::Like => Operator::NotLike,
            Operator::NotLike => Operator::Like,
            Operator::Null => Operator::NotNull,
            Operator::NotNull => Operator::Null,
        };
        Filter::Test(self)
    }

    fn holds(&self, books: &Books, object: TableId, row: u32) -> bool {
        if let (Some(slot), Some(cells)) = (self.slot, &self.cells) {
            return cells.contains(&books.table(Books::base(object)).cell(row, slot));
        }
        if let (Some(slot), [Key::Number(wanted), rest @ ..]) = (self.slot, self.keys.as_slice()) {
            let cell = books.table(Books::base(object)).cell(row, slot);
            if cell & INLINE != 0 {
                return self.number_holds(i128::from(cell & !INLINE), *wanted, rest);
            }
        }
        if let (true, [Key::Number(wanted), rest @ ..]) = (self.record, self.keys.as_slice()) {
            return self.number_holds(i128::from(row) + 1, *wanted, rest);
        }
        let value = books
            .value(object, row, &self.field)
            .and_then(|v| key_of(books, &v));
        let Some(key) = value else {
            return self.operator == Operator::Null;
        };
        match self.operator {
            Operator::Null => false,
            Operator::NotNull => true,
            Operator::Like | Operator::NotLike => {
                let text = match &key {
                    Key::Text(text) => text.clone(),
                    Key::Number(_) => books.text(object, row, &self.field),
                };
                let hit = self
                    .keys
                    .iter()
                    .any(|k| matches!(k, Key::Text(p) if like(&text, p, self.folded)));
                hit == (self.operator == Operator::Like)
            }
            Operator::Equal => self.keys.iter().any(|k| self.same(&key, k)),
            Operator::In => self.keys.iter().any(|k| self.same(&key, k)),
            Operator::NotEqual | Operator::NotIn => !self.keys.iter().any(|k| self.same(&key, k)),
            Operator::Less => self.keys.first().is_some_and(|k| key < *k),
            Operator::LessOrEqual => self.keys.first().is_some_and(|k| key <= *k),
            Operator::Greater => self.keys.first().is_some_and(|k| key > *k),
            Operator::GreaterOrEqual => self.keys.first().is_some_and(|k| key >= *k),
            Operator::Between => match self.keys.as_slice() {
                [low, high] => *low <= key && key <= *high,
                _ => false,
            },
        }
    }

    fn number_holds(&self, have: i128, wanted: i128, rest: &[Key]) -> bool {
        match self.operator {
            Operator::Equal | Operator::In => have == wanted || rest.contains(&Key::Number(have)),
            Operator::NotEqual | Operator::NotIn => {
                have != wanted && !rest.contains(&Key::Number(have))
            }
            Operator::Less => have < wanted,
            Operator::LessOrEqual => have <= wanted,
            Operator::Greater => have > wanted,
            Operator::GreaterOrEqual => have >= wanted,
            Operator::Between => {
                have >= wanted && matches!(rest.first(), Some(Key::Number(high)) if have <= *high)
            }
            Operator::NotNull => true,
            Operator::Null | Operator::Like | Operator::NotLike => false,
        }
    }

    fn same(&self, have: &Key, wanted: &Key) -> bool {
        match (have, wanted) {
            (Key::Text(a), Key::Text(b)) if self.folded => a.to_lowercase() == b.to_lowercase(),
            (Key::Text(_) | Key::Number(_), _) => have == wanted,
        }
    }
}

/// SQL's LIKE: `%` any run, `_` any one character.
pub(in crate::intacct) fn like(text: &str, pattern: &str, folded: bool) -> bool {
    let fold = |s: &str| {
        if folded {
            s.to_lowercase()
        } else {
            s.to_owned()
        }
    };
    let (text, pattern): (Vec<char>, Vec<char>) = (
        fold(text).chars().collect(),
        fold(pattern).chars().collect(),
    );
    let (mut t, mut p, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('%') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '_' || *c == text[t] => {
                t += 1;
                p += 1;
            }
            Some(_) | None => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern
        .get(p..)
        .unwrap_or_default()
        .iter()
        .all(|c| *c == '%')
}

/// Slot of a stored field of an object (through the view GLDETAIL to its base), and whether it is RECORDNO.
fn stored(books: &Books, object: TableId, field: &str) -> (Option<usize>, bool) {
    match books.table(object).column(field).map(|c| &c.source) {
        Some(Source::Stored(slot)) => (Some(*slot), false),
        Some(Source::RecordNo) => (None, true),
        Some(Source::Path(path)) if !path.contains('.') => stored(
            books,
            if object == GLDETAIL { GLENTRY } else { object },
            path,
        ),
        Some(
            Source::Path(_) | Source::CodeOf(_) | Source::Side(_) | Source::Signed | Source::Empty,
        )
        | None => (None, false),
    }
}

fn cell_of(books: &Books, key: &Key) -> Option<u32> {
    match key {
        Key::Number(n) => u32::try_from(*n)
            .ok()
            .filter(|n| n & INLINE == 0)
            .map(|n| n | INLINE),
        Key::Text(text) => books.pool.find(text),
    }
}

/// Where a plan looks: the row's own number, or an indexed slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Record,
    Slot(usize),
}

impl Filter {
    /// The filter that holds always.
    pub(in crate::intacct) fn all() -> Self {
        Self::And(Vec::new())
    }

    /// The opposite, as SQL has it: a comparison with an empty field neither holds nor does its opposite.
    pub(in crate::intacct) fn negated(self) -> Self {
        match self {
            Self::And(parts) => Self::Or(parts.into_iter().map(Self::negated).collect()),
            Self::Or(parts) => Self::And(parts.into_iter().map(Self::negated).collect()),
            Self::Test(test) => test.negated(),
        }
    }

    /// Whether a row passes.
    pub(in crate::intacct) fn holds(&self, books: &Books, object: TableId, row: u32) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|p| p.holds(books, object, row)),
            Self::Or(parts) => parts.iter().any(|p| p.holds(books, object, row)),
            Self::Test(test) => test.holds(books, object, row),
        }
    }

    /// Live rows that may pass, from the narrowest index there is. The order wanted is by row number, or by `order` (an indexed field) then
    /// row number.
    pub(in crate::intacct) fn candidates<'a>(
        &'a self,
        books: &'a Books,
        object: TableId,
        order: Option<&str>,
    ) -> Candidates<'a> {
        let table = books.table(Books::base(object));
        let live = move |row: &u32| table.is_live(*row);
        let mut places = vec![Place::Record];
        let slots = (0..table.width()).filter(|s| table.is_indexed(*s));
        places.extend(slots.map(Place::Slot));
        let by_row = order.is_none();
        if let Some(found) = self.pointed(books, object, &places) {
            return Candidates {
                sorted: by_row,
                ..found
            };
        }
        if let Some(found) = order.and_then(|field| self.along(books, object, field)) {
            return found;
        }
        if let Some((low, high)) = self.bounds(books, object, Place::Record) {
            let from = (low & !INLINE).saturating_sub(1);
            let to = (high & !INLINE).min(table.rows());
            let rows = Box::new((from..to).filter(live));
            return Candidates {
                rows,
                sorted: by_row,
                exact: self.is_span(books, object, Place::Record),
            };
        }
        for place in places {
            let Place::Slot(slot) = place else { continue };
            if let Some((low, high)) = self.bounds(books, object, place) {
                let mut rows: Vec<u32> = table.between(slot, low, high).collect();
                rows.sort_unstable();
                let exact = self.is_span(books, object, place);
                return Candidates {
                    rows: Box::new(rows.into_iter()),
                    sorted: by_row,
                    exact,
                };
            }
        }
        let exact = matches!(self, Self::And(parts) if parts.is_empty());
        Candidates {
            rows: Box::new(table.all()),
            sorted: by_row,
            exact,
        }
    }

    /// Rows whose cells at one of the places the filter names.
    fn pointed<'a>(
        &'a self,
        books: &'a Books,
        object: TableId,
        places: &[Place],
    ) -> Option<Candidates<'a>> {
        let table = books.table(Books::base(object));
        let live = move |row: &u32| table.is_live(*row);
        for place in places {
            let Some(points) = self.points(books, object, *place) else {
                continue;
            };
            let mut rows: Vec<u32> = match place {
                Place::Record => points
                    .iter()
                    .filter_map(|c| (c & !INLINE).checked_sub(1))
                    .collect(),
                Place::Slot(slot) => points
                    .iter()
                    .flat_map(|c| table.between(*slot, *c, *c))
                    .collect(),
            };
            rows.sort_unstable();
            rows.dedup();
            let rows = Box::new(rows.into_iter().filter(live));
            return Some(Candidates {
                rows,
                sorted: true,
                exact: false,
            });
        }
        None
    }

    /// Rows in the order of an indexed field, within the bounds the filter sets for it; none if its index keeps no such order.
    fn along<'a>(
        &'a self,
        books: &'a Books,
        object: TableId,
        field: &str,
    ) -> Option<Candidates<'a>> {
        // Texts are numbered as they come, so only an index of numbers and moments stands in the order of its values.
        let kind = books.table(object).column(field).map(|c| c.kind)?;
        if !matches!(kind, Kind::Integer | Kind::Date | Kind::Timestamp) {
            return None;
        }
        let table = books.table(Books::base(object));
        let slot = stored(books, object, field)
            .0
            .filter(|s| table.is_indexed(*s))?;
        let place = Place::Slot(slot);
        let (low, high) = self.bounds(books, object, place).unwrap_or((0, u32::MAX));
        if let Some((from, to)) = self.sure(books, object, place) {
            let asked = move |row: &u32| self.holds(books, object, *row);
            let before = table
                .between(slot, low, from.saturating_sub(1))
                .filter(asked);
            let after = table
                .between(slot, to.saturating_add(1), high)
                .filter(asked);
            let after = after.take_while(move |_| to < high);
            let rows = Box::new(before.chain(table.between(slot, from, to)).chain(after));
            return Some(Candidates {
                rows,
                sorted: true,
                exact: true,
            });
        }
        let rows = Box::new(table.between(slot, low, high));
        let exact = self.is_span(books, object, place);
        Some(Candidates {
            rows,
            sorted: true,
            exact,
        })
    }

    /// A span of cells at `place` whose rows pass without being asked: one branch of an alternative, as in "later than t, or at t with a
    /// higher number".
    fn sure(&self, books: &Books, object: TableId, place: Place) -> Option<(u32, u32)> {
        let Self::Or(parts) = self else { return None };
        let span = parts.iter().find(|p| p.is_span(books, object, place))?;
        span.bounds(books, object, place)
            .filter(|(from, to)| from <= to)
    }

    /// True if the filter says exactly that the cell at `place` lies within [`Filter::bounds`].
    fn is_span(&self, books: &Books, object: TableId, place: Place) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|p| p.is_span(books, object, place)),
            Self::Or(_) => false,
            Self::Test(test) => {
                let closed = matches!(
                    test.operator,
                    Operator::Less
                        | Operator::LessOrEqual
                        | Operator::Greater
                        | Operator::GreaterOrEqual
                        | Operator::Between
                ) && test.keys.iter().all(in_range);
                closed && is_at(books, object, &test.field, place)
            }
        }
    }

    /// The cells at `place` a passing row can have, if the filter names them.
    fn points(&self, books: &Books, object: TableId, place: Place) -> Option<BTreeSet<u32>> {
        match self {
            Self::And(parts) => parts.iter().find_map(|p| p.points(books, object, place)),
            Self::Or(parts) => {
                let mut union = BTreeSet::new();
                for part in parts {
                    union.extend(part.points(books, object, place)?);
                }
                (!parts.is_empty()).then_some(union)
            }
            Self::Test(test) => {
                let here = is_at(books, object, &test.field, place);
                if here && test.operator == Operator::Null && place != Place::Record {
                    return Some([0].into_iter().collect());
                }
                test.cells.clone().filter(|_| here)
            }
        }
    }

    /// The hull of cells at `place` a passing row can have; only for fields kept as numbers.
    fn bounds(&self, books: &Books, object: TableId, place: Place) -> Option<(u32, u32)> {
        match self {
            Self::And(parts) => {
                let found = parts.iter().filter_map(|p| p.bounds(books, object, place));
                found.reduce(|a, b| (a.0.max(b.0), a.1.min(b.1)))
            }
            Self::Or(parts) => {
                let mut hull: Option<(u32, u32)> = None;
                for part in parts {
                    let (low, high) = part.bounds(books, object, place)?;
                    hull = Some(hull.map_or((low, high), |h| (h.0.min(low), h.1.max(high))));
                }
                hull
            }
            Self::Test(test) => {
                if !is_at(books, object, &test.field, place) {
                    return None;
                }
                let clamp = |n: i128| INLINE | u32::try_from(n.clamp(0, 0x7FFF_FFFF)).unwrap_or(0);
                let numbers: Vec<u32> = test
                    .keys
                    .iter()
                    .map(|k| {
                        if let Key::Number(n) = k {
                            Some(clamp(*n))
                        } else {
                            None
                        }
                    })
                    .collect::<Option<_>>()?;
                match (test.operator, numbers.as_slice()) {
                    (Operator::Less, [n]) => Some((INLINE, n.saturating_sub(1))),
                    (Operator::LessOrEqual, [n]) => Some((INLINE, *n)),
                    (Operator::Greater, [n]) => Some((n.saturating_add(1), u32::MAX)),
                    (Operator::GreaterOrEqual, [n]) => Some((*n, u32::MAX)),
                    (Operator::Between, [low, high]) => Some((*low, *high)),
                    (Operator::Equal, [n]) => Some((*n, *n)),
                    (Operator::NotNull, _) => Some((1, u32::MAX)),
                    _ => None,
                }
            }
        }
    }
}

/// A number a cell can hold; bounds of others are clamped and not exact.
fn in_range(key: &Key) -> bool {
    matches!(key, Key::Number(n) if (1..0x7FFF_FFFF).contains(n))
}

fn is_at(books: &Books, object: TableId, field: &str, place: Place) -> bool {
    match (stored(books, object, field), place) {
        ((_, true), Place::Record) => true,
        ((Some(slot), _), Place::Slot(wanted)) => slot == wanted,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn like_matches_as_sql_does() {
        assert!(like("ABCDE", "A%E", false));
        assert!(like("ABC", "A_C", false));
        assert!(!like("ABC", "a%", false));
        assert!(like("ABC", "a%", true));
        assert!(!like("ABC", "A_", false));
        assert!(like("", "%", false));
    }
}
