//! Errors the gateway answers with (intacct-xml.md §1.8).

use super::xml::tag;

/// One `error` element. `description2` is never empty: real clients insist on it (§7.2 [V]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::intacct) struct Fault {
    pub(in crate::intacct) errorno: String,
    pub(in crate::intacct) description: String,
    pub(in crate::intacct) description2: String,
    pub(in crate::intacct) correction: String,
}

/// What a function answers if it fails: the cause first, wrappers after it.
pub(in crate::intacct) type Faults = Vec<Fault>;

impl Fault {
    fn new(errorno: &str, description: &str, description2: &str, correction: &str) -> Self {
        Self {
            errorno: errorno.to_owned(),
            description: description.to_owned(),
            description2: description2.to_owned(),
            correction: correction.to_owned(),
        }
    }

    /// Malformed XML or a request against the schema (XL03000003 [D][C]).
    pub(in crate::intacct) fn schema(what: &str) -> Self {
        Self::new(
            "XL03000003",
            "XML parse error",
            what,
            "Correct the request.",
        )
    }

    /// Anything about signing in (XL03000006 [D][V]).
    pub(in crate::intacct) fn sign_in(what: &str) -> Self {
        Self::new("XL03000006", "", what, "")
    }

    /// The companion of a rolled-back transaction (XL03000009 [V]).
    pub(in crate::intacct) fn rolled_back() -> Self {
        let text = "The entire transaction in this operation has been rolled back due to an error.";
        Self::new("XL03000009", "", text, "")
    }

    /// The generic business error (BL01001973 [D][C]).
    pub(in crate::intacct) fn business(what: &str) -> Self {
        Self::new("BL01001973", "", what, "")
    }

    /// A wrapper such as "Could not create apbill record!".
    pub(in crate::intacct) fn could_not(verb: &str, object: &str) -> Self {
        let what = format!("Could not {verb} {} record!", object.to_lowercase());
        Self::new("BL01001973", "", &what, "")
    }

    /// The value exists already (BL34000061 [V][C]).
    pub(in crate::intacct) fn exists(object: &str, value: &str) -> Self {
        let what = format!("Another {object} with the given value(s) {value} already exists");
        Self::new("BL34000061", "", &what, "Use a unique value instead.")
    }

    /// The umbrella of reading errors (DL02000001 [C]).
    pub(in crate::intacct) fn processing(what: &str) -> Self {
        let text = format!("There was an error processing the request. {what}");
        Self::new("DL02000001", "", text.trim(), "Correct the request.")
    }

    /// No such object (`Query Failed` [V]).
    pub(in crate::intacct) fn no_object(name: &str) -> Self {
        Self::new(
            "Query Failed",
            "",
            &format!("Object definition {name} not found"),
            "",
        )
    }

    /// No permission (PL04000005 [C]).
    pub(in crate::intacct) fn denied(name: &str) -> Self {
        let what = format!(
            "You do not have permission for API operation READ_BY_QUERY on objects of type {}",
            name.to_lowercase()
        );
        Self::new("PL04000005", "", &what, "")
    }

    /// The refusal of a replayed function (§1.4; number and text are settings).
    pub(in crate::intacct) fn replay(errorno: &str, text: &str, controlid: &str) -> Self {
        Self::new(
            errorno,
            "",
            &text.replace("{controlid}", controlid),
            "Use a unique controlid.",
        )
    }

    /// Gateway errors with a status of their own (GW-0010, GW-0011 [D]).
    pub(in crate::intacct) fn gateway(errorno: &str, what: &str) -> Self {
        Self::new(errorno, what, what, "")
    }
}

/// An `errormessage` element. `support` is the Support ID that follows every second description (§1.7 [D][V]).
pub(in crate::intacct) fn errormessage(faults: &[Fault], support: &str) -> String {
    let mut out = String::from("<errormessage>");
    for fault in faults {
        out.push_str("<error>");
        tag(&mut out, "errorno", &fault.errorno);
        tag(&mut out, "description", &fault.description);
        tag(
            &mut out,
            "description2",
            &format!("{} [Support ID: {support}]", fault.description2),
        );
        tag(&mut out, "correction", &fault.correction);
        out.push_str("</error>");
    }
    out.push_str("</errormessage>");
    out
}
