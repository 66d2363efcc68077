//! What a write refuses, keeps and rounds, beyond the plain cases.

use crate::desk::{bill, desk, inner, query};

const LEGACY_HEAD: &str = "<vendorid>VE-01</vendorid><datecreated><year>2027</year><month>01</month><day>25</day></datecreated>";
const LEGACY_LINE: &str = "<lineitem><glaccountno>6200</glaccountno><amount>12.34</amount><locationid>E200</locationid></lineitem>";

fn legacy(due: &str, number: &str, lines: &str) -> String {
    format!(
        "<create_bill>{LEGACY_HEAD}{due}<billno>{number}</billno><billitems>{lines}</billitems></create_bill>"
    )
}

const DUE: &str = "<datedue><year>2027</year><month>02</month><day>01</day></datedue>";

#[test]
fn no_field_of_a_document_is_dropped_silently() {
    let mut d = desk();
    let good = bill("S-1", "01/20/2027", &["10"]);
    for (old, new, words) in [
        (
            "<VENDORID>",
            "<FOO>1</FOO><VENDORID>",
            "Invalid field FOO for APBILL",
        ),
        (
            "<ACCOUNTNO>",
            "<TASKID>1</TASKID><ACCOUNTNO>",
            "Invalid field TASKID for APBILLITEM",
        ),
        (
            "<ACCOUNTNO>",
            "<ACCOUNTLABEL>Rent</ACCOUNTLABEL><ACCOUNTNO>",
            "Invalid Account Label",
        ),
        ("<VENDORID>", "<ONHOLD>perhaps</ONHOLD><VENDORID>", "ONHOLD"),
        (
            "<VENDORID>",
            "<CURRENCY>EUR</CURRENCY><EXCH_RATE_TYPE_ID>x</EXCH_RATE_TYPE_ID><EXCHANGE_RATE>1.1</EXCHANGE_RATE><VENDORID>",
            "not both",
        ),
        (
            "<VENDORID>",
            "<CURRENCY>euro</CURRENCY><VENDORID>",
            "Invalid Currency",
        ),
        ("<WHENDUE>02/28/2027</WHENDUE>", "", "WHENDUE is missing"),
    ] {
        d.fails(&good.replace(old, new), "BL01001973", words);
    }
    let kept = good.replace(
        "<VENDORID>",
        "<ONHOLD>true</ONHOLD><RECPAYMENTDATE>02/01/2027</RECPAYMENTDATE><PAYMENTPRIORITY>high</PAYMENTPRIORITY><FOO></FOO><VENDORID>",
    );
    let made = d.ok(&kept);
    let number = inner(&made, "RECORDNO");
    let read = d.ok(&format!("<read><object>APBILL</object><keys>{number}</keys><fields>ONHOLD,RECPAYMENTDATE,PAYMENTPRIORITY</fields></read>"));
    assert!(
        read.contains("<ONHOLD>true</ONHOLD><RECPAYMENTDATE>02/01/2027</RECPAYMENTDATE><PAYMENTPRIORITY>high</PAYMENTPRIORITY>"),
        "{read}"
    );
    // What is not named stays, an empty element clears.
    d.ok(&format!("<update><APBILL><RECORDNO>{number}</RECORDNO><SUPDOCID>A-1</SUPDOCID><DESCRIPTION></DESCRIPTION></APBILL></update>"));
    let read = d.ok(&format!("<read><object>APBILL</object><keys>{number}</keys><fields>RECORDID,DESCRIPTION,SUPDOCID,ONHOLD,WHENDUE</fields></read>"));
    assert!(
        read.contains("<RECORDID>S-1</RECORDID><DESCRIPTION></DESCRIPTION><SUPDOCID>A-1</SUPDOCID><ONHOLD>true</ONHOLD><WHENDUE>02/28/2027</WHENDUE>"),
        "{read}"
    );
}

