//! Deletions, from the audit history: the only place that tells them (intacct-xml.md §5.2).
//!
//! They are few, so the open second is read again until it is over, by offset; a page that drifts repeats or is read again next time.

use tieout_connector::{Captured, Fault, FaultOrigin};
use tieout_model::{FaultClass, NaturalKey, Origin};

use crate::civil_time::{self, Second};
use crate::client::incompatible;
use crate::cursor::Stamped;
use crate::documents;
use crate::query::{Filter, Nature, Query};
use crate::source::Step;
use crate::xml::answer::Row;

const OBJECT: &str = "AUDITHISTORY";
const FIELDS: [&str; 5] = ["ID", "OBJECTTYPE", "OBJECTKEY", "ACCESSTIME", "ACCESSMODE"];

impl Stamped {
    /// The same stream from `ms` milliseconds before; what was met is read again.
    pub(super) fn moved_back(self, ms: i64) -> Self {
        match self.second() {
            None => self,
            Some(second) => Self::Closed {
                second: second.saturating_sub(ms / 1000),
            },
        }
    }
}

impl Step<'_> {
    /// Where the reading of deletions begins: a while before the present session, by the gateway's clock. What was deleted earlier was
    /// never captured.
    pub(super) async fn deletions_start(&self) -> Result<Stamped, Fault> {
        let client = &self.intacct.client;
        let back_ms = i64::try_from(client.config.capture.deletion_look_back_ms);
        let back_ms = back_ms.unwrap_or(i64::MAX);
        let began_ms = client.gateway_ms().await?;
        let second = began_ms.map_or(0, |ms| ms.saturating_sub(back_ms) / 1000);
        Ok(Stamped::Closed { second })
    }

    /// Deletions after `at`, and where the reading stands then.
    pub(super) async fn deletions(
        &self,
        at: Stamped,
        now_ms: i64,
    ) -> Result<(Vec<Captured>, Stamped), Fault> {
        let from = at.second().unwrap_or(0);
        let when = match at {
            Stamped::Closed { .. } => Filter::above("ACCESSTIME", self.text(from)),
            Stamped::Start | Stamped::Inside { .. } | Stamped::CaughtUp { .. } => {
                Filter::from("ACCESSTIME", self.text(from))
            }
        };
        // The mode is filtered by its code here, unlike every other list of values (§2.1 [D]).
        let filter = Filter::And(vec![
            Filter::equal("ACCESSMODE", "D"),
            Filter::equal("OBJECTTYPE", self.feed.audit_type),
            when,
        ]);
        let mut captured = Vec::new();
        let mut newest: Option<Second> = None;
        let mut offset = 0;
        loop {
            let table = self.audit_page(filter.clone(), offset).await?;
            for row in table.rows() {
                let (deleted, second) = self.deletion(row)?;
                captured.push(deleted);
                newest = newest.max(Some(second));
            }
            offset += table.count.unwrap_or(0);
            if table.remaining == Some(0) || table.len() == 0 {
                break;
            }
        }
        let last = newest.map(|second| (second, 0));
        Ok((captured, at.advanced(now_ms, self.settle_ms(), last, false)))
    }

    async fn audit_page(
        &self,
        filter: Filter,
        offset: u64,
    ) -> Result<crate::xml::answer::Table, Fault> {
        let client = &self.intacct.client;
        let query = Query {
            object: OBJECT,
            fields: &FIELDS.map(str::to_owned),
            filter,
            order: &["ACCESSTIME", "ID"],
            page_size: client.config.bounds.page_size,
            offset,
            shows_private: client.config.shows_private,
        };
        let mut function = query.function();
        function.nature = Nature::SporadicRead;
        client.query_function(&function).await.map_err(|mut fault| {
            if fault.class == FaultClass::Unauthorised && fault.origin == FaultOrigin::Application {
                fault.detail = format!(
                    "{}; deletions are told by the audit history alone, which needs the custom-reports View permission: grant it, or set reads_deletions to false and delete by hand on both sides",
                    fault.detail
                );
            }
            fault
        })
    }

    /// One deletion. The key is a record number, or one followed by `--REC`; for a key of another form the record can't be told, which is
    /// reported.
    fn deletion(&self, row: Row<'_>) -> Result<(Captured, Second), Fault> {
        let (key, at) = (row.named("OBJECTKEY"), row.named("ACCESSTIME"));
        let second = civil_time::second(at, self.zone).ok_or_else(|| {
            let detail =
                format!("the deletion of {key:?} has the time {at:?}, which can't be read");
            incompatible("query AUDITHISTORY", detail)
        })?;
        let record = key.split("--").next().and_then(documents::integer);
        let origin = |key: String| Origin {
            system: self.intacct.client.config.system.clone(),
            company: self.intacct.client.config.company_id.clone(),
            natural_key: NaturalKey::new(format!("{}/{key}", self.feed.object)),
        };
        let deleted = match record {
            Some(record) => Captured::Deleted {
                origin: origin(record.to_string()),
                at: civil_time::instant(second),
            },
            None => Captured::Malformed {
                origin: origin(key.to_owned()),
                number: key.to_owned(),
                kind: self.feed.kind,
                entity: None,
                problem: format!(
                    "the audit history says that {key:?} was deleted at {at}, which is no record number; look it up and delete it by hand"
                ),
            },
        };
        Ok((deleted, second))
    }
}
