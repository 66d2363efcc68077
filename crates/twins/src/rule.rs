//! Fault rules: which request goes wrong, and how (the control port's `POST /control/faults`).
//!
//! Rules are values; the first that matches and fires decides. Chance comes from a seed, so the same rules over the same requests give the
//! same faults. Nothing here touches a socket or a clock.

use serde_json::Value;

/// Which simulated system a request goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum System {
    /// Sage Intacct.
    Intacct,
    /// Oracle Fusion Cloud ERP.
    Fusion,
}

impl System {
    /// `intacct` or `fusion`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Intacct => "intacct",
            Self::Fusion => "fusion",
        }
    }

    /// The system of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Intacct, Self::Fusion]
            .into_iter()
            .find(|s| s.name() == name)
    }
}

/// When a matching request is hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// Only the n-th matching request, counted from 1.
    Nth(u64),
    /// Every n-th matching request.
    Every(u64),
    /// With this chance, in millionths.
    Millionths(u32),
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request never arrives; the connection closes.
    LoseRequest,
    /// The request is carried out, the connection closes without an answer.
    LoseAnswer,
    /// The answer comes this many milliseconds late; the request was carried out at once.
    DelayMs(u64),
    /// An HTTP status with a page of a proxy instead of an answer; the request is not carried out.
    Status(u16),
    /// The same with a `Retry-After` header: status and seconds.
    Busy(u16, u64),
    /// The second half of the answer is missing.
    Truncate,
    /// Bytes of the answer are damaged.
    Garble,
    /// The request arrives twice; the caller sees the first answer.
    Duplicate,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// System it is about; `None` for both.
    pub system: Option<System>,
    /// Operation it is about: the whole name, its leading words, or a part before `*`; `None` for all.
    pub operation: Option<String>,
    /// When it fires.
    pub when: When,
    /// What it does.
    pub fault: Fault,
    /// How often it may fire; `None` for no limit.
    pub times: Option<u64>,
}

/// Rules with what they have counted so far.
#[derive(Debug, Clone)]
pub struct Rules {
    list: Vec<(Rule, u64, u64)>,
    state: u64,
}

impl Rules {
    /// No rules; `seed` decides chances.
    pub fn new(seed: u64) -> Self {
        Self {
            list: Vec::new(),
            state: seed ^ 0x5DEE_CE66_D15E_A5E5,
        }
    }

    /// Replaces all rules, counters included.
    pub fn set(&mut self, rules: Vec<Rule>) {
        self.list = rules.into_iter().map(|rule| (rule, 0, 0)).collect();
    }

    /// True if there is no rule.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The rules with how many requests matched and how often each fired.
    pub fn list(&self) -> impl Iterator<Item = (&Rule, u64, u64)> {
        self.list
            .iter()
            .map(|(rule, seen, fired)| (rule, *seen, *fired))
    }

    /// What happens to a request of these operations: the first rule that matches and fires decides.
    pub fn verdict(&mut self, system: System, operations: &[String]) -> Option<Fault> {
        let mut state = self.state;
        let mut decided = None;
        for (rule, seen, fired) in &mut self.list {
            if !rule.matches(system, operations) || rule.times.is_some_and(|t| *fired >= t) {
                continue;
            }
            *seen += 1;
            let fires = match rule.when {
                When::Always => true,
                When::Nth(n) => *seen == n,
                When::Every(n) => n > 0 && seen.is_multiple_of(n),
                When::Millionths(chance) => next(&mut state) % 1_000_000 < u64::from(chance),
            };
            if fires {
                *fired += 1;
                decided = Some(rule.fault);
                break;
            }
        }
        self.state = state;
        decided
    }
}

/// xorshift64*: enough for chances, and the same everywhere.
fn next(state: &mut u64) -> u64 {
    let mut x = (*state).max(1);
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    x.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
}

impl Rule {
    fn matches(&self, system: System, operations: &[String]) -> bool {
        if self.system.is_some_and(|s| s != system) {
            return false;
        }
        let Some(pattern) = &self.operation else {
            return true;
        };
        operations.iter().any(|op| match pattern.strip_suffix('*') {
            Some(start) => op.starts_with(start),
            None => {
                op == pattern
                    || op
                        .strip_prefix(pattern.as_str())
                        .is_some_and(|r| r.starts_with(' '))
            }
        })
    }

