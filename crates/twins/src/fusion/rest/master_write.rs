//! POST and PATCH of suppliers, sites, addresses and value-set values (fusion.md §8.1, §8.4).

use serde_json::{Map, Value as Json};

use super::cell::{at, to};
use super::schema::{Kind, Row};
use crate::fusion::FusionTwin;
use crate::fusion::body::{date, only, text};
use crate::fusion::fault::Fault;
use crate::fusion::setup::chart::Value;
use crate::fusion::setup::suppliers::{Address, Site, Supplier};

const SUPPLIER_IDS: i64 = 300_000_900_000_000;
/// Attributes of a supplier that are stored and shown again, with their greatest lengths (fusion.md §8.1; lengths [R]).
const SUPPLIER_EXTRAS: [(&str, usize); 11] = [
    ("AlternateName", 360),
    ("SupplierType", 80),
    ("SupplierTypeCode", 30),
    ("TaxOrganizationType", 80),
    ("TaxOrganizationTypeCode", 30),
    ("BusinessRelationship", 80),
    ("BusinessRelationshipCode", 30),
    ("TaxpayerCountry", 80),
    ("FederalReportableFlag", 5),
    ("FederalIncomeTaxType", 80),
    ("DUNSNumber", 30),
];

/// The stored attributes a body gives.
fn supplier_extras(body: &Map<String, Json>) -> Result<Vec<(&'static str, String)>, Fault> {
    let mut found = Vec::new();
    for (name, limit) in SUPPLIER_EXTRAS {
        if let Some(Json::Bool(flag)) = body.get(name) {
            found.push((name, flag.to_string()));
        } else if body.contains_key(name) {
            let value = text(body, name, limit, "/")?.unwrap_or_default();
            found.push((name, value.to_owned()));
        }
    }
    let relation = found.iter().find(|(n, _)| *n == "BusinessRelationshipCode");
    if relation.is_some_and(|(_, v)| !["SPEND_AUTHORIZED", "PROSPECTIVE"].contains(&v.as_str())) {
        return Err(Fault::not_listed("BusinessRelationshipCode", "/"));
    }
    Ok(found)
}

impl FusionTwin {
    pub(super) fn create_supplier(&mut self, body: &Map<String, Json>) -> Result<Row, Fault> {
        let known = [
            "Supplier",
            "SupplierNumber",
            "Alias",
            "TaxpayerId",
            "sites",
            "addresses",
        ];
        let kept = |k: &str| SUPPLIER_EXTRAS.iter().any(|(n, _)| *n == k);
        only(body, |k| known.contains(&k) || kept(k), "/")?;
        let extras = supplier_extras(body)?;
        let name = text(body, "Supplier", 360, "/")?
            .ok_or_else(|| Fault::required("Supplier", "Supplier", "/"))?;
        if self.setup.suppliers.has_name(name) {
            return Err(Fault::bad("A supplier with this name already exists.", "/"));
        }
        let count = self.setup.suppliers.list.len();
        let id = SUPPLIER_IDS + i64::try_from(count).unwrap_or(0);
        let number = text(body, "SupplierNumber", 30, "/")?
            .map_or_else(|| format!("FS-{id}"), str::to_owned);
        if self.setup.suppliers.numbered(&number).is_some() {
            return Err(Fault::bad(
                "A supplier with this number already exists.",
                "/",
            ));
        }
        for children in ["sites", "addresses"] {
            if body.contains_key(children) {
                return Err(Fault::bad(
                    format!("Create {children} with a request of their own."),
                    "/",
                ));
            }
        }
        let term = self
            .setup
            .terms
            .iter()
            .position(|t| t.days == 30)
            .unwrap_or(0);
        let place = self.setup.suppliers.add(Supplier {
            id,
            name: name.to_owned(),
            number,
            term,
            inactive: None,
            sites: Vec::new(),
            addresses: Vec::new(),
            alias: text(body, "Alias", 360, "/")?
                .unwrap_or_default()
                .to_owned(),
            taxpayer_id: text(body, "TaxpayerId", 30, "/")?
                .unwrap_or_default()
                .to_owned(),
            extras,
            created_ms: self.clock.now,
            updated_ms: self.clock.now,
        });
        self.changed();
        Ok(Row::root(Kind::Supplier, to(place)))
    }

