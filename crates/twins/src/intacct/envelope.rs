//! The shape of a request, as the gateway's schema has it (intacct-xml.md §1.2, §1.3, §1.5 [D-xsd]): which element stands where, how often, in
//! which order. What breaks it fails at the level of control, before anything is carried out.

use super::write::legacy;
use super::xml::Element;

/// Longest control id (§8 [V][D-xsd]).
const MAX_CONTROLID: usize = 256;

/// Children of `control` in their order; the place of the last is not documented.
const CONTROL: [&str; 9] = [
    "senderid",
    "password",
    "controlid",
    "uniqueid",
    "dtdversion",
    "policyid",
    "debug",
    "includewhitespace",
    "showadditionalerrorinfo",
];
/// Children of `login` in their order.
const LOGIN: [&str; 5] = ["userid", "companyid", "password", "clientid", "locationid"];

/// Functions this tenant carries out.
const FUNCTIONS: &str = "getAPISession query readByQuery readMore read readByName lookup inspect get_list get getDimensions \
    readUserFormatting getFinancialSetup readEntityDetails getUserPermissions get_trialbalance get_accountbalances create update \
    delete create_bill update_bill reverse_bill delete_bill create_invoice update_invoice reverse_invoice delete_invoice \
    create_apadjustment delete_apadjustment delete_vendor delete_glaccount delete_statglaccount create_gltransaction delete_gltransaction";

/// Functions the gateway's schema knows and this tenant has no part for (§2.3, §3.1, §3.2); they fail as functions.
const ABSENT: &str = "readRelated readView readReport readViews getDimensionRelationships getDimensionRestrictions \
    getDimensionAutofillDetails get_companyprefs get_closedbooksdate get_accountbalancesbydimensions getAuditTrail retrievepdf \
    approve cancel decline deliver hold post promote reallocate renew resume uncancel unpost consolidate consolidatebytier runDdsJob \
    getDdsObjects getDdsDdl generate_projectinvoices clearallmea clearlastactivemea recallApBill create_vendor update_vendor \
    create_customer update_customer create_apterm create_arterm create_journal create_supdoc update_supdoc delete_supdoc \
    create_supdocfolder update_supdocfolder delete_supdocfolder create_sotransaction update_sotransaction delete_sotransaction \
    create_potransaction update_potransaction delete_potransaction create_ictransaction create_arpayment apply_arpayment \
    reverse_arpayment create_appayment reverse_appayment create_paymentrequest create_aradjustment update_aradjustment \
    reverse_aradjustment delete_aradjustment update_apadjustment reverse_apadjustment create_statgltransaction get_araging \
    create_consolidation create_class update_class create_project update_project";

/// One `operation` of a request.
#[derive(Debug)]
pub(in crate::intacct) struct Operation {
    pub(in crate::intacct) transaction: bool,
    pub(in crate::intacct) authentication: Element,
    /// Each a `function` with one call.
    pub(in crate::intacct) functions: Vec<Element>,
}

/// Whether the schema knows a function that this tenant does not carry out.
pub(in crate::intacct) fn is_absent(function: &str) -> bool {
    ABSENT.split_whitespace().any(|f| f == function)
}

fn unexpected(child: &str, parent: &str) -> String {
    format!("Element '{child}': This element is not expected in '{parent}'")
}

/// Checks that the children of an element are of these names, none twice, in this order unless `ordered` is off.
pub(in crate::intacct) fn sequence(
    element: &Element,
    names: &[&str],
    ordered: bool,
) -> Result<(), String> {
    let (mut next, mut seen) = (0, Vec::new());
    for child in &element.children {
        let at = names.iter().position(|n| *n == child.name);
        let at = at.filter(|at| !seen.contains(at) && (!ordered || *at >= next));
        let at = at.ok_or_else(|| unexpected(&child.name, &element.name))?;
        seen.push(at);
        next = at + 1;
    }
    Ok(())
}

/// Checks that these children are there.
pub(in crate::intacct) fn required(element: &Element, names: &[&str]) -> Result<(), String> {
    match names.iter().find(|n| element.child(n).is_none()) {
        None => Ok(()),
        Some(name) => Err(format!(
            "Element '{}': Missing child element '{name}'",
            element.name
        )),
    }
}

/// Checks the `control` block and its values.
///
/// # Errors
/// Words naming the element that is wrong.
pub(in crate::intacct) fn check_control(control: &Element, ordered: bool) -> Result<(), String> {
    sequence(control, &CONTROL, ordered)?;
    required(control, &["senderid", "controlid"])?;
    let id = control.of("controlid");
    if id.is_empty() || id.chars().count() > MAX_CONTROLID {
        return Err("Element 'controlid' must have 1 to 256 characters".to_owned());
    }
    for name in ["uniqueid", "includewhitespace", "showadditionalerrorinfo"] {
        if !["", "true", "false"].contains(&control.of(name)) {
            return Err(format!("Element '{name}' must be true or false"));
        }
    }
    if !["3.0", "2.1"].contains(&control.of("dtdversion")) {
        return Err("Element 'dtdversion' must be 3.0 or 2.1".to_owned());
    }
    Ok(())
}

