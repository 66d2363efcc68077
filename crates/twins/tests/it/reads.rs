//! Reading functions: filters, pages, formats, names.

use tieout_twins::intacct::IntacctOptions;

use crate::desk::{Desk, all, bill, desk, desk_with, inner, query};

fn ids(desk: &mut Desk, object: &str, field: &str, filter: &str) -> Vec<String> {
    let answer = desk.ok(&query(
        object,
        &[field],
        &format!("<filter>{filter}</filter>"),
    ));
    all(&answer, field)
        .into_iter()
        .map(ToOwned::to_owned)
        .collect()
}

fn one(operator: &str, field: &str, values: &[&str]) -> String {
    let values: String = values
        .iter()
        .map(|v| format!("<value>{v}</value>"))
        .collect();
    format!("<{operator}><field>{field}</field>{values}</{operator}>")
}

#[test]
fn query_answers_with_counts_and_upper_case_rows() {
    let mut desk = desk();
    let answer = desk.ok(&query("VENDOR", &["VENDORID", "NAME"], "<orderby><order><field>VENDORID</field><descending/></order></orderby><pagesize>2</pagesize><offset>1</offset>"));
    assert!(answer.contains("<data listtype=\"VENDOR\" totalcount=\"5\" offset=\"1\" count=\"2\" numremaining=\"2\"><VENDOR><VENDORID>VE-04</VENDORID>"), "{answer}");
    assert!(!answer.contains("resultId"));
    let none = desk.ok(&query(
        "VENDOR",
        &["VENDORID"],
        "<filter><equalto><field>VENDORID</field><value>x</value></equalto></filter>",
    ));
    assert!(
        none.contains("totalcount=\"0\" offset=\"0\" count=\"0\" numremaining=\"0\"></data>"),
        "{none}"
    );
}

#[test]
fn every_operator_selects_what_it_says() {
    let mut d = desk();
    let vendors = |d: &mut Desk, f: &str| ids(d, "VENDOR", "VENDORID", f);
    for (operator, field, values, expected) in [
        ("equalto", "CURRENCY", &["JPY"][..], &["VE-03"][..]),
        (
            "notequalto",
            "CURRENCY",
            &["USD"],
            &["VE-02", "VE-03", "VE-04"],
        ),
        (
            "in",
            "VENDORID",
            &["VE-01", "VE-05", "nope"],
            &["VE-01", "VE-05"],
        ),
        (
            "notin",
            "VENDORID",
            &["VE-01", "VE-05"],
            &["VE-02", "VE-03", "VE-04"],
        ),
        ("like", "NAME", &["%Vastgoed%"], &["VE-04"]),
        ("notlike", "VENDORID", &["VE-0_"], &[]),
        (
            "between",
            "VENDORID",
            &["VE-02", "VE-03"],
            &["VE-02", "VE-03"],
        ),
        (
            "isnull",
            "PARENTID",
            &[],
            &["VE-01", "VE-02", "VE-03", "VE-04", "VE-05"],
        ),
        ("isnotnull", "PARENTID", &[], &[]),
        ("greaterthan", "RECORDNO", &["3"], &["VE-04", "VE-05"]),
        ("lessthanorequalto", "RECORDNO", &["1"], &["VE-01"]),
        ("in", "RECORDNO", &["2", "4"], &["VE-02", "VE-04"]),
    ] {
        let found = vendors(&mut d, &one(operator, field, values));
        assert_eq!(found, expected, "{operator} {field} {values:?}");
    }
    let both = format!(
        "<or>{}<and>{}{}</and></or>",
        one("equalto", "VENDORID", &["VE-02"]),
        one("equalto", "CURRENCY", &["USD"]),
        one("greaterthanorequalto", "RECORDNO", &["2"])
    );
    assert_eq!(vendors(&mut d, &both), ["VE-02", "VE-05"]);
}

#[test]
fn an_indexed_text_is_ordered_by_its_letters() {
    let answer = desk().ok(&query(
        "APBILL",
        &["RECORDID"],
        "<filter><like><field>RECORDID</field><value>BILL-%</value></like></filter>\
         <orderby><order><field>RECORDID</field><ascending/></order></orderby>",
    ));
    let found = all(&answer, "RECORDID");
    let mut sorted = found.clone();
    sorted.sort();
    assert_eq!(found.len(), 8);
    assert_eq!(found, sorted);
}

