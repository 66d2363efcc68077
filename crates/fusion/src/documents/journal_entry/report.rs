//! Finds, in the logs of an import, why one document was rejected.
//!
//! The reports of Journal Import are meant for paper: rows with their codes, and at the end a legend of every code there is (fusion.md
//! §9.5), so a code counts only next to the stamp of the document.

use tieout_connector::Fault;
use tieout_model::delivery::STAMP_PREFIX;
use tieout_model::{FaultClass, Rejection, Stamp};

use crate::client::not_understood;
use crate::documents::journal_entry::jobs::Request;
use crate::documents::refusal::remedy_of;
use crate::system::Fusion;
use crate::wire::archive::{bytes_of_base64, texts_of};
use crate::wire::attribute::{shortened, text};
use crate::wire::query::Query;

/// Lines around a stamp in which its code is looked for.
const WINDOW: usize = 12;
/// Requests whose output is read for one import.
const REQUESTS_MAX: usize = 10;
/// Characters kept of a message.
const MESSAGE_LEN_MAX: usize = 1000;

/// What the outputs of an import say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    /// Lines of all outputs, markup broken into one line per element.
    pub(crate) lines: Vec<String>,
    /// Set if the file never reached the import: what the loader said.
    pub(crate) load_failure: Option<String>,
}

impl Fusion {
    /// Reads the outputs of `requests`, imports first.
    pub(crate) async fn report_of(
        &self,
        requests: &[Request],
        has_imported: bool,
    ) -> Result<Report, Fault> {
        let mut ordered: Vec<&Request> = requests.iter().collect();
        ordered.sort_by_key(|request| !self.is_import(request));
        let mut report = Report::default();
        for request in ordered.into_iter().take(REQUESTS_MAX) {
            report.lines.extend(self.output_of(&request.id).await?);
        }
        let root_state = requests.first().map(|root| root.state.as_str());
        if !has_imported && matches!(root_state, Some("ERROR" | "FAILED")) {
            report.load_failure = report
                .lines
                .iter()
                .find(|line| tells_failure(line))
                .cloned();
        }
        Ok(report)
    }

    /// Lines of the outputs of one request; none if the tenant offers none.
    async fn output_of(&self, request: &str) -> Result<Vec<String>, Fault> {
        let operation = "GET erpintegrations";
        let finder = format!("ESSJobExecutionDetailsRF;requestId={request},fileType=ALL");
        let path = self.client.resource("erpintegrations");
        let query = Query::default().with("finder", &finder);
        let rows = match self.client.all(operation, &path, &query).await {
            Ok(rows) => rows,
            Err(fault)
                if matches!(fault.class, FaultClass::Incompatible | FaultClass::Rejected) =>
            {
                return Ok(Vec::new());
            }
            Err(fault) => return Err(fault),
        };
        let content = rows
            .first()
            .map(|row| text(&row.value, "DocumentContent"))
            .unwrap_or_default();
        if content.is_empty() {
            return Ok(Vec::new());
        }
        let unreadable = |e| not_understood(format!("reading the output of request {request}"), e);
        let zip = bytes_of_base64(&content).map_err(unreadable)?;
        let texts = texts_of(&zip).map_err(unreadable)?;
        Ok(texts.iter().flat_map(|(_, text)| lines_of(text)).collect())
    }
}