/// The operations of a request whose shape is right.
///
/// # Errors
/// Words naming the element that is wrong.
pub(in crate::intacct) fn operations(
    root: &Element,
    ordered: bool,
) -> Result<Vec<Operation>, String> {
    required(root, &["control", "operation"])?;
    let mut made = Vec::new();
    for (at, child) in root.children.iter().enumerate() {
        match (at, child.name.as_str()) {
            (0, "control") => {}
            (1.., "operation") => made.push(operation(child, ordered)?),
            (_, other) => return Err(unexpected(other, "request")),
        }
    }
    Ok(made)
}

fn operation(element: &Element, ordered: bool) -> Result<Operation, String> {
    required(element, &["authentication", "content"])?;
    let transaction = match element.attribute("transaction") {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => {
            return Err(format!(
                "Element 'operation': The value '{other}' of the attribute transaction is not true or false"
            ));
        }
    };
    let mut functions = Vec::new();
    let mut authentication = Element::default();
    for (at, child) in element.children.iter().enumerate() {
        match (at, child.name.as_str()) {
            (0, "authentication") => authentication = authenticated(child, ordered)?,
            (1.., "content") => functions.extend(content(child, ordered)?),
            (_, other) => return Err(unexpected(other, "operation")),
        }
    }
    let session = |f: &Element| f.children.iter().any(|c| c.name == "getAPISession");
    if functions.len() > 1 && functions.iter().any(session) {
        return Err("Element 'getAPISession' must stand alone in its request".to_owned());
    }
    Ok(Operation {
        transaction,
        authentication,
        functions,
    })
}

fn authenticated(element: &Element, ordered: bool) -> Result<Element, String> {
    match element.children.as_slice() {
        [one] if one.name == "login" => {
            sequence(one, &LOGIN, ordered)?;
            required(one, &["userid", "companyid", "password"])?;
        }
        [one] if matches!(one.name.as_str(), "sessionid" | "oauth") => {}
        _ => {
            return Err(
                "Element 'authentication': expects one of login, sessionid, oauth".to_owned(),
            );
        }
    }
    Ok(element.clone())
}

fn content(element: &Element, ordered: bool) -> Result<Vec<Element>, String> {
    if element.children.is_empty() {
        return Err("Element 'content': Missing child element 'function'".to_owned());
    }
    for function in &element.children {
        let id = function.attribute("controlid").map(|c| c.chars().count());
        if function.name != "function" || !id.is_some_and(|n| (1..=MAX_CONTROLID).contains(&n)) {
            return Err(
                "Element 'content': expects 'function' with a controlid of 1 to 256 characters"
                    .to_owned(),
            );
        }
        let [call] = function.children.as_slice() else {
            return Err("Element 'function': expects exactly one child".to_owned());
        };
        let known = FUNCTIONS.split_whitespace().any(|f| f == call.name);
        if !known && !is_absent(&call.name) {
            return Err(unexpected(&call.name, "function"));
        }
        arguments(call, ordered)?;
        if ordered {
            legacy::check_order(call)?;
        }
    }
    Ok(element.children.clone())
}

/// Checks the children of the generic reading functions; they may stand in any order (§2.1 [D]).
fn arguments(call: &Element, ordered: bool) -> Result<(), String> {
    let (names, needed): (&[&str], &[&str]) = match call.name.as_str() {
        "query" => (
            &[
                "object", "select", "docparid", "filter", "orderby", "options", "pagesize",
                "offset",
            ],
            &["object", "select"],
        ),
        "readByQuery" => (
            &[
                "object",
                "fields",
                "query",
                "pagesize",
                "returnFormat",
                "docparid",
            ],
            &["object"],
        ),
        "read" | "readByName" => (
            &["object", "keys", "fields", "returnFormat", "docparid"],
            &["object", "keys"],
        ),
        "readMore" => (&["object", "view", "reportId", "resultId"], &[]),
        "delete" => (&["object", "keys"], &["object", "keys"]),
        "lookup" => (&["object", "docparid"], &["object"]),
        _ => return Ok(()),
    };
    sequence(call, names, false)?;
    if let (true, Some(options)) = (call.name == "query", call.child("options")) {
        sequence(
            options,
            &["caseinsensitive", "showprivate", "returnformat"],
            ordered,
        )?;
    }
    required(call, needed)
}
