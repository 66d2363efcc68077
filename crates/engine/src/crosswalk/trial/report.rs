//! The result of a trial as one canonical document: what the signer looks at, and whose hash the signature names.

use std::collections::BTreeMap;

use tieout_model::{Amount, AmountFault, Code, Currency, Digest};

use crate::crosswalk::json::Json;
use crate::crosswalk::trial::simulation::{Move, MoveKey, Simulation};

/// What a key shows for lines of held documents.
const HELD: &str = "(held)";

/// A balance before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceDelta {
    /// The entity.
    pub entity: String,
    /// Functional currency, or STAT.
    pub currency: Currency,
    /// The combination, joined by dashes; `(held)` for lines that are or would be held.
    pub key: String,
    /// Sum of the lines coded there before.
    pub old: Amount,
    /// Sum of the lines coded there by the version.
    pub new: Amount,
    /// New minus old.
    pub delta: Amount,
}

/// A natural account before and after, over all entities of a currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountDelta {
    /// Functional currency, or STAT.
    pub currency: Currency,
    /// The account; `(held)` for lines that are or would be held.
    pub account: String,
    /// Before.
    pub old: Amount,
    /// Under the version.
    pub new: Amount,
    /// New minus old.
    pub delta: Amount,
}

/// A finished trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Every balance that either side has, unchanged ones included.
    pub balances: Vec<BalanceDelta>,
    /// Every natural account that either side has.
    pub accounts: Vec<AccountDelta>,
    /// What moves from which combination to which.
    pub moves: Vec<(MoveKey, Move)>,
    /// Documents taken in.
    pub documents: u64,
    /// Lines taken in.
    pub lines: u64,
    /// Documents of which a line moves.
    pub affected: u64,
    about: Vec<(String, String)>,
    json: Json,
}

impl Report {
    /// The result of a trial. `natural_account` is the position of the natural account among the segments; `about` names what was tried on
    /// what, and becomes part of the report.
    ///
    /// # Errors
    /// [`AmountFault`] if a sum leaves the range of 38 digits.
    pub fn of(
        simulation: &Simulation<'_>,
        natural_account: usize,
        about: &[(&str, String)],
    ) -> Result<Self, AmountFault> {
        type Sides = BTreeMap<(String, Currency, String), [Amount; 2]>;
        let (mut balances, mut accounts) = (Sides::new(), Sides::new());
        let mut moves = Vec::new();
        for (key, moved) in simulation.moves() {
            for (side, segments) in [&key.old, &key.new].into_iter().enumerate() {
                let entity = key.entity.to_string();
                let account = segments.get(natural_account).map_or(HELD, Code::as_str);
                let places = [
                    (&mut balances, (entity, key.currency, joined(segments))),
                    (
                        &mut accounts,
                        (String::new(), key.currency, account.to_owned()),
                    ),
                ];
                for (map, place) in places {
                    let sums = map.entry(place).or_default();
                    if let Some(sum) = sums.get_mut(side) {
                        *sum = sum.plus(moved.net)?;
                    }
                }
            }
            if key.old != key.new {
                moves.push((key.clone(), *moved));
            }
        }
        let mut report = Self {
            balances: Vec::new(),
            accounts: Vec::new(),
            moves,
            documents: simulation.documents(),
            lines: simulation.lines(),
            affected: count(simulation.affected.len()),
            about: about
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
            json: Json::Null,
        };
        for ((entity, currency, key), [old, new]) in balances {
            let delta = new.minus(old)?;
            report.balances.push(BalanceDelta {
                entity,
                currency,
                key,
                old,
                new,
                delta,
            });
        }
        for ((_, currency, account), [old, new]) in accounts {
            let delta = new.minus(old)?;
            report.accounts.push(AccountDelta {
                currency,
                account,
                old,
                new,
                delta,
            });
        }
        report.json = report.to_json(simulation, about);
        Ok(report)
    }

    /// What was tried on what, by name.
    pub fn about(&self) -> impl Iterator<Item = (&str, &str)> {
        let about = self.about.iter();
        about.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The canonical bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.json.canonical()
    }

    /// Digest of the canonical bytes: what a signer names.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes())
    }

    fn to_json(&self, simulation: &Simulation<'_>, about: &[(&str, String)]) -> Json {
        let moves = self.moves.iter().map(|(key, moved)| {
            Json::object([
                ("entity", Json::text(&key.entity)),
                ("currency", Json::text(key.currency.code())),
                ("old_key", Json::text(&joined(&key.old))),
                ("new_key", Json::text(&joined(&key.new))),
                ("carried_forward", Json::Bool(key.is_carried)),
                ("lines", integer(moved.lines)),
                ("net", amount(moved.net)),
                ("gross", amount(moved.gross)),
            ])
        });
        let balances = self.balances.iter().map(|row| {
            Json::object([
                ("entity", Json::text(&row.entity)),
                ("currency", Json::text(row.currency.code())),
                ("key", Json::text(&row.key)),
                ("old", amount(row.old)),
                ("new", amount(row.new)),
                ("delta", amount(row.delta)),
            ])
        });
        let accounts = self.accounts.iter().map(|row| {
            Json::object([
                ("currency", Json::text(row.currency.code())),
                ("account", Json::text(&row.account)),
                ("old", amount(row.old)),
                ("new", amount(row.new)),
                ("delta", amount(row.delta)),
            ])
        });
        let gaps = simulation.gaps().iter().map(|(gap, used)| {
            Json::object([
                ("reason", Json::text(gap.reason.word())),
                ("dimension", Json::text(&gap.dimension)),
                ("value", Json::text(&gap.value)),
                ("detail", Json::text(&gap.detail)),
                ("documents", integer(used.documents)),
                ("lines", integer(used.lines)),
            ])
        });
        let about = about.iter().map(|(name, value)| (*name, Json::text(value)));
        let figures = [
            ("documents", integer(self.documents)),
            ("lines", integer(self.lines)),
            ("affected_documents", integer(self.affected)),
            (
                "affected_digest",
                Json::text(&simulation.affected_digest().to_string()),
            ),
            ("moves", Json::List(moves.collect())),
            ("trial_balance", Json::List(balances.collect())),
            ("accounts", Json::List(accounts.collect())),
            ("gaps", Json::List(gaps.collect())),
        ];
        Json::object(about.chain(figures))
    }
}

/// Segments as people write them.
pub(crate) fn joined(segments: &[Code]) -> String {
    if segments.is_empty() {
        return HELD.to_owned();
    }
    let values: Vec<&str> = segments.iter().map(Code::as_str).collect();
    values.join("-")
}

fn amount(amount: Amount) -> Json {
    Json::text(&amount.to_string())
}

fn integer(count: u64) -> Json {
    Json::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