#[test]
fn amounts_and_dates_compare_by_value() {
    let mut d = desk();
    let amounts = ids(
        &mut d,
        "APBILL",
        "RECORDID",
        &one("greaterthan", "TOTALENTERED", &["2400"]),
    );
    assert_eq!(
        amounts,
        [
            "BILL-E300-1",
            "BILL-E200-2",
            "BILL-E400-1",
            "BILL-E300-2",
            "BILL-E200-5"
        ]
    );
    let dates = ids(
        &mut d,
        "APBILL",
        "RECORDID",
        &one("between", "WHENCREATED", &["12/09/2026", "12/12/2026"]),
    );
    assert_eq!(dates, ["BILL-E200-2", "BILL-E400-1", "BILL-E300-2"]);
}

#[test]
fn case_labels_codes_and_paths() {
    let mut d = desk();
    assert!(
        ids(
            &mut d,
            "VENDOR",
            "VENDORID",
            &one("equalto", "VENDORID", &["ve-01"])
        )
        .is_empty()
    );
    let folded = "<query><object>VENDOR</object><select><field>VENDORID</field></select><filter><equalto><field>VENDORID</field><value>ve-01</value></equalto></filter><options><caseinsensitive>true</caseinsensitive></options></query>";
    assert!(d.ok(folded).contains("<VENDORID>VE-01</VENDORID>"));
    assert_eq!(
        ids(
            &mut d,
            "APBILL",
            "RECORDID",
            &one("equalto", "STATE", &["Reversed"])
        ),
        ["BILL-E100-1"]
    );
    assert!(
        ids(
            &mut d,
            "APBILL",
            "RECORDID",
            &one("equalto", "STATE", &["A"])
        )
        .is_empty(),
        "query filters by label"
    );
    let by_code = d.ok("<readByQuery><object>APBILL</object><fields>RECORDID</fields><query>STATE = 'A'</query></readByQuery>");
    assert!(
        by_code.contains("BILL-E300-1") && !by_code.contains("BILL-E100-1"),
        "{by_code}"
    );
    let by_label = d.ok("<readByQuery><object>APBILL</object><fields>RECORDID</fields><query>STATE = 'Posted'</query></readByQuery>");
    assert!(
        by_label.contains("totalcount=\"0\""),
        "readByQuery filters by code"
    );
    let path = d.ok(&query(
        "APBILL",
        &["RECORDID", "VENDOR.NAME", "VENDORNAME", "RAWSTATE"],
        "<filter><equalto><field>VENDOR.CURRENCY</field><value>JPY</value></equalto></filter>",
    ));
    assert!(
        path.contains(
            "<VENDOR.NAME>Maboroshi Data KK (made up)</VENDOR.NAME><VENDORNAME>Maboroshi"
        ),
        "{path}"
    );
    assert!(path.contains("<RAWSTATE>P</RAWSTATE>"));
    d.fails(
        &query("VENDOR", &["PARENT.PARENT.NOPE"], ""),
        "DL02000001",
        "[PARENT.PARENT.NOPE]",
    );
    let entries = d.ok(&query("GLENTRY", &["BATCHNO", "GLBATCH.BATCH_TITLE", "AMOUNT", "LOCATION", "GLDIMREGION"], "<filter><and><equalto><field>DOCUMENT</field><value>BILL-E200-1</value></equalto><equalto><field>TR_TYPE</field><value>1</value></equalto></and></filter>"));
    assert!(entries.contains("<GLBATCH.BATCH_TITLE>Rent and hosting</GLBATCH.BATCH_TITLE><AMOUNT>1800</AMOUNT><LOCATION>E200</LOCATION><GLDIMREGION>RG-AMER</GLDIMREGION>"), "{entries}");
}

