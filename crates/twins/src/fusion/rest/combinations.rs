//! `AccountCombinationService`: is an account combination valid in a ledger, and shall it be made?
//!
//! Names of elements and attributes, and that `DynamicInsertion` Yes makes a valid combination: Oracle, "SOAP Web Services for Oracle Financials
//! Cloud", Account Combination Validation Service, 24C to 25D \[D\]. `Y` and `N` beside the words, one `result` per row in the order asked, and
//! the status words `Valid` and `Invalid`: seen in other people's clients \[S\]. The day that counts is not said; here it is today.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{Method, Request};

use super::soap::{answer, escape, parse, refusal};
use super::{Answer, only_method};
use crate::fusion::FusionTwin;
use crate::fusion::calendar::day_of;
use crate::fusion::fault::Fault;
use crate::fusion::setup::{COMBINATION_IDS, id};

const OPERATION: &str = "validateAndCreateAccounts";
const ROW: &str = "validationInputRowList";
const SERVICE: &str = "http://xmlns.oracle.com/apps/financials/generalLedger/accounts/codeCombinations/accountCombinationService/";
/// Most segments of a chart of accounts.
const SEGMENTS_MAX: usize = 30;

/// One row that was asked.
#[derive(Debug, Default)]
struct Asked {
    ledger: String,
    segments: Vec<String>,
    insertion: String,
}

impl Asked {
    /// Takes one leaf of the row.
    fn take(&mut self, name: &str, text: &str) -> Result<(), String> {
        match name {
            "LedgerName" => text.clone_into(&mut self.ledger),
            "DynamicInsertion" => text.clone_into(&mut self.insertion),
            // They change an existing combination when one is made; this tenant takes neither.
            "EnabledFlag" | "FromDate" | "ToDate" if text.is_empty() => {}
            other => {
                let number = other.strip_prefix("Segment").and_then(|n| n.parse().ok());
                let number: usize = number
                    .filter(|n| (1..=SEGMENTS_MAX).contains(n))
                    .ok_or_else(|| format!("The element {other} isn't taken."))?;
                if self.segments.len() < number {
                    self.segments.resize(number, String::new());
                }
                text.clone_into(&mut self.segments[number - 1]);
            }
        }
        Ok(())
    }
}

impl FusionTwin {
    /// Answers a call to `AccountCombinationService`.
    pub(super) fn combination_service(
        &mut self,
        request: &Request<Bytes>,
    ) -> Result<Answer, Fault> {
        only_method(request, &Method::POST)?;
        let call = match parse(request.body()) {
            Ok(call) => call,
            Err(words) => return Ok(refusal(&words)),
        };
        if call.operation != OPERATION {
            return Ok(refusal(&format!(
                "The operation {} isn't set up.",
                call.operation
            )));
        }
        let mut results = String::new();
        let mut row = Asked::default();
        for (name, text) in &call.leaves {
            if name != ROW {
                if let Err(words) = row.take(name, text) {
                    return Ok(refusal(&words));
                }
                continue;
            }
            let asked = std::mem::take(&mut row);
            let found = self.validated(&asked);
            push_result(&mut results, &asked, &found);
        }
        self.changed();
        let body = format!(
            "<ns0:{OPERATION}Response xmlns:ns0=\"{SERVICE}types/\" xmlns:ns1=\"{SERVICE}\">{results}</ns0:{OPERATION}Response>"
        );
        Ok(answer(200, &body))
    }

    /// The number of the combination, if there is one then; else why it is not valid.
    fn validated(&mut self, asked: &Asked) -> Result<Option<u32>, String> {
        let ledger = self.setup.ledger_named(&asked.ledger);
        let ledger = ledger.ok_or_else(|| format!("The ledger {} isn't valid.", asked.ledger))?;
        let makes = match asked.insertion.to_uppercase().as_str() {
            "Y" | "YES" => true,
            "" | "N" | "NO" => false,
            other => return Err(format!("The dynamic insertion {other} isn't valid.")),
        };
        let company = asked.segments.get(self.setup.chart.company);
        if !company.is_some_and(|own| self.setup.ledgers[ledger].companies.contains(own)) {
            return Err("The balancing segment value isn't assigned to the ledger.".to_owned());
        }
        let day = day_of(self.clock.now);
        let chart = &mut self.setup.chart;
        let text = asked.segments.join(&chart.delimiter.to_string());
        let found = if makes {
            chart.combination(&text, day).map(Some)
        } else {
            chart.probe(&text, day)
        };
        match found {
            Err(error) => Err(chart.words(&error)),
            Ok(None) if !self.options.validates_new_combinations => {
                Err("The account combination doesn't exist.".to_owned())
            }
            Ok(found) => Ok(found),
        }
    }
}

fn push_result(out: &mut String, asked: &Asked, found: &Result<Option<u32>, String>) {
    out.push_str("<ns0:result>");
    let mut put = |name: &str, text: &str| {
        let _ = write!(out, "<ns1:{name}>{}</ns1:{name}>", escape(text));
    };
    for (at, value) in asked.segments.iter().enumerate() {
        put(&format!("Segment{}", at + 1), value);
    }
    put("LedgerName", &asked.ledger);
    match found {
        Ok(number) => {
            if let Some(number) = number.and_then(|n| usize::try_from(n).ok()) {
                put("CcId", &id(COMBINATION_IDS, number).to_string());
            }
            put("Status", "Valid");
        }
        Err(words) => {
            put("Status", "Invalid");
            put("Error", words);
        }
    }
    out.push_str("</ns0:result>");
}
