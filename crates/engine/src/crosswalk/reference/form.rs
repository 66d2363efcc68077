//! The JSON form of the reference data. Its canonical bytes are what is signed.

use std::collections::BTreeMap;

use tieout_model::{AccountClass, AccountingDate, Calendar, Currency, Period};

use crate::crosswalk::file::Test;
use crate::crosswalk::json::Json;
use crate::crosswalk::place::{FileFault, Place};
use crate::crosswalk::reference::{EntityRow, Forbidden, Reference, Validity, WhenBlank};

impl Reference {
    /// The canonical bytes: canonical JSON, the same for equal data.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        self.to_json().canonical()
    }

    /// The JSON form.
    pub fn to_json(&self) -> Json {
        let accounts = text_map(&self.accounts, |class| Json::text(class.word()));
        // Left out when there is none, so that data signed before hierarchies existed keeps its digest.
        let hierarchies = (!self.hierarchies.is_empty()).then(|| {
            let all = text_map(&self.hierarchies, |parents| {
                text_map(parents, |parent| Json::text(parent))
            });
            ("hierarchies", all)
        });
        let members = [
            ("accounts", accounts),
            ("dimensions", text_map(&self.dimensions, blank_to_json)),
            ("entities", text_map(&self.entities, entity_to_json)),
            (
                "forbidden",
                Json::List(self.forbidden.iter().map(forbidden_to_json).collect()),
            ),
            (
                "parties",
                text_map(&self.parties, |number| Json::text(number)),
            ),
            (
                "periods",
                Json::List(self.calendar.periods().iter().map(period_to_json).collect()),
            ),
            (
                "segment_values",
                text_map(&self.segment_values, |values| {
                    text_map(values, validity_to_json)
                }),
            ),
            (
                "target_accounts",
                text_map(&self.target_accounts, |class| Json::text(class.word())),
            ),
        ];
        Json::object(members.into_iter().chain(hierarchies))
    }

    /// Reads the JSON form, in any order of members.
    ///
    /// # Errors
    /// [`FileFault`] naming the place; also for data that contradicts itself.
    pub fn parse(bytes: &[u8]) -> Result<Self, FileFault> {
        let json = Json::parse(bytes).map_err(|what| FileFault {
            place: "reference".to_owned(),
            what,
        })?;
        let file = Place::root(&json, "reference");
        let required = ["entities", "accounts", "parties", "periods", "dimensions"];
        let optional = [
            "segment_values",
            "forbidden",
            "hierarchies",
            "target_accounts",
        ];
        let m = file.members(&required, &optional)?;
        let values = |place: &Place<'_>| place.map(|values| values.map(validity));
        let reference = Self {
            entities: m.get("entities").map(entity)?,
            accounts: m.get("accounts").map(class)?,
            parties: m.get("parties").map(Place::word)?,
            calendar: Calendar::new(m.get("periods").each(period)?),
            dimensions: m.get("dimensions").map(blank)?,
            hierarchies: m
                .maybe("hierarchies", |all| {
                    all.map(|parents| parents.map(Place::word))
                })?
                .unwrap_or_default(),
            target_accounts: m
                .maybe("target_accounts", |accounts| accounts.map(class))?
                .unwrap_or_default(),
            segment_values: m.maybe("segment_values", values)?.unwrap_or_default(),
            forbidden: m
                .maybe("forbidden", |list| list.each(forbidden))?
                .unwrap_or_default(),
        };
        match reference.contradictions().first() {
            Some(fault) => Err(file.fault(fault.to_string())),
            None => Ok(reference),
        }
    }
}

fn text_map<T>(map: &BTreeMap<String, T>, write: impl Fn(&T) -> Json) -> Json {
    Json::object(
        map.iter()
            .map(|(name, value)| (name.as_str(), write(value))),
    )
}

fn entity_to_json(entity: &EntityRow) -> Json {
    Json::object([
        ("balancing_segment", Json::text(&entity.balancing_segment)),
        ("business_unit", Json::text(&entity.business_unit)),
        (
            "columns",
            text_map(&entity.columns, |cell| Json::text(cell)),
        ),
        ("currency", Json::text(entity.currency.code())),
        ("ledger", Json::text(&entity.ledger)),
        ("legal_entity", Json::text(&entity.legal_entity)),
    ])
}