#[test]
fn bad_queries_are_refused() {
    let mut d = desk();
    d.fails(
        &query("APBILL", &["NOPE"], ""),
        "DL02000001",
        "apbill: [NOPE]",
    );
    d.fails(&query("APBILL", &["_PERIOD"], ""), "DL02000001", "_PERIOD");
    let iso = one("greaterthan", "WHENMODIFIED", &["2026-12-01T00:00:00Z"]);
    d.fails(
        &query("APBILL", &["RECORDNO"], &format!("<filter>{iso}</filter>")),
        "DL02000001",
        "MM/DD/YYYY",
    );
    let exponent = one("greaterthan", "TOTALENTERED", &["1e3"]);
    d.fails(
        &query(
            "APBILL",
            &["RECORDNO"],
            &format!("<filter>{exponent}</filter>"),
        ),
        "DL02000001",
        "plain decimal",
    );
    let single = format!(
        "<filter><and>{}</and></filter>",
        one("equalto", "RECORDNO", &["1"])
    );
    d.fails(
        &query("APBILL", &["RECORDNO"], &single),
        "DL02000001",
        "at least two",
    );
    let pair = format!(
        "<filter>{}{}</filter>",
        one("equalto", "RECORDNO", &["1"]),
        one("equalto", "RECORDNO", &["2"])
    );
    d.fails(
        &query("APBILL", &["RECORDNO"], &pair),
        "DL02000001",
        "exactly one",
    );
    d.fails(
        &query("APBILL", &["RECORDNO"], "<pagesize>2001</pagesize>"),
        "DL02000001",
        "pagesize",
    );
    d.fails(
        &query("APBILL", &["RECORDNO"], "<pagesize>0</pagesize>"),
        "DL02000001",
        "pagesize",
    );
    let many: Vec<String> = (0..1001).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    d.fails(
        &query(
            "APBILL",
            &["RECORDNO"],
            &format!("<filter>{}</filter>", one("in", "RECORDNO", &many)),
        ),
        "DL02000001",
        "1 to 1000",
    );
}

#[test]
fn the_parts_of_a_query_stand_once() {
    let mut d = desk();
    d.breaks_schema("<query><object>APBILL</object></query>", "select");
    d.breaks_schema(
        "<query><object>APBILL</object><object>VENDOR</object><select><field>RECORDNO</field></select></query>",
        "object",
    );
    d.breaks_schema(&query("APBILL", &["RECORDNO"], "<limit>2</limit>"), "limit");
    let both = "<orderby><order><field>RECORDNO</field><ascending/><descending/></order></orderby>";
    d.fails(
        &query("APBILL", &["RECORDNO"], both),
        "DL02000001",
        "one of ascending, descending",
    );
    // One hop only up an object's own hierarchy.
    d.ok(&query("VENDOR", &["PARENT.NAME"], ""));
    d.fails(
        &query("VENDOR", &["PARENT.PARENT.NAME"], ""),
        "DL02000001",
        "PARENT.PARENT.NAME",
    );
}

#[test]
fn figures_are_ordered_and_exist_over_nothing() {
    let mut d = desk();
    let select = "<select><field>VENDORID</field><count>RECORDNO</count></select>";
    let ask = |select: &str, more: &str| {
        format!(
            "<query><object>APBILL</object>{select}{more}<options><showprivate>true</showprivate></options></query>"
        )
    };
    let down = "<orderby><order><field>VENDORID</field><descending/></order></orderby>";
    let answer = d.ok(&ask(select, down));
    assert_eq!(
        all(&answer, "VENDORID"),
        ["VE-05", "VE-03", "VE-02", "VE-01"]
    );
    assert_eq!(all(&answer, "COUNT.RECORDNO"), ["2", "1", "1", "4"]);
    let other = "<orderby><order><field>DOCNUMBER</field></order></orderby>";
    d.fails(&ask(select, other), "DL02000001", "selected field");
    let none = format!("<filter>{}</filter>", one("equalto", "RECORDNO", &["9999"]));
    let answer = d.ok(&ask(
        "<select><count>RECORDNO</count><sum>TOTALENTERED</sum></select>",
        &none,
    ));
    assert!(
        answer.contains("<COUNT.RECORDNO>0</COUNT.RECORDNO><SUM.TOTALENTERED></SUM.TOTALENTERED>"),
        "{answer}"
    );
    assert!(
        d.ok(&ask(select, &none)).contains("totalcount=\"0\""),
        "no group without rows"
    );
}

