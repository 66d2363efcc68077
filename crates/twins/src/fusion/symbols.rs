//! Texts that repeat (currencies, descriptions, file names, dimension values) stored once and named by a number.

use std::collections::HashMap;
use std::sync::Arc;

/// A text kept in [`Symbols`]. `Symbol(0)` is the empty text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(crate) struct Symbol(u32);

impl Symbol {
    /// True for the empty text.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// The pool of texts.
#[derive(Debug)]
pub(crate) struct Symbols {
    numbers: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Default for Symbols {
    fn default() -> Self {
        let empty: Arc<str> = Arc::from("");
        Self {
            numbers: HashMap::from([(Arc::clone(&empty), 0)]),
            texts: vec![empty],
        }
    }
}

impl Symbols {
    /// The symbol of `text`, new or known.
    pub(crate) fn put(&mut self, text: &str) -> Symbol {
        if let Some(number) = self.numbers.get(text) {
            return Symbol(*number);
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        let shared: Arc<str> = Arc::from(text);
        self.texts.push(Arc::clone(&shared));
        self.numbers.insert(shared, number);
        Symbol(number)
    }

    /// The text of a symbol.
    pub(crate) fn text(&self, symbol: Symbol) -> &str {
        usize::try_from(symbol.0)
            .ok()
            .and_then(|i| self.texts.get(i))
            .map_or("", |t| t)
    }
}