fn entity(place: &Place<'_>) -> Result<EntityRow, FileFault> {
    let names = [
        "balancing_segment",
        "business_unit",
        "columns",
        "currency",
        "ledger",
        "legal_entity",
    ];
    let m = place.members(&names, &[])?;
    let code = m.get("currency");
    let currency: Result<Currency, _> = code.text()?.parse();
    Ok(EntityRow {
        currency: currency.map_err(|fault| code.fault(fault.to_string()))?,
        ledger: m.get("ledger").word()?,
        legal_entity: m.get("legal_entity").text()?,
        business_unit: m.get("business_unit").text()?,
        balancing_segment: m.get("balancing_segment").word()?,
        columns: m.get("columns").map(Place::text)?,
    })
}

fn class(place: &Place<'_>) -> Result<AccountClass, FileFault> {
    let class: Result<AccountClass, _> = place.text()?.parse();
    class.map_err(|fault| place.fault(fault.to_string()))
}

fn blank_to_json(blank: &WhenBlank) -> Json {
    match blank {
        WhenBlank::Required => Json::object([("required", Json::Bool(true))]),
        WhenBlank::Default(value) => Json::object([("default", Json::text(value))]),
        WhenBlank::Empty => Json::object([]),
    }
}

fn blank(place: &Place<'_>) -> Result<WhenBlank, FileFault> {
    let m = place.members(&[], &["required", "default"])?;
    let is_required = m.maybe("required", Place::flag)?.unwrap_or(false);
    match (is_required, m.maybe("default", Place::word)?) {
        (true, None) => Ok(WhenBlank::Required),
        (false, Some(value)) => Ok(WhenBlank::Default(value)),
        (false, None) => Ok(WhenBlank::Empty),
        (true, Some(_)) => Err(place.fault("is required, so a default has no meaning")),
    }
}

fn date_to_json(date: Option<AccountingDate>) -> Json {
    date.map_or(Json::Null, |date| Json::text(&date.to_string()))
}

fn validity_to_json(validity: &Validity) -> Json {
    let (from, to) = (date_to_json(validity.from), date_to_json(validity.to));
    Json::object([("from", from), ("to", to)])
}

fn validity(place: &Place<'_>) -> Result<Validity, FileFault> {
    let m = place.members(&[], &["from", "to"])?;
    Ok(Validity {
        from: m.maybe("from", Place::date)?,
        to: m.maybe("to", Place::date)?,
    })
}

fn period_to_json(period: &Period) -> Json {
    Json::object([
        ("adjusting", Json::Bool(period.is_adjusting)),
        ("end", date_to_json(Some(period.end))),
        ("fiscal_year", Json::Integer(period.fiscal_year.into())),
        ("name", Json::text(&period.name)),
        ("name_there", Json::text(&period.name_there)),
        ("number", Json::Integer(period.number.into())),
        ("start", date_to_json(Some(period.start))),
    ])
}

fn period(place: &Place<'_>) -> Result<Period, FileFault> {
    let names = [
        "adjusting",
        "end",
        "fiscal_year",
        "name",
        "name_there",
        "number",
        "start",
    ];
    let m = place.members(&names, &[])?;
    Ok(Period {
        name: m.get("name").word()?,
        name_there: m.get("name_there").word()?,
        fiscal_year: m.get("fiscal_year").integer()?,
        number: m.get("number").integer()?,
        start: m.get("start").date()?,
        end: m.get("end").date()?,
        is_adjusting: m.get("adjusting").flag()?,
    })
}

fn forbidden_to_json(rule: &Forbidden) -> Json {
    let condition = |(segment, test): &(String, Test)| {
        let [operator, values] = test.to_json();
        Json::List(vec![Json::text(segment), operator, values])
    };
    let when = rule.when.iter().map(condition).collect();
    Json::object([("id", Json::text(&rule.id)), ("when", Json::List(when))])
}

fn forbidden(place: &Place<'_>) -> Result<Forbidden, FileFault> {
    let m = place.members(&["id", "when"], &[])?;
    let condition = |condition: &Place<'_>| {
        let parts = condition.list()?;
        let [segment, operator, value] = &parts[..] else {
            return Err(condition.fault("is not [segment, operator, value]"));
        };
        Ok((segment.word()?, Test::read(operator, value)?))
    };
    let when = m.get("when").each(condition)?;
    if when.is_empty() {
        return Err(place.fault("has no condition, so it would refuse every combination"));
    }
    Ok(Forbidden {
        id: m.get("id").word()?,
        when,
    })
}
