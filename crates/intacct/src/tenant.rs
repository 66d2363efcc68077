//! What is asked of a company once and then known: its user's zone, its entities with their currencies, its objects' fields.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tieout_connector::Fault;
use tieout_model::{Currency, EntityId};
use tokio::sync::Mutex;

use crate::civil_time::{self, Zone};
use crate::client::{Client, incompatible};
use crate::config::UserZone;
use crate::query::{self, Filter, Query};

/// What is known so far.
#[derive(Debug, Default)]
pub(crate) struct Tenant {
    zone: Mutex<Option<Zone>>,
    entities: Mutex<Option<Arc<Entities>>>,
    fields: Mutex<BTreeMap<String, Arc<BTreeSet<String>>>>,
}

/// The company's entities (LOCATIONENTITY).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entities {
    currencies: BTreeMap<String, Currency>,
    by_record: BTreeMap<String, String>,
}

impl Entities {
    /// The entity that `text` names by id or record number.
    pub(crate) fn resolve(&self, text: &str) -> Option<EntityId> {
        let id = match self.currencies.contains_key(text) {
            true => text,
            false => self.by_record.get(text)?,
        };
        Some(EntityId::new(id))
    }

    /// An entity's functional currency.
    pub(crate) fn currency(&self, entity: &EntityId) -> Option<Currency> {
        self.currencies.get(entity.as_str()).copied()
    }

    /// Ids of all of them.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.currencies.keys().map(String::as_str)
    }

    #[cfg(test)]
    pub(crate) fn of(pairs: &[(&str, &str, &str)]) -> Self {
        let mut entities = Self::default();
        for (record, id, currency) in pairs {
            let currency = currency.parse().unwrap();
            entities.currencies.insert((*id).to_owned(), currency);
            entities
                .by_record
                .insert((*record).to_owned(), (*id).to_owned());
        }
        entities
    }
}

impl Tenant {
    /// The zone in which the user sees stamps.
    ///
    /// # Errors
    /// [`Fault`] if it can't be asked; [`tieout_model::FaultClass::Incompatible`] if the formats are not understood.
    pub(crate) async fn zone(&self, client: &Client) -> Result<Zone, Fault> {
        let mut known = self.zone.lock().await;
        if let Some(zone) = *known {
            return Ok(zone);
        }
        let zone = match &client.config.zone {
            UserZone::Fixed { offset_minutes } => Zone(*offset_minutes),
            UserZone::Discover {
                date_formats,
                clocks,
            } => discover_zone(client, date_formats, clocks).await?,
        };
        *known = Some(zone);
        Ok(zone)
    }

    /// The entities as last read.
    ///
    /// # Errors
    /// [`Fault`] if they can't be read.
    pub(crate) async fn entities(&self, client: &Client) -> Result<Arc<Entities>, Fault> {
        let mut known = self.entities.lock().await;
        if let Some(entities) = known.as_ref() {
            return Ok(Arc::clone(entities));
        }
        let read = Arc::new(read_entities(client).await?);
        *known = Some(Arc::clone(&read));
        Ok(read)
    }

    /// The entities read anew, because one was met that is not among `stale`.
    ///
    /// # Errors
    /// [`Fault`] if they can't be read.
    pub(crate) async fn entities_after(
        &self,
        client: &Client,
        stale: &Arc<Entities>,
    ) -> Result<Arc<Entities>, Fault> {
        let mut known = self.entities.lock().await;
        if let Some(entities) = known.as_ref()
            && !Arc::ptr_eq(entities, stale)
        {
            return Ok(Arc::clone(entities));
        }
        let read = Arc::new(read_entities(client).await?);
        *known = Some(Arc::clone(&read));
        Ok(read)
    }

