//! What was found: documents that would be held, rules that contradict each other, values that nobody has used yet.

use std::collections::BTreeMap;

use serde_json::json;
use tieout_engine::crosswalk::trial::{GapKey, GapUse, Recoder};
use tieout_engine::crosswalk::{Crosswalk, HoldReason, Refusal, RuleValue, VersionFile};
use tieout_fusion::LedgerCombination;
use tieout_intacct::SourceValue;
use tieout_model::{AccountingDate, Code, Dimensional};

use crate::cli::crosswalk::coverage::combinations::RefusedCombination;
use crate::cli::crosswalk::live::ACCOUNT;
use crate::report;

/// One row of the answer.
pub(super) struct Row {
    kind: String,
    place: String,
    value: String,
    detail: String,
    remedy: String,
    used: GapUse,
    /// True if the version cannot be signed like this.
    is_blocking: bool,
}

impl Row {
    pub(super) fn is_blocking(&self) -> bool {
        self.is_blocking
    }
}

/// Documents that would be held.
pub(super) fn held((gap, used): (&GapKey, &GapUse)) -> Row {
    Row {
        kind: gap.reason.word().to_owned(),
        place: gap.dimension.clone(),
        value: gap.value.clone(),
        detail: gap.detail.clone(),
        remedy: gap.remedy.clone(),
        used: used.clone(),
        is_blocking: true,
    }
}

/// A contradiction of the rules, with the documents that meet it among `gaps`, where a rule is named there.
pub(super) fn refused(refusal: &Refusal) -> Row {
    Row {
        kind: refusal.problem.word().to_owned(),
        place: refusal
            .rule
            .as_ref()
            .map_or_else(String::new, |rule| format!("rule {rule}")),
        value: String::new(),
        detail: refusal.detail.clone(),
        remedy: "correct the rules; a version with this cannot be signed".into(),
        used: GapUse::default(),
        is_blocking: true,
    }
}

/// A combination that the target refuses.
pub(super) fn combination(refused: RefusedCombination) -> Row {
    let LedgerCombination { ledger, segments } = refused.combination;
    Row {
        kind: HoldReason::InvalidCombination.word().to_owned(),
        place: format!("ledger {ledger}"),
        value: segments.join("-"),
        detail: format!(
            "the target says: {} (lines: {})",
            refused.words, refused.used.lines
        ),
        remedy: "lead the lines elsewhere, or change the rule in the target; a rule that stays belongs into the reference data".into(),
        used: refused.used,
        is_blocking: true,
    }
}

fn warning(kind: &str, place: &str, value: &str, detail: String, remedy: &str) -> Row {
    Row {
        kind: kind.to_owned(),
        place: place.to_owned(),
        value: value.to_owned(),
        detail,
        remedy: remedy.to_owned(),
        used: GapUse::default(),
        is_blocking: false,
    }
}

/// Accounts of the chart without a mapping that nobody has used: nothing would be held today.
pub(super) fn unused_accounts(
    crosswalk: &Crosswalk,
    version: &str,
    day: AccountingDate,
    known: &[Row],
) -> Vec<Row> {
    let (Some(mut recoder), Some(entity)) = (
        Recoder::of(crosswalk, version),
        crosswalk.reference().entities.keys().next(),
    ) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for account in crosswalk.reference().accounts.keys() {
        let coding = Dimensional {
            account: Code::new(account),
            ..Dimensional::default()
        };
        let coded = recoder.line(entity, day, &coding);
        let gaps = coded.combination.as_ref().err();
        let gap = gaps
            .into_iter()
            .flatten()
            .find(|gap| gap.dimension == ACCOUNT && gap.reason == HoldReason::UnmappedValue);
        let is_known = known
            .iter()
            .any(|row| row.place == ACCOUNT && row.value == *account);
        if let Some(gap) = gap.filter(|_| !is_known) {
            found.push(warning(
                UNUSED,
                ACCOUNT,
                account,
                gap.detail.clone(),
                &gap.remedy,
            ));
        }
    }
    found
}

const UNUSED: &str = "unmapped, not in use";

