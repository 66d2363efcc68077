//! Accounts and values of dimensions as the company has them: read to find out what a mapping must cover.

use tieout_connector::Fault;
use tieout_model::EntityId;

use crate::Intacct;
use crate::client::incompatible;
use crate::query::{Filter, Query};

/// An account, or a value of a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceValue {
    /// Its id, as lines carry it.
    pub id: String,
    /// Its name; empty if it has none.
    pub name: String,
    /// False if the company has made it inactive: nothing new is coded to it.
    pub is_active: bool,
}

/// The object that holds the values of a dimension, with the fields of id and name (intacct-xml.md §4.1, §4.7 [V]).
struct Master {
    object: String,
    id: &'static str,
    name: &'static str,
    has_status: bool,
}

/// Standard dimensions by the field that names them on a line.
const STANDARD: [(&str, &str, &str, &str); 8] = [
    ("LOCATIONID", "LOCATION", "LOCATIONID", "NAME"),
    ("DEPARTMENTID", "DEPARTMENT", "DEPARTMENTID", "TITLE"),
    ("PROJECTID", "PROJECT", "PROJECTID", "NAME"),
    ("CUSTOMERID", "CUSTOMER", "CUSTOMERID", "NAME"),
    ("VENDORID", "VENDOR", "VENDORID", "NAME"),
    (
        "EMPLOYEEID",
        "EMPLOYEE",
        "EMPLOYEEID",
        "PERSONALINFO.CONTACTNAME",
    ),
    ("ITEMID", "ITEM", "ITEMID", "NAME"),
    ("CLASSID", "CLASS", "CLASSID", "NAME"),
];

/// Fields of custom dimensions begin so; the rest is the name of their object (intacct-xml.md §3.5 [V][C]).
const CUSTOM: &str = "GLDIM";

/// Labels of the status of a record that nothing new is coded to.
const INACTIVE: [&str; 2] = ["inactive", "Inactive"];

impl Intacct {
    /// Names of the dimensions that lines of this company may carry.
    pub fn dimensions(&self) -> impl Iterator<Item = &str> {
        self.client.config.dimensions.keys().map(String::as_str)
    }

    /// Every entity of the company, whether a flow carries it or not.
    ///
    /// # Errors
    /// [`Fault`] if they can't be read.
    pub async fn entities(&self) -> Result<Vec<EntityId>, Fault> {
        let entities = self.tenant.entities(&self.client).await?;
        Ok(entities.ids().map(EntityId::new).collect())
    }

    /// Every ledger account, statistical ones included.
    ///
    /// # Errors
    /// [`Fault`] if they can't be read completely.
    pub async fn accounts(&self) -> Result<Vec<SourceValue>, Fault> {
        let mut all = Vec::new();
        for object in ["GLACCOUNT", "STATACCOUNT"] {
            let master = Master {
                object: object.to_owned(),
                id: "ACCOUNTNO",
                name: "TITLE",
                has_status: true,
            };
            all.extend(self.read_master(&master).await?);
        }
        Ok(all)
    }

    /// Every value of a dimension; `None` if lines of this company do not carry it.
    ///
    /// # Errors
    /// [`Fault`] if they can't be read completely.
    pub async fn dimension_values(
        &self,
        dimension: &str,
    ) -> Result<Option<Vec<SourceValue>>, Fault> {
        let Some(field) = self.client.config.dimensions.get(dimension) else {
            return Ok(None);
        };
        let mut standard = STANDARD.iter();
        let master = match standard.find(|(line, ..)| *line == field.item) {
            Some((_, object, id, name)) => Master {
                object: (*object).to_owned(),
                id,
                name,
                has_status: true,
            },
            None => Master {
                object: field.item.trim_start_matches(CUSTOM).to_owned(),
                id: "id",
                name: "name",
                has_status: false,
            },
        };
        self.read_master(&master).await.map(Some)
    }

    async fn read_master(&self, master: &Master) -> Result<Vec<SourceValue>, Fault> {
        let mut fields = vec![master.id.to_owned(), master.name.to_owned()];
        if master.has_status {
            fields.push("STATUS".to_owned());
        }
        let mut found: Vec<SourceValue> = Vec::new();
        let size = self.client.config.bounds.page_size;
        let mut offset = 0_u64;
        loop {
            let query = Query {
                object: &master.object,
                fields: &fields,
                filter: Filter::present(master.id),
                order: &[master.id],
                page_size: size,
                offset,
                shows_private: self.client.config.shows_private,
            };
            let table = self.client.query(&query).await?;
            for row in table.rows() {
                let value = SourceValue {
                    id: row.named(master.id).to_owned(),
                    name: row.named(master.name).to_owned(),
                    is_active: !INACTIVE.contains(&row.named("STATUS")),
                };
                // A value that was added while we read moves the later ones on by one place.
                if found.last().is_none_or(|last| last.id != value.id) {
                    found.push(value);
                }
            }
            if table.remaining == Some(0) {
                return Ok(found);
            }
            if table.len() == 0 {
                let operation = format!("query {}", master.object);
                return Err(incompatible(
                    &operation,
                    "an empty page announces more rows",
                ));
            }
            offset = offset.saturating_add(u64::try_from(table.len()).unwrap_or(u64::MAX));
        }
    }
}