#[test]
fn a_denied_condition_on_an_empty_field_does_not_hold() {
    let mut d = desk();
    let count = |d: &mut Desk, q: &str| {
        let answer = d.ok(&format!("<readByQuery><object>VENDOR</object><fields>RECORDNO</fields><query>{q}</query></readByQuery>"));
        let (_, rest) = answer.split_once("totalcount=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    assert_eq!(count(&mut d, "PARENTID is null"), "5");
    assert_eq!(count(&mut d, "NOT (PARENTID = 'x')"), "0");
    assert_eq!(count(&mut d, "NOT (PARENTID is not null)"), "5");
    assert_eq!(
        count(&mut d, "NOT (VENDORID = 'VE-01' OR RECORDNO &gt; 3)"),
        "2"
    );
    assert_eq!(count(&mut d, "NOT (NOT VENDORID = 'VE-01')"), "1");
}

#[test]
fn the_older_functions_have_the_flat_formats_too() {
    let mut d = desk();
    let read = "<read><object>VENDOR</object><keys>1,2</keys><fields>VENDORID,NAME</fields><returnFormat>json</returnFormat></read>";
    let answer = d.call(read);
    assert_eq!(
        answer,
        "[{\"VENDORID\":\"VE-01\",\"NAME\":\"Papercrane Hosting (made up)\"},{\"VENDORID\":\"VE-02\",\"NAME\":\"Luftschloss Beratung (made up)\"}]"
    );
    let csv = d.call(&read.replace("json", "csv"));
    assert!(csv.starts_with("VENDORID,NAME\nVE-01,"), "{csv}");
    d.fails(&read.replace("json", "yaml"), "DL02000001", "returnFormat");
    d.breaks_schema(&read.replace("<keys>1,2</keys>", ""), "keys");
}

#[test]
fn get_finds_by_id_or_number() {
    let mut d = desk();
    let answer = d.ok("<get object=\"vendor\" key=\"VE-02\"/>");
    assert!(
        answer.contains("<data><vendor><RECORDNO>2</RECORDNO>"),
        "{answer}"
    );
    d.fails(
        "<get object=\"vendor\" key=\"VE-99\"/>",
        "BL01001973",
        "VE-99",
    );
}

#[test]
fn private_rows_need_asking_for() {
    let mut d = desk();
    let plain =
        d.ok("<query><object>APBILL</object><select><field>RECORDNO</field></select></query>");
    assert!(plain.contains("totalcount=\"0\""), "{plain}");
    assert!(
        d.ok(&query("APBILL", &["RECORDNO"], ""))
            .contains("totalcount=\"8\"")
    );
}

#[test]
fn pages_by_modification_time_cover_everything_once() {
    let mut d = desk();
    let mut seen = Vec::new();
    let mut after = ("01/01/2000 00:00:00".to_owned(), "0".to_owned());
    loop {
        let filter = format!(
            "<filter><or>{}<and>{}{}</and></or></filter>",
            one("greaterthan", "WHENMODIFIED", &[&after.0]),
            one("equalto", "WHENMODIFIED", &[&after.0]),
            one("greaterthan", "RECORDNO", &[&after.1])
        );
        let rest = format!(
            "{filter}<orderby><order><field>WHENMODIFIED</field><ascending/></order><order><field>RECORDNO</field><ascending/></order></orderby><pagesize>7</pagesize>"
        );
        let answer = d.ok(&query("GLBATCH", &["RECORDNO", "WHENMODIFIED"], &rest));
        let (numbers, times) = (all(&answer, "RECORDNO"), all(&answer, "WHENMODIFIED"));
        let Some(last) = numbers.last() else { break };
        after = ((*times.last().unwrap()).to_owned(), (*last).to_owned());
        seen.extend(numbers.into_iter().map(|n| n.parse::<u32>().unwrap()));
    }
    let total = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), total);
    assert_eq!(
        seen,
        (1..=u32::try_from(total).unwrap()).collect::<Vec<_>>()
    );
    assert!(total > 80);
}

