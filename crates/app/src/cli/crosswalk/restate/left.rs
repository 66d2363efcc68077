//! What a restatement leaves where it stands: told to whoever draws it up, and part of what is approved.

use tieout_engine::crosswalk::trial::{Carried, Simulation, not_restated};
use tieout_engine::crosswalk::{Crosswalk, Json};
use tieout_model::{Code, Period};

use crate::report;

/// What is not moved, and why.
pub(super) struct Left {
    rows: Vec<Carried>,
    /// The version that coded the period, if its flexfields are others.
    flexfields_of: Option<String>,
}

impl Left {
    /// Of the documents of `period` under `version`.
    pub(super) fn of(
        simulation: &Simulation<'_>,
        crosswalk: &Crosswalk,
        version: &str,
        period: &Period,
    ) -> Self {
        let mut all = crosswalk.versions().iter();
        let new = all.find(|file| file.version == version);
        let old = crosswalk.version_on(period.end);
        let differs = old.zip(new).filter(|(old, new)| old.dff != new.dff);
        Self {
            rows: not_restated(simulation),
            flexfields_of: differs.map(|(old, _)| old.version.clone()),
        }
    }

    pub(super) fn show(&self) {
        if !self.rows.is_empty() {
            report::say("not moved by this restatement:");
            let rows = self.rows.iter().map(|one| {
                vec![
                    one.entity.clone(),
                    one.currency.to_string(),
                    joined(&one.old),
                    joined(&one.new),
                    report::grouped(&one.balance.to_string()),
                    why(one).to_owned(),
                ]
            });
            let header = ["entity", "ccy", "stays at", "would be", "net", "because"];
            report::data(&report::rows_table(&header, rows));
        }
        if let Some(version) = &self.flexfields_of {
            report::say(&format!(
                "not moved by this restatement: flexfields; documents that were sent keep those of version {version}"
            ));
        }
    }

    pub(super) fn to_json(&self) -> Json {
        let rows = self.rows.iter().map(|one| {
            Json::object([
                ("entity", Json::text(&one.entity)),
                ("currency", Json::text(&one.currency.to_string())),
                ("old", Json::text(&joined(&one.old))),
                ("new", Json::text(&joined(&one.new))),
                ("net", Json::text(&one.balance.to_string())),
                ("because", Json::text(why(one))),
            ])
        });
        let flexfields = self.flexfields_of.as_deref();
        Json::object([
            ("balances", Json::List(rows.collect())),
            ("flexfields_of", flexfields.map_or(Json::Null, Json::text)),
        ])
    }
}

fn why(one: &Carried) -> &'static str {
    if one.currency.is_statistical() {
        "a quantity: it stays where the version of its day put it"
    } else {
        "it carries forward: `tieout crosswalk migrate` moves it"
    }
}

fn joined(segments: &[Code]) -> String {
    let all: Vec<&str> = segments.iter().map(Code::as_str).collect();
    all.join("-")
}
