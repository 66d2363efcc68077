//! Asks the tenant whether it takes an account combination, cross-validation rules included. Nothing is created by asking.
//!
//! The rules themselves can't be read: Oracle documents an interface table to load them, no way to get them. What is documented is the service
//! that judges a combination: "SOAP Web Services for Oracle Financials Cloud", Account Combination Validation Service, operation
//! `validateAndCreateAccounts`, 24C to 25D; `DynamicInsertion` other than Yes creates nothing. It needs the privilege "Manage Oracle Fusion
//! General Ledger Account Combinations". It names no day: what counts is today.

use std::fmt::Write as _;

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::Event;
use tieout_connector::Fault;

use crate::client::not_understood;
use crate::system::Fusion;
use crate::wire::attribute::shortened;

/// Combinations per call: clients of others send up to 1,000; less keeps an answer small.
const ROWS_MAX: usize = 200;
/// Characters kept of the tenant's words.
const WORDS_LEN_MAX: usize = 500;

const OPERATION: &str = "POST AccountCombinationService";
const PATH: &str = "/fscmService/AccountCombinationService";
const ACTION: &str = "http://xmlns.oracle.com/apps/financials/generalLedger/accounts/codeCombinations/accountCombinationService/validateAndCreateAccounts";
const NAMESPACE: &str = "http://xmlns.oracle.com/apps/financials/generalLedger/accounts/codeCombinations/accountCombinationService/";

/// A combination and the ledger it is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LedgerCombination {
    /// Name of the ledger.
    pub ledger: String,
    /// Values in the order of the chart of accounts.
    pub segments: Vec<String>,
}

/// What the tenant says of one combination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be used.
    Valid,
    /// It may not, with the tenant's words.
    Refused(String),
}

impl Fusion {
    /// What the tenant says of each combination, in the order asked.
    ///
    /// # Errors
    /// [`Fault`] if not all are answered.
    pub async fn judge_combinations(
        &self,
        asked: &[LedgerCombination],
    ) -> Result<Vec<Verdict>, Fault> {
        let mut verdicts = Vec::with_capacity(asked.len());
        for rows in asked.chunks(ROWS_MAX) {
            let text = envelope(rows);
            let answer = self.client.ask(OPERATION, PATH, ACTION, &text).await?;
            let found = verdicts_of(&answer, rows);
            verdicts.extend(found.map_err(|what| not_understood(OPERATION, what))?);
        }
        Ok(verdicts)
    }
}

fn envelope(rows: &[LedgerCombination]) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:typ=\"{NAMESPACE}types/\" xmlns:acc=\"{NAMESPACE}\"><soapenv:Body><typ:validateAndCreateAccounts>"
    );
    for row in rows {
        text.push_str("<typ:validationInputRowList><acc:DynamicInsertion>N</acc:DynamicInsertion>");
        for (at, value) in row.segments.iter().enumerate() {
            let number = at.saturating_add(1);
            let value = escape(value.as_str());
            let _ = write!(text, "<acc:Segment{number}>{value}</acc:Segment{number}>");
        }
        let ledger = escape(row.ledger.as_str());
        let _ = write!(
            text,
            "<acc:LedgerName>{ledger}</acc:LedgerName></typ:validationInputRowList>"
        );
    }
    text.push_str("</typ:validateAndCreateAccounts></soapenv:Body></soapenv:Envelope>");
    text
}

/// The leaves of one `result`.
#[derive(Debug, Default)]
struct Judged {
    segments: Vec<(usize, String)>,
    status: String,
    code: String,
    words: String,
}

impl Judged {
    fn take(&mut self, name: &str, text: String) {
        match name {
            "Status" => self.status = text,
            "Error" => self.words = text,
            "ErrorCode" => self.code = text,
            other => {
                let number = other.strip_prefix("Segment").and_then(|n| n.parse().ok());
                if let Some(number) = number {
                    self.segments.push((number, text));
                }
            }
        }
    }

    /// True if it does not speak of another combination than was asked.
    fn is_about(&self, asked: &LedgerCombination) -> bool {
        self.segments.iter().all(|(number, text)| {
            let own = number.checked_sub(1).and_then(|at| asked.segments.get(at));
            own.map_or(text.is_empty(), |own| own == text)
        })
    }

    fn verdict(self) -> Verdict {
        // The words are those other clients met; whatever else is said does not let a combination through.
        if matches!(self.status.as_str(), "Valid" | "VALID" | "S") {
            return Verdict::Valid;
        }
        let parts = [self.code, self.words];
        let said: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let said = if said.is_empty() {
            format!("status {:?} without a reason", self.status)
        } else {
            said.join(": ")
        };
        Verdict::Refused(shortened(&said, WORDS_LEN_MAX))
    }
}