/// What the source's own lists say beside the version and the signed reference data.
pub(super) fn of_source(
    source: &BTreeMap<String, Vec<SourceValue>>,
    crosswalk: &Crosswalk,
    version: &VersionFile,
    known: &[Row],
) -> Vec<Row> {
    let mut found = Vec::new();
    for (attribute, values) in source {
        let tables = version.lookups.iter();
        let table = tables
            .filter(|(name, _)| name.to_string() == *attribute)
            .map(|(_, rows)| rows)
            .next();
        let is_account = attribute == ACCOUNT;
        let accounts = &crosswalk.reference().accounts;
        for value in values {
            if is_account && !accounts.contains_key(&value.id) && value.is_active {
                found.push(warning(
                    "not in the reference data",
                    attribute,
                    &value.id,
                    format!(
                        "{:?} exists in the source; the signed reference data does not know it",
                        value.name
                    ),
                    "add it to the reference data with its class, and have that signed",
                ));
            }
            let is_mapped =
                table.is_none_or(|rows| covers(version, crosswalk, attribute, rows, &value.id));
            let is_told = known
                .iter()
                .any(|row| row.place == *attribute && row.value == value.id);
            if !is_account && !is_mapped && !is_told && value.is_active {
                found.push(warning(
                    UNUSED,
                    attribute,
                    &value.id,
                    format!("{:?} has no row in the table of {attribute}", value.name),
                    "map it before somebody uses it",
                ));
            }
        }
        found.extend(
            table
                .into_iter()
                .flat_map(|rows| left_behind(attribute, values, rows)),
        );
    }
    found
}

/// Rows whose value the source has made inactive or no longer has.
fn left_behind(
    attribute: &str,
    values: &[SourceValue],
    rows: &BTreeMap<String, String>,
) -> Vec<Row> {
    let here: BTreeMap<&str, bool> = values
        .iter()
        .map(|value| (value.id.as_str(), value.is_active))
        .collect();
    let mut found = Vec::new();
    for key in rows.keys().filter(|key| !key.is_empty()) {
        let (kind, detail) = match here.get(key.as_str()) {
            Some(true) => continue,
            Some(false) => ("inactive in the source", "nothing new is coded to it"),
            None => (
                "gone from the source",
                "the source has no such value any more",
            ),
        };
        found.push(warning(
            kind,
            attribute,
            key,
            detail.to_owned(),
            "leave the row as long as documents may be reversed or dated back",
        ));
    }
    found
}

/// True if a value has a row of its own, or an ancestor has one and a rule inherits.
fn covers(
    version: &VersionFile,
    crosswalk: &Crosswalk,
    attribute: &str,
    rows: &BTreeMap<String, String>,
    id: &str,
) -> bool {
    let mut same = version.same_as.iter();
    let same = same.find(|(name, _)| name.to_string() == attribute);
    let id = same.and_then(|(_, ids)| ids.get(id)).map_or(id, |old| old);
    if rows.contains_key(id) {
        return true;
    }
    let mut rules = version.rules.iter();
    let inherits =
        rules.any(|rule| matches!(&rule.value, RuleValue::Inherited(name) if name == attribute));
    let parents = crosswalk.reference().hierarchies.get(attribute);
    let Some(parents) = parents.filter(|_| inherits) else {
        return false;
    };
    let ancestors = std::iter::successors(parents.get(id), |at| parents.get(*at));
    let mut ancestors = ancestors.take(parents.len());
    ancestors.any(|ancestor| rows.contains_key(ancestor))
}

fn amounts(used: &GapUse) -> Vec<String> {
    let one = |(currency, amount): (&tieout_model::Currency, &tieout_model::Amount)| {
        format!("{amount} {currency}")
    };
    used.amounts.iter().map(one).collect()
}

pub(super) fn as_json(version: &str, documents: u64, rows: &[Row]) -> String {
    let gaps: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "kind": row.kind,
                "place": row.place,
                "value": row.value,
                "blocks": row.is_blocking,
                "documents": row.used.documents,
                "lines": row.used.lines,
                "amounts": amounts(&row.used),
                "examples": row.used.examples,
                "detail": row.detail,
                "remedy": row.remedy,
            })
        })
        .collect();
    let json = json!({ "version": version, "documents": documents, "gaps": gaps });
    format!("{json}\n")
}

pub(super) fn as_table(rows: &[Row]) -> String {
    let header = [
        "what",
        "where",
        "value",
        "documents",
        "at stake",
        "why",
        "to do",
    ];
    let cells = rows.iter().map(|row| {
        let used = &row.used;
        let documents = if used.documents == 0 {
            String::new()
        } else {
            format!("{} ({}…)", used.documents, used.examples.join(", "))
        };
        let amounts = used.amounts.iter();
        let amounts: Vec<String> = amounts
            .map(|(currency, amount)| {
                format!("{} {currency}", report::grouped(&amount.to_string()))
            })
            .collect();
        vec![
            row.kind.clone(),
            row.place.clone(),
            row.value.clone(),
            documents,
            amounts.join(", "),
            row.detail.clone(),
            row.remedy.clone(),
        ]
    });
    report::rows_table(&header, cells)
}