    /// Reads a rule such as `{"system":"fusion","operation":"POST invoices","when":{"nth":2},"fault":"lose_answer","times":1}`. A fault
    /// with a number is written `{"delay_ms":500}`, `{"status":503}` or `{"status":429,"retry_after":2}`.
    ///
    /// # Errors
    /// Words naming the member that is wrong.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        let object = value.as_object().ok_or("a rule is one JSON object")?;
        let known = [
            "system",
            "operation",
            "when",
            "fault",
            "times",
            "delay_ms",
            "status",
            "retry_after",
        ];
        if let Some(odd) = object.keys().find(|k| !known.contains(&k.as_str())) {
            return Err(format!("{odd}: not a member of a rule"));
        }
        let system = match word(value, "system")? {
            None | Some("*") => None,
            Some(name) => {
                Some(System::parse(name).ok_or_else(|| format!("system: no system {name}"))?)
            }
        };
        let operation = word(value, "operation")?;
        let times = match value.get("times") {
            None | Some(Value::Null) => None,
            Some(n) => Some(n.as_u64().ok_or("times: write a whole number")?),
        };
        Ok(Self {
            system,
            operation: operation.filter(|o| *o != "*").map(ToOwned::to_owned),
            when: when(value.get("when"))?,
            fault: fault(value)?,
            times,
        })
    }
}

/// A member that is text, if it is there.
fn word<'a>(value: &'a Value, name: &str) -> Result<Option<&'a str>, String> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!("{name}: {other} is no text")),
    }
}

fn when(value: Option<&Value>) -> Result<When, String> {
    let Some(value) = value.filter(|v| !v.is_null()) else {
        return Ok(When::Always);
    };
    let members = value.as_object().ok_or("when: write an object")?;
    if members.len() != 1 {
        return Err("when: give exactly one of nth, every, probability".to_owned());
    }
    let count = |n: &Value| {
        n.as_u64()
            .filter(|n| *n > 0)
            .ok_or("when: write a whole number from 1")
    };
    if let Some(n) = value.get("nth") {
        return Ok(When::Nth(count(n)?));
    }
    if let Some(n) = value.get("every") {
        return Ok(When::Every(count(n)?));
    }
    let chance = value
        .get("probability")
        .ok_or("when: give nth, every or probability")?;
    let text = chance
        .as_str()
        .map_or_else(|| chance.to_string(), ToOwned::to_owned);
    millionths(&text)
        .map(When::Millionths)
        .ok_or_else(|| format!("when: probability {text} is not from 0 to 1"))
}

fn millionths(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let value = whole
        .parse::<u32>()
        .ok()?
        .checked_mul(1_000_000)?
        .checked_add(digits.parse().ok()?)?;
    (value <= 1_000_000).then_some(value)
}

fn fault(rule: &Value) -> Result<Fault, String> {
    let value = rule.get("fault").ok_or("fault: missing")?;
    let number = |name: &str| {
        let given = value.get(name).or_else(|| rule.get(name));
        given
            .and_then(Value::as_u64)
            .ok_or_else(|| format!("fault: {name} needs a number, write {{\"{name}\": …}}"))
    };
    let name = match value {
        Value::String(name) => name.as_str(),
        Value::Object(members) => members.keys().next().map_or("", String::as_str),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => "",
    };
    Ok(match name {
        "lose_request" => Fault::LoseRequest,
        "lose_answer" => Fault::LoseAnswer,
        "delay_ms" => Fault::DelayMs(number("delay_ms")?),
        "status" => {
            let status = u16::try_from(number("status")?)
                .ok()
                .filter(|s| (400..600).contains(s));
            let status = status.ok_or("fault: status must be from 400 to 599")?;
            match value.get("retry_after").or_else(|| rule.get("retry_after")) {
                None | Some(Value::Null) => Fault::Status(status),
                Some(seconds) => {
                    let seconds = seconds.as_u64();
                    Fault::Busy(status, seconds.ok_or("retry_after: write whole seconds")?)
                }
            }
        }
        "truncate" => Fault::Truncate,
        "garble" => Fault::Garble,
        "duplicate" => Fault::Duplicate,
        other => return Err(format!("fault: {other:?} is no kind of fault")),
    })
}

/// An answer's body after a fault that damages it.
pub fn damage(fault: Fault, body: &[u8]) -> Vec<u8> {
    match fault {
        Fault::Truncate => body.get(..body.len() / 2).unwrap_or_default().to_vec(),
        Fault::Garble => body
            .iter()
            .enumerate()
            .map(|(at, byte)| if at % 7 == 3 { byte ^ 0x15 } else { *byte })
            .collect(),
        Fault::LoseRequest
        | Fault::LoseAnswer
        | Fault::DelayMs(_)
        | Fault::Status(_)
        | Fault::Busy(..)
        | Fault::Duplicate => body.to_vec(),
    }
}