#[test]
fn aggregates_group_by_plain_fields() {
    let mut d = desk();
    let call = "<query><object>APBILL</object><select><field>CURRENCY</field><count>RECORDNO</count><sum>TOTALENTERED</sum><max>WHENCREATED</max></select><options><showprivate>true</showprivate></options></query>";
    let answer = d.ok(call);
    assert!(answer.contains("<APBILL><CURRENCY>EUR</CURRENCY><COUNT.RECORDNO>1</COUNT.RECORDNO><SUM.TOTALENTERED>5950</SUM.TOTALENTERED><MAX.WHENCREATED>12/05/2026</MAX.WHENCREATED></APBILL>"), "{answer}");
    assert!(answer.contains("totalcount=\"3\""));
    let all = d.ok("<query><object>APBILL</object><select><count>RECORDNO</count></select><options><showprivate>true</showprivate></options></query>");
    assert!(all.contains("<COUNT.RECORDNO>8</COUNT.RECORDNO>"));
    d.fails(
        "<query><object>APBILL</object><select><sum>RECORDID</sum></select></query>",
        "DL02000001",
        "number",
    );
}

#[test]
fn other_formats_come_bare() {
    let mut d = desk();
    let call = |format: &str| {
        format!(
            "<query><object>VENDOR</object><select><field>RECORDNO</field><field>NAME</field></select><options><returnformat>{format}</returnformat></options><pagesize>1</pagesize></query>"
        )
    };
    assert_eq!(
        d.call(&call("json")),
        "[{\"RECORDNO\":\"1\",\"NAME\":\"Papercrane Hosting (made up)\"}]"
    );
    assert_eq!(
        d.call(&call("csv")),
        "RECORDNO,NAME\n1,Papercrane Hosting (made up)\n"
    );
    d.fails(&call("yaml"), "DL02000001", "returnformat");
}

#[test]
fn read_by_query_pages_with_a_result_id() {
    let mut d = desk();
    d.sign_in();
    let first = d.ok("<readByQuery><object>GLENTRY</object><fields>RECORDNO</fields><query></query><pagesize>100</pagesize></readByQuery>");
    assert!(
        first.contains("<data listtype=\"glentry\" count=\"100\" totalcount=\""),
        "{first}"
    );
    let mut seen: Vec<u32> = all(&first, "RECORDNO")
        .iter()
        .map(|n| n.parse().unwrap())
        .collect();
    assert!(seen.windows(2).any(|w| w[0] > w[1]), "not in key order");
    let id = first
        .split("resultId=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    loop {
        let page = d.ok(&format!("<readMore><resultId>{id}</resultId></readMore>"));
        assert!(page.contains(&format!("resultId=\"{id}\"")));
        seen.extend(
            all(&page, "RECORDNO")
                .iter()
                .map(|n| n.parse::<u32>().unwrap()),
        );
        if page.contains("numremaining=\"0\"") {
            break;
        }
    }
    let total = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((seen.len(), seen[0]), (total, 1));
    d.fails(
        "<readMore><resultId>nope</resultId></readMore>",
        "DL02000001",
        "does not exist",
    );
    d.session.clear();
    d.fails(
        &format!("<readMore><resultId>{id}</resultId></readMore>"),
        "DL02000001",
        "does not exist",
    );
}

#[test]
fn the_little_language_of_read_by_query() {
    let mut d = desk();
    let ask = |q: &str| {
        format!(
            "<readByQuery><object>VENDOR</object><fields>VENDORID</fields><query>{q}</query></readByQuery>"
        )
    };
    let mut find = |q: &str| {
        let mut found: Vec<String> = all(&d.ok(&ask(q)), "VENDORID")
            .iter()
            .map(|s| (*s).to_owned())
            .collect();
        found.sort();
        found
    };
    assert_eq!(
        find("VENDORID in ('VE-01','VE-02') and not CURRENCY = 'EUR'"),
        ["VE-01"]
    );
    assert_eq!(
        find("NAME like '%Quibble%' OR RECORDNO &lt; 2"),
        ["VE-01", "VE-05"]
    );
    assert_eq!(
        find("PARENTID IS NULL AND CURRENCY != 'USD' AND RECORDNO &gt;= 3"),
        ["VE-03", "VE-04"]
    );
    assert_eq!(
        find("STATUS = 'T' AND VENDORID not like 'VE-0%'"),
        Vec::<String>::new()
    );
    assert_eq!(find("rownum &lt; 3").len(), 2);
    assert_eq!(find("NAME = 'Jane\\'s'"), Vec::<String>::new());
    for bad in [
        "CURRENCY = 'USD' ORDER BY VENDORID",
        "NOPE = 'x'",
        "CURRENCY =",
        "(CURRENCY = 'USD'",
        "CURRENCY = 'USD",
    ] {
        d.fails(
            &ask(bad),
            "DL02000001",
            "There was an error processing the request",
        );
    }
    d.breaks_schema("<readByQuery><object>VENDOR</object><fields>*</fields><query></query><orderby/></readByQuery>", "orderby");
}