    /// The fields to select: all `required` ones, and those of `optional` that the company has.
    ///
    /// # Errors
    /// [`Fault`] if the fields can't be asked; [`tieout_model::FaultClass::Incompatible`] naming every missing required one.
    pub(crate) async fn select(
        &self,
        client: &Client,
        object: &str,
        required: Vec<String>,
        optional: Vec<String>,
    ) -> Result<Vec<String>, Fault> {
        let mut fields = required;
        if !client.config.discovers_fields {
            fields.extend(optional);
        } else {
            let known = self.fields(client, object).await?;
            let missing: Vec<&str> = fields
                .iter()
                .filter(|field| !known.contains(*field))
                .map(String::as_str)
                .collect();
            if !missing.is_empty() {
                let detail = format!(
                    "{object} has no field {}; check the configured field names of this company, or set discovers_fields to false",
                    missing.join(", ")
                );
                return Err(incompatible(&format!("lookup {object}"), detail));
            }
            fields.extend(optional.into_iter().filter(|field| known.contains(field)));
        }
        let mut met = BTreeSet::new();
        fields.retain(|field| met.insert(field.clone()));
        Ok(fields)
    }

    async fn fields(&self, client: &Client, object: &str) -> Result<Arc<BTreeSet<String>>, Fault> {
        let mut known = self.fields.lock().await;
        if let Some(fields) = known.get(object) {
            return Ok(Arc::clone(fields));
        }
        let table = client.call(&query::lookup(object)).await?.data;
        let column = table.column("Fields.Field.ID");
        let fields: BTreeSet<String> = table
            .rows()
            .flat_map(|row| row.repeated(column).map(str::to_owned))
            .collect();
        if fields.is_empty() {
            let detail = "the answer lists no fields";
            return Err(incompatible(&format!("lookup {object}"), detail));
        }
        let fields = Arc::new(fields);
        known.insert(object.to_owned(), Arc::clone(&fields));
        Ok(fields)
    }
}

async fn discover_zone(
    client: &Client,
    date_formats: &BTreeSet<String>,
    clocks: &BTreeSet<String>,
) -> Result<Zone, Fault> {
    let user = query::read_by_name("USERINFO", &client.config.user_id, "RECORDNO,LOGINID");
    let table = client.call(&user).await?.data;
    let record = table.row(0).map_or("", |row| row.named("RECORDNO"));
    if record.is_empty() {
        let detail = format!("there is no user {:?} to read", client.config.user_id);
        return Err(incompatible("readByName USERINFO", detail));
    }
    let table = client.call(&query::user_formatting(record)).await?.data;
    let said = |name: &str| table.row(0).map_or("", |row| row.named(name));
    let (format, clock, offset) = (said("dateformat"), said("clock"), said("gmtoffset"));
    if !date_formats.contains(format) || !clocks.contains(clock) {
        let detail = format!(
            "the user's date format {format:?} with clock {clock:?} is not understood; give the user one of {date_formats:?} with {clocks:?}"
        );
        return Err(incompatible("readUserFormatting", detail));
    }
    let minutes = civil_time::offset_minutes(offset).ok_or_else(|| {
        let detail = format!("the user's zone {offset:?} is not understood; set a fixed zone");
        incompatible("readUserFormatting", detail)
    })?;
    Ok(Zone(minutes))
}

async fn read_entities(client: &Client) -> Result<Entities, Fault> {
    let fields = ["RECORDNO", "LOCATIONID", "CURRENCY"].map(str::to_owned);
    let mut entities = Entities::default();
    let mut after: i64 = 0;
    loop {
        let query = Query {
            object: "LOCATIONENTITY",
            fields: &fields,
            filter: Filter::above("RECORDNO", after.to_string()),
            order: &["RECORDNO"],
            page_size: client.config.bounds.page_size,
            offset: 0,
            shows_private: client.config.shows_private,
        };
        let table = client.query(&query).await?;
        for row in table.rows() {
            let (record, id) = (row.named("RECORDNO"), row.named("LOCATIONID"));
            let currency: Currency = row.named("CURRENCY").parse().map_err(|fault| {
                incompatible("query LOCATIONENTITY", format!("entity {id:?}: {fault}"))
            })?;
            entities.currencies.insert(id.to_owned(), currency);
            entities.by_record.insert(record.to_owned(), id.to_owned());
            after = crate::documents::integer(record).ok_or_else(|| {
                let detail = format!("entity {id:?} has the record number {record:?}");
                incompatible("query LOCATIONENTITY", detail)
            })?;
        }
        if table.remaining == Some(0) || table.len() == 0 {
            return Ok(entities);
        }
    }
}