    pub(super) fn update_supplier(
        &mut self,
        row: Row,
        body: &Map<String, Json>,
    ) -> Result<(), Fault> {
        let known = ["Alias", "TaxpayerId", "InactiveDate"];
        let kept = |k: &str| SUPPLIER_EXTRAS.iter().any(|(n, _)| *n == k);
        only(body, |k| known.contains(&k) || kept(k), "/")?;
        let extras = supplier_extras(body)?;
        let alias = text(body, "Alias", 360, "/")?.map(str::to_owned);
        let taxpayer = text(body, "TaxpayerId", 30, "/")?.map(str::to_owned);
        let inactive = date(body, "InactiveDate", "/")?;
        let now = self.clock.now;
        let supplier = &mut self.setup.suppliers.list[at(row.a)];
        supplier.alias = alias.unwrap_or_else(|| supplier.alias.clone());
        supplier.taxpayer_id = taxpayer.unwrap_or_else(|| supplier.taxpayer_id.clone());
        for (name, value) in extras {
            supplier.extras.retain(|(n, _)| *n != name);
            supplier.extras.push((name, value));
        }
        if body.contains_key("InactiveDate") {
            supplier.inactive = inactive;
        }
        supplier.updated_ms = now;
        self.changed();
        Ok(())
    }

    pub(super) fn create_site(
        &mut self,
        parent: Row,
        body: &Map<String, Json>,
    ) -> Result<Row, Fault> {
        only(
            body,
            |k| ["SupplierSite", "ProcurementBU", "SupplierAddressName"].contains(&k),
            "/",
        )?;
        let required = |name| Fault::required(name, "SupplierSite", "/");
        let name = text(body, "SupplierSite", 15, "/")?.ok_or_else(|| required("SupplierSite"))?;
        let unit =
            text(body, "ProcurementBU", 240, "/")?.ok_or_else(|| required("ProcurementBU"))?;
        let unit = self
            .setup
            .units
            .iter()
            .position(|u| u.name == unit)
            .ok_or_else(|| Fault::not_listed("ProcurementBU", "/"))?;
        let units = self.setup.units.len();
        let supplier = &mut self.setup.suppliers.list[at(parent.a)];
        if name == "MAIN"
            || supplier
                .sites
                .iter()
                .any(|s| s.unit == unit && s.name == name)
        {
            return Err(Fault::bad("A site with this name already exists.", "/"));
        }
        let place = supplier.sites.len();
        let id = supplier.id + 2_000_000_000 + i64::try_from(place).unwrap_or(0);
        supplier.sites.push(Site {
            id,
            name: name.to_owned(),
            unit,
            inactive: None,
        });
        self.changed();
        Ok(Row {
            kind: Kind::SupplierSite,
            a: parent.a,
            b: to(units + place),
        })
    }

    pub(super) fn update_site(&mut self, row: Row, body: &Map<String, Json>) -> Result<(), Fault> {
        only(body, |k| k == "InactiveDate", "/")?;
        let day = date(body, "InactiveDate", "/")?;
        let units = self.setup.units.len();
        let supplier = &mut self.setup.suppliers.list[at(row.a)];
        match at(row.b)
            .checked_sub(units)
            .and_then(|place| supplier.sites.get_mut(place))
        {
            Some(site) => site.inactive = day,
            None => return Err(Fault::bad("The site MAIN can't be made inactive.", "/")),
        }
        self.changed();
        Ok(())
    }

    pub(super) fn create_address(
        &mut self,
        parent: Row,
        body: &Map<String, Json>,
    ) -> Result<Row, Fault> {
        only(
            body,
            |k| {
                [
                    "AddressName",
                    "CountryCode",
                    "AddressLine1",
                    "City",
                    "PostalCode",
                ]
                .contains(&k)
            },
            "/",
        )?;
        let name = text(body, "AddressName", 240, "/")?
            .ok_or_else(|| Fault::required("AddressName", "SupplierAddress", "/"))?;
        let part =
            |name: &str| text(body, name, 240, "/").map(|t| t.unwrap_or_default().to_owned());
        let country = part("CountryCode")?;
        if country.len() != 2 {
            return Err(Fault::not_listed("CountryCode", "/"));
        }
        let (line, city, postal_code) = (part("AddressLine1")?, part("City")?, part("PostalCode")?);
        let supplier = &mut self.setup.suppliers.list[at(parent.a)];
        let place = supplier.addresses.len();
        let id = supplier.id + 3_000_000_000 + i64::try_from(place).unwrap_or(0);
        supplier.addresses.push(Address {
            id,
            name: name.to_owned(),
            country,
            line,
            city,
            postal_code,
        });
        self.changed();
        Ok(Row {
            kind: Kind::SupplierAddress,
            a: parent.a,
            b: to(place),
        })
    }