#[test]
fn amounts_of_any_length_are_rounded_to_two_decimals() {
    let mut d = desk();
    for (at, (given, kept)) in [
        ("0.30000000000000004", "0.3"),
        ("10.004999999999999999", "10"),
        ("-0.00500000000000000001", "-0.01"),
    ]
    .into_iter()
    .enumerate()
    {
        let made = d.ok(&bill(&format!("R-{at}"), "01/20/2027", &[given]));
        let number = inner(&made, "RECORDNO");
        let read = d.ok(&format!("<read><object>APBILL</object><keys>{number}</keys><fields>TRX_TOTALENTERED</fields></read>"));
        assert_eq!(inner(&read, "TRX_TOTALENTERED"), kept);
    }
    for given in ["1e3", "1,000", "+5", "0.3000000000000000e4"] {
        d.fails(
            &bill("R-x", "01/20/2027", &[given]),
            "BL01001973",
            "plain decimal",
        );
    }
}

#[test]
fn legacy_functions_say_everything_once_and_choose() {
    let mut d = desk();
    d.ok(&legacy(DUE, "L-1", LEGACY_LINE));
    d.ok(&legacy("<termname>N30</termname>", "L-2", LEGACY_LINE));
    d.breaks_schema(&legacy("", "L-3", LEGACY_LINE), "datedue|termname");
    d.breaks_schema(
        &legacy(DUE, "L-4</billno><billno>L-5", LEGACY_LINE),
        "twice",
    );
    d.breaks_schema(&legacy(DUE, "L-6", "<foo/>"), "foo");
    let both = LEGACY_LINE.replace("<glacc", "<accountlabel>Rent</accountlabel><glacc");
    d.breaks_schema(&legacy(DUE, "L-7", &both), "glaccountno");
    let date = DUE.replace("<day>01</day>", "");
    d.breaks_schema(&legacy(&date, "L-8", LEGACY_LINE), "datedue");
    let label = LEGACY_LINE.replace("glaccountno", "accountlabel");
    d.fails(
        &legacy(DUE, "L-9", &label),
        "BL01001973",
        "Invalid Account Label &#039;6200&#039;",
    );
}

#[test]
fn update_bill_changes_numbered_lines_and_adds_others() {
    let mut d = desk();
    let made = d.ok(&legacy(DUE, "U-1", &format!("{LEGACY_LINE}{LEGACY_LINE}")));
    let key = inner(&made, "key").to_owned();
    d.ok(&format!(
        "<update_bill key=\"{key}\"><updatebillitems><updatelineitem line_num=\"2\"><amount>7.66</amount><memo>two</memo></updatelineitem>{}</updatebillitems></update_bill>",
        LEGACY_LINE.replace("12.34", "80")
    ));
    let lines = d.ok(&query(
        "APBILLITEM",
        &["LINE_NO", "TRX_AMOUNT", "ENTRYDESCRIPTION"],
        &format!(
            "<filter><equalto><field>RECORDKEY</field><value>{key}</value></equalto></filter>"
        ),
    ));
    assert_eq!(
        crate::desk::all(&lines, "TRX_AMOUNT"),
        ["12.34", "7.66", "80"]
    );
    assert_eq!(
        crate::desk::all(&lines, "ENTRYDESCRIPTION"),
        ["", "two", ""]
    );
    d.fails(
        &format!("<update_bill key=\"{key}\"><updatebillitems><updatelineitem line_num=\"9\"><amount>1</amount></updatelineitem></updatebillitems></update_bill>"),
        "BL01001973",
        "Line 9 does not exist",
    );
}

#[test]
fn a_vendor_credit_comes_by_its_legacy_function_too() {
    let mut d = desk();
    let made = d.ok(&format!(
        "<create_apadjustment>{LEGACY_HEAD}<adjustmentno>AD-1</adjustmentno><apadjustmentitems>{LEGACY_LINE}</apadjustmentitems></create_apadjustment>"
    ));
    let key = inner(&made, "key").to_owned();
    let read = d.ok(&format!("<read><object>APADJUSTMENT</object><keys>{key}</keys><fields>RECORDID,TOTALENTERED,STATE</fields></read>"));
    assert!(
        read.contains("<RECORDID>AD-1</RECORDID><TOTALENTERED>12.34</TOTALENTERED>"),
        "{read}"
    );
    d.ok(&format!("<delete_apadjustment key=\"{key}\"/>"));
}