#[test]
fn read_by_key_and_name_brings_lines() {
    let mut d = desk();
    let answer = d.ok("<read><object>APBILL</object><keys>1,999</keys><fields>*</fields></read>");
    assert!(answer.contains("<data listtype=\"apbill\" count=\"1\"><APBILL><RECORDNO>1</RECORDNO><RECORDTYPE>pi</RECORDTYPE><RECORDID>BILL-E200-1</RECORDID>"), "{answer}");
    let items = inner(&answer, "APBILLITEMS");
    assert_eq!(all(items, "AMOUNT"), ["1800", "600"]);
    assert_eq!(all(items, "OFFSETGLACCOUNTNO"), ["2000", "2000"]);
    assert_eq!(all(items, "LINE_NO"), ["1", "2"]);
    let user = d.ok("<readByName><object>USERINFO</object><keys>ws_tieout</keys><fields>RECORDNO,LOGINID</fields></readByName>");
    assert!(
        user.contains("<USERINFO><RECORDNO>1</RECORDNO><LOGINID>ws_tieout</LOGINID></USERINFO>"),
        "{user}"
    );
    let formatting = d.ok("<readUserFormatting><key>1</key></readUserFormatting>");
    assert!(
        formatting.contains("<userformatting><locale>en_US</locale><dateformat>/mdY</dateformat>")
    );
    let many = vec!["1"; 101].join(",");
    d.fails(
        &format!("<read><object>APBILL</object><keys>{many}</keys></read>"),
        "DL02000001",
        "1 to 100",
    );
}

#[test]
fn the_tenant_describes_itself() {
    let mut d = desk();
    let lookup = d.ok("<lookup><object>GLENTRY</object></lookup>");
    assert!(
        lookup
            .contains("<Type Name=\"GLENTRY\" DocumentType=\"\"><Fields><Field><ID>RECORDNO</ID>"),
        "{lookup}"
    );
    assert!(
        lookup.contains("<ID>GLDIMREGION</ID>")
            && lookup.contains("<OBJECTPATH>GLBATCH</OBJECTPATH>")
    );
    assert!(!lookup.contains("_ENTITY"));
    assert!(
        d.ok("<inspect><object>*</object></inspect>")
            .contains("<type typename='apbill'>APBILL</type>")
    );
    assert!(
        d.ok("<inspect detail=\"1\"><object>VENDOR</object></inspect>")
            .contains("<Name>VENDORID</Name>")
    );
    let setup = d.ok("<getFinancialSetup/>");
    assert!(
        setup.contains("<baseCurrency></baseCurrency>")
            && setup.contains("<firstFiscalMonth>1</firstFiscalMonth>")
    );
    assert!(
        d.ok("<readEntityDetails/>")
            .contains("<entity><id>E400</id>")
    );
    assert!(
        d.ok("<getUserPermissions><userId>ws_tieout</userId></getUserPermissions>")
            .contains("<rights>List|")
    );
    let list = d.ok("<get_list object=\"vendor\" start=\"1\" maxitems=\"2\"><fields><field>vendorid</field></fields></get_list>");
    assert!(list.contains("<listtype start=\"1\" end=\"2\" total=\"5\">vendor</listtype><data><vendor><VENDORID>VE-02</VENDORID></vendor>"), "{list}");
    let region = d.ok("<query><object>REGION</object><select><field>id</field><field>name</field></select></query>");
    assert!(
        region.contains("<REGION><id>RG-AMER</id><name>Americas</name></REGION>"),
        "{region}"
    );
}