/// One verdict per row asked; the answer has one `result` for each, in that order.
fn verdicts_of(answer: &[u8], asked: &[LedgerCombination]) -> Result<Vec<Verdict>, String> {
    let results = results_of(answer)?;
    if results.len() != asked.len() {
        return Err(format!(
            "{} combinations were asked, {} results came back",
            asked.len(),
            results.len()
        ));
    }
    let stray = (results.iter().zip(asked)).position(|(found, row)| !found.is_about(row));
    if let Some(at) = stray {
        let number = at.saturating_add(1);
        return Err(format!(
            "result {number} is about another combination than was asked"
        ));
    }
    Ok(results.into_iter().map(Judged::verdict).collect())
}

fn results_of(answer: &[u8]) -> Result<Vec<Judged>, String> {
    let text = std::str::from_utf8(answer).map_err(|_| "the answer is not UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text);
    let mut results: Vec<Judged> = Vec::new();
    let (mut depth, mut inside) = (0_usize, None);
    let mut content = String::new();
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(start) => {
                depth = depth.saturating_add(1);
                if inside.is_none() && start.local_name().into_inner() == "result" {
                    inside = Some(depth);
                    results.push(Judged::default());
                }
                content.clear();
            }
            Event::Text(piece) => content.push_str(&piece),
            Event::CData(piece) => content.push_str(&piece),
            Event::GeneralRef(reference) => {
                let name: &str = &reference;
                match (
                    resolve_predefined_entity(name),
                    reference.resolve_char_ref(),
                ) {
                    (Some(plain), _) => content.push_str(plain),
                    (None, Ok(Some(c))) => content.push(c),
                    (None, _) => return Err(format!("entity {name:?} is not defined")),
                }
            }
            Event::End(end) => {
                if inside == Some(depth) {
                    inside = None;
                } else if let (Some(_), Some(last)) = (inside, results.last_mut()) {
                    let name: &str = end.local_name().into_inner();
                    last.take(name, content.trim().to_owned());
                }
                depth = depth.saturating_sub(1);
                content.clear();
            }
            Event::DocType(_) => return Err("a document type is not allowed".to_owned()),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof if depth == 0 => return Ok(results),
            Event::Eof => return Err("the answer is cut off".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LedgerCombination, Verdict, envelope, verdicts_of};

    fn asked() -> Vec<LedgerCombination> {
        ["01-4000", "02-<&>"]
            .map(|text| LedgerCombination {
                ledger: "US & Co".to_owned(),
                segments: text.split('-').map(str::to_owned).collect(),
            })
            .to_vec()
    }

    fn check(results: &str, expected: Result<Vec<Verdict>, &str>) {
        let answer =
            format!("<e:Envelope xmlns:e=\"e\"><e:Body><r>{results}</r></e:Body></e:Envelope>");
        match (verdicts_of(answer.as_bytes(), &asked()), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(said), Err(word)) => assert!(said.contains(word), "{said}"),
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn nothing_but_valid_lets_a_combination_through() {
        let valid = "<n:result xmlns:n=\"n\"><n:Segment1>01</n:Segment1><n:CcId>7</n:CcId><n:Status>Valid</n:Status></n:result>";
        let refused = "<result><Segment2>&lt;&amp;&gt;</Segment2><Status>Invalid</Status><ErrorCode>GL-1</ErrorCode><Error>not &#65; so</Error></result>";
        let words = Verdict::Refused("GL-1: not A so".to_owned());
        check(
            &format!("{valid}{refused}"),
            Ok(vec![Verdict::Valid, words]),
        );
        let silent = Verdict::Refused("status \"\" without a reason".to_owned());
        check(
            &format!("{valid}<result><Error/></result>"),
            Ok(vec![Verdict::Valid, silent]),
        );
    }

    #[test]
    fn an_answer_that_does_not_fit_what_was_asked_is_not_understood() {
        check("<result><Status>Valid</Status></result>", Err("1 results"));
        let other = "<result><Segment1>99</Segment1><Status>Valid</Status></result>";
        check(&format!("{other}{other}"), Err("result 1 is about another"));
        check("<result>", Err(""));
    }

    #[test]
    fn the_fixtures_are_what_is_sent_and_understood() {
        let row = |account: &str| LedgerCombination {
            ledger: "WMB_US_USD".to_owned(),
            segments: ["200", "1100", account, "0000", "000"]
                .map(str::to_owned)
                .to_vec(),
        };
        let asked = [row("60300"), row("99999")];
        let request = include_str!("../../../fixtures/fusion/combination/judged.request.xml");
        assert_eq!(envelope(&asked), request.trim_end());
        let answer = include_bytes!("../../../fixtures/fusion/combination/judged.response.xml");
        let found = verdicts_of(answer, &asked).unwrap();
        let words =
            "The value 99999 of the segment account doesn't exist in the value set TIEOUT_ACCOUNT.";
        assert_eq!(found, [Verdict::Valid, Verdict::Refused(words.to_owned())]);
    }

    #[test]
    fn values_and_names_are_escaped_and_nothing_is_to_be_created() {
        let text = envelope(&asked());
        assert!(text.contains("<acc:Segment2>&lt;&amp;&gt;</acc:Segment2>"));
        assert!(text.contains("<acc:LedgerName>US &amp; Co</acc:LedgerName>"));
        assert_eq!(text.matches("<acc:DynamicInsertion>N<").count(), 2);
    }
}