fn lines_of(text: &str) -> Vec<String> {
    text.replace("><", ">\n<")
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Why the document stamped `stamp` was rejected, if the report says so.
pub(crate) fn rejection_of(report: &Report, stamp: &Stamp) -> Option<Rejection> {
    let lines = &report.lines;
    let mentions: Vec<usize> = (0..lines.len())
        .filter(|&i| lines.get(i).is_some_and(|line| mentions(line, stamp)))
        .collect();
    let near = mentions.iter().find_map(|&i| near(lines, i, stamp));
    let plain = || {
        let mut said = mentions.iter().filter_map(|&i| lines.get(i));
        let line = said.find(|line| tells_failure(line))?;
        Some((String::new(), line.clone()))
    };
    if let Some((code, line)) = near.or_else(plain) {
        let message = shortened(&without_tags(&line), MESSAGE_LEN_MAX);
        return Some(Rejection {
            place: place_in(&message),
            remedy: remedy_of(&code, &message).to_owned(),
            code,
            message,
        });
    }
    report.load_failure.as_ref().map(|line| Rejection {
        code: String::new(),
        message: format!("the whole file was discarded: {}", without_tags(line)),
        place: "file".to_owned(),
        remedy: "no row of the file was loaded; retry, and keep the answer if it fails again"
            .to_owned(),
    })
}

/// The code next to mention `at`: in its line, then after it, then before it; never past another document or a blank line.
fn near(lines: &[String], at: usize, stamp: &Stamp) -> Option<(String, String)> {
    let coded = |line: &String| code_in(line).map(|code| (code, line.clone()));
    let is_inside = |line: &&String| {
        !line.trim().is_empty() && (!line.contains(STAMP_PREFIX) || mentions(line, stamp))
    };
    let after = lines.iter().skip(at).take(WINDOW).take_while(is_inside);
    let before = lines
        .iter()
        .take(at)
        .rev()
        .take(WINDOW)
        .take_while(is_inside);
    after.chain(before).find_map(coded)
}

/// True if `line` holds exactly this stamp, not that of a correction of it.
fn mentions(line: &str, stamp: &Stamp) -> bool {
    line.match_indices(stamp.as_str()).any(|(i, found)| {
        let rest = line.get(i + found.len()..).unwrap_or_default();
        let is_longer = rest.starts_with(|c: char| c.is_ascii_alphanumeric());
        let is_numbered = rest
            .strip_prefix('-')
            .is_some_and(|tail| tail.starts_with(|c: char| c.is_ascii_digit()));
        !is_longer && !is_numbered
    })
}

/// A code of the import: E, a capital, two digits (fusion.md §9.5).
fn code_in(line: &str) -> Option<String> {
    line.split(|c: char| !c.is_ascii_alphanumeric())
        .find(|word| {
            matches!(
                word.as_bytes(),
                [b'E', b'A'..=b'Z', b'0'..=b'9', b'0'..=b'9']
            )
        })
        .map(str::to_owned)
}

fn tells_failure(line: &str) -> bool {
    let lower = line.to_lowercase();
    ["error", "reject", "invalid", "discard", "failed"]
        .iter()
        .any(|word| lower.contains(word))
}

/// `SEGMENT=Account VALUE=99999` of a flexfield message, else empty.
fn place_in(message: &str) -> String {
    let parts = message.split(['(', ')']).map(str::trim);
    let named = parts.filter(|part| part.starts_with("SEGMENT=") || part.starts_with("VALUE="));
    named.collect::<Vec<_>>().join(" ")
}

fn without_tags(line: &str) -> String {
    let mut out = String::new();
    let mut is_tag = false;
    for c in line.chars() {
        match c {
            '<' => is_tag = true,
            '>' if is_tag => is_tag = false,
            _ if !is_tag => out.push(c),
            _ => {}
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use tieout_model::Stamp;

    use super::{Report, lines_of, rejection_of};

    const OURS: &str = "TIEOUT-0123456789ABCDEF012";

    fn check(report: &str, code: Option<&str>, place: &str) {
        let report = Report {
            lines: lines_of(report),
            load_failure: None,
        };
        let found = rejection_of(&report, &Stamp::read(OURS).unwrap());
        let found = found.map(|r| (r.code, r.place));
        assert_eq!(found, code.map(|c| (c.to_owned(), place.to_owned())));
    }

    #[test]
    fn a_code_counts_only_next_to_the_stamp() {
        let report = format!(
            "{OURS} JE-1 EF04 FLEX-VALUE DOES NOT EXIST (SEGMENT=Account) (VALUESET=Corporate Account) (VALUE=99999)\n\nEP01 legend"
        );
        check(&report, Some("EF04"), "SEGMENT=Account VALUE=99999");
        check(
            &format!("{OURS} JE-1\n\nLegend\nEP01 period is not open"),
            None,
            "",
        );
        check(
            "TIEOUT-FFFFFFFFFFFFFFFFFFF JE-2 EP01 period is not open",
            None,
            "",
        );
    }

    #[test]
    fn the_code_of_a_correction_is_not_that_of_the_document() {
        check(&format!("{OURS}-1 JE-1 EU02 unbalanced"), None, "");
    }

    #[test]
    fn elements_of_markup_on_one_line_are_taken_apart() {
        let report = format!(
            "<ROW><BATCH>{OURS}</BATCH><STATUS>EP01</STATUS></ROW><ROW><BATCH>TIEOUT-FFFFFFFFFFFFFFFFFFF</BATCH><STATUS>EU02</STATUS></ROW>"
        );
        check(&report, Some("EP01"), "");
    }
}