#[test]
fn balances_follow_the_expected_trial_balance() {
    let mut d = desk();
    let jan = d.ok("<get_trialbalance><reportingperiodname>P01-2027</reportingperiodname><locationid>E200</locationid></get_trialbalance>");
    let row = all(&jan, "trialbalance")
        .into_iter()
        .find(|r| r.contains("<glaccountno>1010<"))
        .unwrap()
        .to_owned();
    assert_eq!(
        (
            inner(&row, "startbalance"),
            inner(&row, "endbalance"),
            inner(&row, "currency")
        ),
        ("149600", "179600", "USD")
    );
    let rent = all(&jan, "trialbalance")
        .into_iter()
        .find(|r| r.contains("<glaccountno>6100<"))
        .unwrap()
        .to_owned();
    assert_eq!(
        inner(&rent, "startbalance"),
        "0",
        "a new fiscal year starts at nothing"
    );
    let december = d.ok("<get_accountbalances><reportingperiodname>P12-2026</reportingperiodname><glaccountno>2100</glaccountno><locationid>E200</locationid></get_accountbalances>");
    let accrued = inner(&december, "accountbalance");
    assert_eq!(
        (
            inner(accrued, "credits"),
            inner(accrued, "adjcredits"),
            inner(accrued, "endbalance")
        ),
        ("1250", "5000", "-6250")
    );
    d.fails(
        "<get_trialbalance><reportingperiodname>P01-2027</reportingperiodname></get_trialbalance>",
        "BL01001973",
        "locationid",
    );
    let gl = d.ok("<readByQuery><object>GLACCOUNTBALANCE</object><fields>ACCOUNTNO,LOCATIONID,ENDBAL</fields><query>PERIOD = 'P01-2027' AND LOCATIONID = 'E200' AND ACCOUNTNO = '1200'</query></readByQuery>");
    assert!(gl.contains("<glaccountbalance><ACCOUNTNO>1200</ACCOUNTNO><LOCATIONID>E200</LOCATIONID><ENDBAL>19804.5</ENDBAL></glaccountbalance>"), "{gl}");
    d.fails("<readByQuery><object>GLACCOUNTBALANCE</object><fields>*</fields><query></query></readByQuery>", "DL02000001", "PERIOD");
    let detail = d.ok(&query(
        "GLDETAIL",
        &[
            "SYMBOL",
            "ACCOUNTNO",
            "DEBITAMOUNT",
            "CREDITAMOUNT",
            "AMOUNT",
            "BOOKID",
        ],
        &format!(
            "<filter>{}</filter>",
            one("equalto", "REFERENCENO", &["BILL-E200-1"])
        ),
    ));
    assert!(detail.contains("<SYMBOL>APJ</SYMBOL><ACCOUNTNO>2000</ACCOUNTNO><DEBITAMOUNT>0</DEBITAMOUNT><CREDITAMOUNT>2400</CREDITAMOUNT><AMOUNT>-2400</AMOUNT><BOOKID>ACCRUAL</BOOKID>"), "{detail}");
}

#[test]
fn late_and_unstamped_rows_where_the_options_say_so() {
    let mut d = desk_with(IntacctOptions {
        visibility_delay_ms: 60_000,
        null_whenmodified_every: 3,
        ..IntacctOptions::default()
    });
    assert_eq!(
        ids(
            &mut d,
            "APBILL",
            "RECORDID",
            &one("isnull", "WHENMODIFIED", &[])
        ),
        ["BILL-E200-2"]
    );
    d.ok(&bill("LATE-1", "01/25/2027", &["5"]));
    let find = one("equalto", "RECORDID", &["LATE-1"]);
    assert!(ids(&mut d, "APBILL", "RECORDID", &find).is_empty());
    d.now += 61_000;
    assert_eq!(ids(&mut d, "APBILL", "RECORDID", &find), ["LATE-1"]);
}

#[test]
fn denied_objects_are_refused() {
    let mut d = desk_with(IntacctOptions {
        denied_objects: vec!["PROJECT".to_owned()],
        ..IntacctOptions::default()
    });
    d.fails(
        &query("PROJECT", &["RECORDNO"], ""),
        "PL04000005",
        "permission",
    );
}