#[test]
fn journal_lines_take_their_own_field_names_and_round() {
    let mut d = desk();
    let entry = |side: &str, amount: &str, more: &str| {
        format!(
            "<GLENTRY><ACCOUNTNO>6200</ACCOUNTNO><TR_TYPE>{side}</TR_TYPE><TRX_AMOUNT>{amount}</TRX_AMOUNT><LOCATION>E200</LOCATION>{more}</GLENTRY>"
        )
    };
    let batch = |entries: String| {
        format!(
            "<create><GLBATCH><JOURNAL>GJ</JOURNAL><BATCH_DATE>01/20/2027</BATCH_DATE><BATCH_TITLE>t</BATCH_TITLE><ENTRIES>{entries}</ENTRIES></GLBATCH></create>"
        )
    };
    let pair = entry("1", "5", "<DEPARTMENTID>D300</DEPARTMENTID>") + &entry("-1", "5", "");
    d.fails(
        &batch(pair),
        "BL01001973",
        "Invalid field DEPARTMENTID for GLENTRY",
    );
    let made = d.ok(&batch(entry("1", "5.005", "") + &entry("-1", "5.005", "")));
    let number = inner(&made, "RECORDNO");
    let lines = d.ok(&query(
        "GLENTRY",
        &["AMOUNT", "TRX_AMOUNT"],
        &format!(
            "<filter><equalto><field>BATCHNO</field><value>{number}</value></equalto></filter>"
        ),
    ));
    assert_eq!(crate::desk::all(&lines, "TRX_AMOUNT"), ["5.01", "5.01"]);
    assert_eq!(crate::desk::all(&lines, "AMOUNT"), ["5.01", "5.01"]);
}

#[test]
fn a_vendor_keeps_what_the_sdks_write() {
    let mut d = desk();
    d.fails(
        "<create><VENDOR><VENDORID>V1</VENDORID></VENDOR></create>",
        "BL01001973",
        "NAME is missing",
    );
    d.ok("<create><VENDOR><VENDORID>V1</VENDORID><NAME>One</NAME><DISPLAYCONTACT><PRINTAS>One</PRINTAS><EMAIL1>a@b.example</EMAIL1>\
         <MAILADDRESS><CITY>Aarau</CITY><COUNTRYCODE>CH</COUNTRYCODE></MAILADDRESS></DISPLAYCONTACT><ONETIME>false</ONETIME>\
         <PAYTO><CONTACTNAME>p</CONTACTNAME></PAYTO><FORM1099TYPE>MISC</FORM1099TYPE></VENDOR></create>");
    let read = d.ok("<readByName><object>VENDOR</object><keys>V1</keys><fields>DISPLAYCONTACT.CONTACTNAME,DISPLAYCONTACT.EMAIL1,DISPLAYCONTACT.MAILADDRESS.CITY,ONETIME,PAYTO.CONTACTNAME,FORM1099TYPE</fields></readByName>");
    assert!(
        read.contains("<VENDOR><DISPLAYCONTACT.CONTACTNAME>One(VV1)</DISPLAYCONTACT.CONTACTNAME><DISPLAYCONTACT.EMAIL1>a@b.example</DISPLAYCONTACT.EMAIL1><DISPLAYCONTACT.MAILADDRESS.CITY>Aarau</DISPLAYCONTACT.MAILADDRESS.CITY><ONETIME>false</ONETIME><PAYTO.CONTACTNAME>p</PAYTO.CONTACTNAME><FORM1099TYPE>MISC</FORM1099TYPE>"),
        "{read}"
    );
    d.fails(
        "<create><VENDOR><VENDORID>V2</VENDORID><NAME>Two</NAME><DISPLAYCONTACT><SHOE>42</SHOE></DISPLAYCONTACT></VENDOR></create>",
        "BL01001973",
        "Invalid field DISPLAYCONTACT.SHOE",
    );
    d.ok("<create><GLACCOUNT><ACCOUNTNO>9876</ACCOUNTNO><TITLE>t</TITLE><ACCOUNTTYPE>incomestatement</ACCOUNTTYPE><NORMALBALANCE>debit</NORMALBALANCE><CLOSINGTYPE>non-closing account</CLOSINGTYPE><TAXABLE>false</TAXABLE><REQUIREDEPT>true</REQUIREDEPT></GLACCOUNT></create>");
    d.ok("<delete_glaccount glaccountno=\"9876\"/>");
}
