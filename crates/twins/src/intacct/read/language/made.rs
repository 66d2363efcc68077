//! Conditions on rows that are computed, not stored (GLACCOUNTBALANCE): fields are texts, numbers compare by size.

use super::{Node, tree};
use crate::intacct::amount::Amount;
use crate::intacct::fault::Fault;
use crate::intacct::filter::{Operator, like};

/// A condition on computed rows.
#[derive(Debug)]
pub(in crate::intacct) struct Made {
    node: Option<Node>,
    /// The most rows it asks for (`rownum < 11`).
    pub(in crate::intacct) limit: Option<usize>,
}

impl Made {
    /// Reads a condition.
    ///
    /// # Errors
    /// DL02000001 naming the place where the text stops making sense.
    pub(in crate::intacct) fn parse(text: &str) -> Result<Self, Fault> {
        let (node, limit) = tree(text)?;
        Ok(Self { node, limit })
    }

    /// The value every passing row has in a field, if the condition says one.
    pub(in crate::intacct) fn fixed(&self, name: &str) -> Option<&str> {
        self.node.as_ref().and_then(|n| fixed(n, name))
    }

    /// The fields the condition names, in upper case.
    pub(in crate::intacct) fn fields(&self) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(node) = &self.node {
            fields(node, &mut found);
        }
        found
    }

    /// Whether a row passes; `value` gives its fields by their names in upper case.
    pub(in crate::intacct) fn holds(&self, value: &dyn Fn(&str) -> String) -> bool {
        self.node
            .as_ref()
            .is_none_or(|n| holds(n, value) == Some(true))
    }
}

fn fixed<'a>(node: &'a Node, name: &str) -> Option<&'a str> {
    match node {
        Node::All(parts) => parts.iter().find_map(|p| fixed(p, name)),
        Node::Compare {
            field,
            operator: Operator::Equal,
            values,
        } if field.eq_ignore_ascii_case(name) => values.first().map(String::as_str),
        Node::Any(_) | Node::Not(_) | Node::Compare { .. } => None,
    }
}

fn fields(node: &Node, found: &mut Vec<String>) {
    match node {
        Node::All(parts) | Node::Any(parts) => parts.iter().for_each(|p| fields(p, found)),
        Node::Not(part) => fields(part, found),
        Node::Compare { field, .. } => found.push(field.to_uppercase()),
    }
}

/// True, false, or nothing where an empty field is compared, as SQL has it.
fn holds(node: &Node, value: &dyn Fn(&str) -> String) -> Option<bool> {
    match node {
        Node::All(parts) => {
            let found: Vec<Option<bool>> = parts.iter().map(|p| holds(p, value)).collect();
            if found.contains(&Some(false)) {
                return Some(false);
            }
            (!found.contains(&None)).then_some(true)
        }
        Node::Any(parts) => {
            let found: Vec<Option<bool>> = parts.iter().map(|p| holds(p, value)).collect();
            if found.contains(&Some(true)) {
                return Some(true);
            }
            (!found.contains(&None)).then_some(false)
        }
        Node::Not(part) => holds(part, value).map(|h| !h),
        Node::Compare {
            field,
            operator,
            values,
        } => compared(&value(&field.to_uppercase()), *operator, values),
    }
}

fn compared(have: &str, operator: Operator, values: &[String]) -> Option<bool> {
    if matches!(operator, Operator::Null | Operator::NotNull) {
        return Some(have.is_empty() == (operator == Operator::Null));
    }
    if have.is_empty() {
        return None;
    }
    let order = |wanted: &String| match (Amount::parse(have), Amount::parse(wanted)) {
        (Some(a), Some(b)) => a.order().cmp(&b.order()),
        _ => have.cmp(wanted.as_str()),
    };
    let first = values.first().map(order)?;
    let within = values.iter().any(|v| order(v).is_eq());
    let matches = values.iter().any(|v| like(have, v, false));
    Some(match operator {
        Operator::Equal | Operator::In => within,
        Operator::NotEqual | Operator::NotIn => !within,
        Operator::Less => first.is_lt(),
        Operator::LessOrEqual => first.is_le(),
        Operator::Greater => first.is_gt(),
        Operator::GreaterOrEqual => first.is_ge(),
        Operator::Like => matches,
        Operator::NotLike => !matches,
        Operator::Between => first.is_ge() && values.get(1).map(order)?.is_le(),
        Operator::Null | Operator::NotNull => false,
    })
}

#[cfg(test)]
mod tests {
    use super::Made;

    #[test]
    fn numbers_compare_by_size_and_empty_fields_do_not_compare() {
        let value = |name: &str| match name {
            "PERIOD" => "P1".to_owned(),
            "ENDBAL" => "-20.5".to_owned(),
            _ => String::new(),
        };
        let passes = |text: &str| Made::parse(text).unwrap().holds(&value);
        for text in [
            "",
            "period = 'P1'",
            "PERIOD = 'P1' AND (ENDBAL < -3 OR ENDBAL > 9)",
            "ENDBAL in (1, -20.50)",
            "PERIOD like 'P%' and DEPARTMENTID is null",
            "NOT (ENDBAL >= 0)",
        ] {
            assert!(passes(text), "{text}");
        }
        for text in [
            "ENDBAL > 3",
            "DEPARTMENTID = 'x'",
            "NOT (DEPARTMENTID = 'x')",
            "PERIOD not in ('P1')",
        ] {
            assert!(!passes(text), "{text}");
        }
        let made = Made::parse("(PERIOD = 'P1') and ENDBAL > 3 and rownum < 4").unwrap();
        assert_eq!(made.fixed("PERIOD"), Some("P1"));
        assert_eq!((made.fields().len(), made.limit), (2, Some(3)));
        assert!(Made::parse("PERIOD =").is_err());
    }
}