#[test]
fn linked_postings_share_a_batch_key_and_reversals_name_each_other() {
    let mut d = desk();
    let answer = d.ok(&query(
        "APBILL",
        &["PRBATCHKEY", "MEGAENTITYID", "EXCHANGE_RATE"],
        &format!(
            "<filter>{}</filter>",
            one("equalto", "RECORDID", &["BILL-E300-2"])
        ),
    ));
    let key = inner(&answer, "PRBATCHKEY").to_owned();
    assert_eq!(inner(&answer, "EXCHANGE_RATE"), "0.9196670805");
    let posted = d.ok(&query(
        "GLBATCH",
        &[
            "REFERENCENO",
            "JOURNAL",
            "MODULE",
            "ADJ",
            "BATCHNO",
            "BASELOCATION",
            "BASELOCATION_NO",
        ],
        &format!("<filter>{}</filter>", one("equalto", "PRBATCHKEY", &[&key])),
    ));
    assert_eq!(
        (
            inner(&posted, "REFERENCENO"),
            inner(&posted, "JOURNAL"),
            inner(&posted, "MODULE")
        ),
        ("BILL-E300-2", "APJ", "3.AP")
    );
    assert_eq!(
        (
            inner(&posted, "BASELOCATION"),
            inner(&posted, "BASELOCATION_NO"),
            inner(&posted, "ADJ")
        ),
        ("3", "E300", "false")
    );
    let reversal = d.ok(&query(
        "GLBATCH",
        &["RECORDNO", "REVERSEDFROM"],
        &format!(
            "<filter>{}</filter>",
            one("equalto", "REFERENCENO", &["JE-ACC-E200-1-R"])
        ),
    ));
    let original = d.ok(&query(
        "GLBATCH",
        &["RECORDNO", "REVERSED", "REVERSEDKEY", "STATE"],
        &format!(
            "<filter>{}</filter>",
            one("equalto", "REFERENCENO", &["JE-ACC-E200-1"])
        ),
    ));
    assert_eq!(
        inner(&reversal, "REVERSEDFROM"),
        inner(&original, "RECORDNO")
    );
    assert_eq!(
        inner(&original, "REVERSEDKEY"),
        inner(&reversal, "RECORDNO")
    );
    assert_eq!(inner(&original, "REVERSED"), "01/01/2027");
}

#[test]
fn balances_leave_nothing_out_that_was_asked_for() {
    let mut d = desk();
    for more in [
        "<departmentid>D300</departmentid>",
        "<reportingbook>CASH</reportingbook>",
        "<showdeptdetail>true</showdeptdetail>",
    ] {
        d.fails(
            &format!("<get_trialbalance><reportingperiodname>P01-2027</reportingperiodname>{more}<locationid>E200</locationid></get_trialbalance>"),
            "BL01001973",
            "not set up in this company",
        );
    }
    d.ok("<get_trialbalance><reportingperiodname>P01-2027</reportingperiodname><showdeptdetail>false</showdeptdetail><reportingbook>ACCRUAL</reportingbook><statistical>exclude</statistical><locationid>E200</locationid><locationid_subs>true</locationid_subs></get_trialbalance>");
}

#[test]
fn the_balances_object_takes_every_condition() {
    let mut d = desk();
    let ask = |condition: &str| {
        format!(
            "<readByQuery><object>GLACCOUNTBALANCE</object><fields>ACCOUNTNO,ENDBAL</fields><query>PERIOD = 'P01-2027' AND LOCATIONID = 'E200' AND {condition}</query></readByQuery>"
        )
    };
    let accounts = |d: &mut Desk, condition: &str| {
        all(&d.ok(&ask(condition)), "ACCOUNTNO")
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<String>>()
    };
    assert_eq!(accounts(&mut d, "ACCOUNTNO = '1200'"), ["1200"]);
    let mut two = accounts(&mut d, "ACCOUNTNO in ('1200','1010')");
    two.sort();
    assert_eq!(two, ["1010", "1200"]);
    let large = accounts(&mut d, "(ENDBAL &gt; 100000 OR ENDBAL &lt; -100000)");
    assert!(large.contains(&"1010".to_owned()) && !large.contains(&"1200".to_owned()));
    d.fails(&ask("SHOE = '42'"), "DL02000001", "[SHOE]");
    d.fails(&ask("ENDBAL between 1"), "DL02000001", "operator");
}