    pub(super) fn update_address(
        &mut self,
        row: Row,
        body: &Map<String, Json>,
    ) -> Result<(), Fault> {
        only(
            body,
            |k| ["AddressLine1", "City", "PostalCode"].contains(&k),
            "/",
        )?;
        let part = |name: &str| text(body, name, 240, "/").map(|t| t.map(str::to_owned));
        let (line, city, postal_code) = (part("AddressLine1")?, part("City")?, part("PostalCode")?);
        let address = &mut self.setup.suppliers.list[at(row.a)].addresses[at(row.b)];
        address.line = line.unwrap_or_else(|| address.line.clone());
        address.city = city.unwrap_or_else(|| address.city.clone());
        address.postal_code = postal_code.unwrap_or_else(|| address.postal_code.clone());
        self.changed();
        Ok(())
    }

    pub(super) fn create_value(
        &mut self,
        parent: Row,
        body: &Map<String, Json>,
    ) -> Result<Row, Fault> {
        only(
            body,
            |k| {
                [
                    "Value",
                    "Description",
                    "EnabledFlag",
                    "StartDateActive",
                    "EndDateActive",
                ]
                .contains(&k)
            },
            "/",
        )?;
        let segment = at(parent.a);
        if segment == self.setup.chart.account {
            return Err(Fault::bad(
                "The account type is required for a natural account value and can't be given here.",
                "/",
            ));
        }
        let code = text(body, "Value", 25, "/")?
            .ok_or_else(|| Fault::required("Value", "Value", "/"))?
            .to_owned();
        let enabled = flag(body)?.unwrap_or(true);
        let description = text(body, "Description", 240, "/")?
            .unwrap_or_default()
            .to_owned();
        let (from, to_day) = (
            date(body, "StartDateActive", "/")?,
            date(body, "EndDateActive", "/")?,
        );
        let value = Value {
            code,
            description,
            enabled,
            from,
            to: to_day,
            class: None,
        };
        if !self.setup.chart.add_value(segment, value) {
            return Err(Fault::bad(
                "The value already exists in the value set.",
                "/",
            ));
        }
        self.changed();
        Ok(Row {
            kind: Kind::Value,
            a: parent.a,
            b: to(self.setup.chart.segments[segment].values.len() - 1),
        })
    }

    pub(super) fn update_value(&mut self, row: Row, body: &Map<String, Json>) -> Result<(), Fault> {
        only(
            body,
            |k| {
                [
                    "Description",
                    "EnabledFlag",
                    "StartDateActive",
                    "EndDateActive",
                ]
                .contains(&k)
            },
            "/",
        )?;
        let enabled = flag(body)?;
        let description = text(body, "Description", 240, "/")?.map(str::to_owned);
        let (from, until) = (
            date(body, "StartDateActive", "/")?,
            date(body, "EndDateActive", "/")?,
        );
        let value = &mut self.setup.chart.segments[at(row.a)].values[at(row.b)];
        value.enabled = enabled.unwrap_or(value.enabled);
        value.description = description.unwrap_or_else(|| value.description.clone());
        if body.contains_key("StartDateActive") {
            value.from = from;
        }
        if body.contains_key("EndDateActive") {
            value.to = until;
        }
        self.changed();
        Ok(())
    }
}

fn flag(body: &Map<String, Json>) -> Result<Option<bool>, Fault> {
    match text(body, "EnabledFlag", 1, "/")? {
        None => Ok(None),
        Some("Y") => Ok(Some(true)),
        Some("N") => Ok(Some(false)),
        Some(_) => Err(Fault::not_listed("EnabledFlag", "/")),
    }
}
