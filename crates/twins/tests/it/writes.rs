//! Writing functions and what they leave in books and audit trail.

use crate::desk::{Desk, all, bill, desk, inner, query};

fn balance(desk: &Desk, period: &str, entity: &str, account: &str) -> String {
    let start = format!("{period},{entity},{account},");
    let csv = desk.twin.trial_balance_csv();
    csv.lines()
        .find(|l| l.starts_with(&start))
        .map_or("0".to_owned(), |l| l.rsplit(',').next().unwrap().to_owned())
}

#[test]
fn a_bill_is_created_changed_and_deleted() {
    let mut d = desk();
    let before = d.twin.trial_balance_csv();
    let made = d.ok(&bill("API-1", "01/25/2027", &["100.005", "-20"]));
    assert!(
        made.contains(
            "<data listtype=\"objects\" count=\"1\"><apbill><RECORDNO>9</RECORDNO></apbill></data>"
        ),
        "{made}"
    );
    let read = d.ok("<read><object>APBILL</object><keys>9</keys><fields>*</fields></read>");
    assert_eq!(
        inner(&read, "TOTALENTERED"),
        "80.01",
        "two decimals on payables"
    );
    assert_eq!(inner(&read, "DESCRIPTION"), "O&#039;Neill &amp; Co");
    assert_eq!(inner(&read, "STATE"), "Posted");
    assert_eq!(balance(&d, "P01-2027", "E200", "2000"), "-6253.34");
    d.fails(
        &bill("API-1", "01/25/2027", &["1"]),
        "BL34000061",
        "already exists",
    );
    d.now += 5_000;
    d.ok("<update><APBILL><RECORDNO>9</RECORDNO><DESCRIPTION>changed</DESCRIPTION><WHENDUE>03/01/2027</WHENDUE></APBILL></update>");
    let read = d.ok("<read><object>APBILL</object><keys>9</keys><fields>DESCRIPTION,TOTALENTERED,WHENDUE,WHENMODIFIED,AUWHENCREATED</fields></read>");
    assert_eq!(
        (inner(&read, "DESCRIPTION"), inner(&read, "WHENDUE")),
        ("changed", "03/01/2027")
    );
    assert_eq!(inner(&read, "TOTALENTERED"), "80.01");
    assert_ne!(inner(&read, "WHENMODIFIED"), inner(&read, "AUWHENCREATED"));
    d.ok("<delete><object>APBILL</object><keys>9</keys></delete>");
    assert_eq!(d.twin.trial_balance_csv(), before);
    let audit = d.ok("<query><object>AUDITHISTORY</object><select><field>OBJECTTYPE</field><field>OBJECTKEY</field><field>ACCESSMODE</field><field>SOURCE</field></select><filter><equalto><field>OBJECTTYPE</field><value>apbill</value></equalto></filter></query>");
    assert_eq!(all(&audit, "ACCESSMODE"), ["C", "M", "D"]);
    // The older functions have words where `query` has codes.
    let read = |mode: &str| {
        format!(
            "<readByQuery><object>AUDITHISTORY</object><fields>OBJECTTYPE,ACCESSMODE</fields><query>OBJECTTYPE = 'apbill' AND ACCESSMODE = '{mode}'</query></readByQuery>"
        )
    };
    assert_eq!(all(&d.ok(&read("Deleted")), "ACCESSMODE"), ["Deleted"]);
    assert!(d.ok(&read("D")).contains("totalcount=\"0\""));
    assert_eq!(all(&audit, "OBJECTKEY"), ["9--REC"; 3]);
    assert_eq!(all(&audit, "SOURCE"), ["api"; 3]);
    d.fails(
        "<delete><object>APBILL</object><keys>9</keys></delete>",
        "BL01001973",
        "does not exist",
    );
}

#[test]
fn bills_are_checked() {
    let mut d = desk();
    let good = bill("C-1", "01/25/2027", &["10"]);
    for (from, to, words) in [
        ("VE-01", "VE-99", "Invalid Vendor"),
        ("D300", "D999", "Invalid Department"),
        ("6200", "0000", "Invalid GL Account"),
        ("E200", "E777", "Invalid Location"),
        ("01/25/2027", "2027-01-25", "MM/DD/YYYY"),
        ("01/25/2027", "01/25/2031", "no regular period"),
        (">10<", ">1e1<", "plain decimal"),
        (">10<", ">1,000<", "plain decimal"),
        ("C-1", "C#1", "RECORDID"),
    ] {
        let answer = d.fails(&good.replace(from, to), "BL01001973", words);
        assert!(answer.contains("<data listtype=\"objects\" count=\"0\"/><errormessage>"));
        assert!(answer.contains("Could not create apbill record!"));
    }
    d.twin
        .set_period(Some("E200"), None, "P01-2027", "closed")
        .unwrap();
    d.fails(&good, "BL01001973", "closed");
    d.twin.set_period(None, None, "P01-2027", "open").unwrap();
    d.ok(&good);
}

#[test]
fn legacy_bills_answer_with_a_key_and_can_be_reversed() {
    let mut d = desk();
    let before = balance(&d, "P01-2027", "E200", "2000");
    let made = d.ok("<create_bill><vendorid>VE-01</vendorid><datecreated><year>2027</year><month>01</month><day>25</day></datecreated>\
        <datedue><year>2027</year><month>02</month><day>25</day></datedue><billno>L-1</billno><description>old way</description>\
        <billitems><lineitem><glaccountno>6200</glaccountno><amount>12.34</amount><memo>m</memo><locationid>E200</locationid>\
        <departmentid>D300</departmentid></lineitem></billitems></create_bill>");
    assert!(made.contains("</controlid><key>9</key></result>"), "{made}");
    d.ok("<reverse_bill key=\"9\"><datereversed><year>2027</year><month>1</month><day>26</day></datereversed><description>wrong</description></reverse_bill>");
    assert_eq!(balance(&d, "P01-2027", "E200", "2000"), before);
    let read =
        d.ok("<read><object>APBILL</object><keys>9</keys><fields>STATE,TOTALDUE</fields></read>");
    assert_eq!(
        (inner(&read, "STATE"), inner(&read, "TOTALDUE")),
        ("Reversed", "0")
    );
    d.fails("<reverse_bill key=\"9\"><datereversed><year>2027</year><month>1</month><day>26</day></datereversed></reverse_bill>", "BL01001973", "reversed");
    let batch = d.ok(&query(
        "GLBATCH",
        &["JOURNAL", "REVERSEDFROM", "PRBATCHKEY"],
        "<filter><equalto><field>REFERENCENO</field><value>L-1-V</value></equalto></filter>",
    ));
    assert_eq!(inner(&batch, "JOURNAL"), "APJ");
    assert!(!inner(&batch, "REVERSEDFROM").is_empty() && !inner(&batch, "PRBATCHKEY").is_empty());
    let invoice = d.ok("<create_invoice><customerid>CU-02</customerid><datecreated><year>2027</year><month>1</month><day>25</day></datecreated>\
        <datedue><year>2027</year><month>2</month><day>25</day></datedue><batchkey></batchkey><action>Submit</action><invoiceno>LI-1</invoiceno>\
        <invoiceitems><lineitem><glaccountno>4010</glaccountno><amount>50</amount><locationid>E200</locationid></lineitem></invoiceitems></create_invoice>");
    assert!(invoice.contains("<key>"), "{invoice}");
    let read = d.ok(&query(
        "ARINVOICE",
        &["TOTALENTERED", "CUSTOMERID"],
        "<filter><equalto><field>RECORDID</field><value>LI-1</value></equalto></filter>",
    ));
    assert_eq!(
        (inner(&read, "TOTALENTERED"), inner(&read, "CUSTOMERID")),
        ("50", "CU-02")
    );
}

const JOURNAL: &str = "<create><GLBATCH><JOURNAL>GJ</JOURNAL><BATCH_DATE>01/25/2027</BATCH_DATE><BATCH_TITLE>By hand</BATCH_TITLE>\
    <REFERENCENO>API-J1</REFERENCENO><ENTRIES>\
    <GLENTRY><ACCOUNTNO>6000</ACCOUNTNO><TR_TYPE>1</TR_TYPE><TRX_AMOUNT>100</TRX_AMOUNT><LOCATION>E300</LOCATION><CURRENCY>USD</CURRENCY><EXCHANGE_RATE>0.91</EXCHANGE_RATE></GLENTRY>\
    <GLENTRY><ACCOUNTNO>1010</ACCOUNTNO><TR_TYPE>-1</TR_TYPE><TRX_AMOUNT>91</TRX_AMOUNT><LOCATION>E300</LOCATION></GLENTRY></ENTRIES></GLBATCH></create>";

#[test]
fn journals_balance_or_are_refused() {
    let mut d = desk();
    let before = balance(&d, "P01-2027", "E300", "6000");
    let made = d.ok(JOURNAL);
    assert!(made.contains("<glbatch><RECORDNO>"), "{made}");
    let key = inner(&made, "RECORDNO").to_owned();
    let read = d.ok(&format!(
        "<read><object>GLBATCH</object><keys>{key}</keys><fields>*</fields></read>"
    ));
    assert_eq!(all(&read, "AMOUNT"), ["91", "91"]);
    assert_eq!(all(&read, "TRX_AMOUNT"), ["100", "91"]);
    assert_eq!(inner(&read, "MODULE"), "2.GL");
    d.fails(
        &JOURNAL.replace(">91<", ">92<"),
        "BL01001973",
        "do not balance",
    );
    d.fails(
        &JOURNAL.replace("<EXCHANGE_RATE>0.91</EXCHANGE_RATE>", ""),
        "BL01001973",
        "EXCHANGE_RATE",
    );
    d.fails(
        &JOURNAL.replace(">GJ<", ">NOPE<"),
        "BL01001973",
        "Invalid Journal",
    );
    d.fails(
        &JOURNAL.replace("<TR_TYPE>1<", "<TR_TYPE>D<"),
        "BL01001973",
        "TR_TYPE",
    );
    let update = JOURNAL
        .replace("create>", "update>")
        .replace("<GLBATCH>", &format!("<GLBATCH><RECORDNO>{key}</RECORDNO>"))
        .replace("0.91<", "0.92<")
        .replace(">91<", ">92<");
    d.ok(&update);
    let read = d.ok(&format!(
        "<read><object>GLBATCH</object><keys>{key}</keys><fields>*</fields></read>"
    ));
    assert_eq!(all(&read, "AMOUNT"), ["92", "92"]);
    d.ok(&format!(
        "<delete><object>GLBATCH</object><keys>{key}</keys></delete>"
    ));
    assert_eq!(balance(&d, "P01-2027", "E300", "6000"), before);
    let legacy = d.ok("<create_gltransaction><journalid>GJ</journalid><datecreated><year>2027</year><month>1</month><day>20</day></datecreated>\
        <reversedate><year>2027</year><month>1</month><day>31</day></reversedate><description>acc</description><referenceno>LJ-1</referenceno>\
        <gltransactionentries><glentry><trtype>debit</trtype><amount>5</amount><glaccountno>6000</glaccountno><locationid>E300</locationid></glentry>\
        <glentry><trtype>credit</trtype><amount>5</amount><glaccountno>2100</glaccountno><locationid>E300</locationid></glentry></gltransactionentries></create_gltransaction>");
    assert!(legacy.contains("<key>"));
    assert_eq!(
        balance(&d, "P01-2027", "E300", "6000"),
        before,
        "reversed on the 31st"
    );
    let bill_batch = d.ok(&query(
        "GLBATCH",
        &["RECORDNO"],
        "<filter><equalto><field>REFERENCENO</field><value>BILL-E200-1</value></equalto></filter>",
    ));
    let key = inner(&bill_batch, "RECORDNO").to_owned();
    d.fails(
        &format!("<delete><object>GLBATCH</object><keys>{key}</keys></delete>"),
        "BL01001973",
        "subledger",
    );
}

#[test]
fn masters_are_kept_by_their_ids() {
    let mut d = desk();
    let made = d.ok("<create><VENDOR><VENDORID>V9</VENDORID><NAME>Nine</NAME><STATUS>active</STATUS><DISPLAYCONTACT><PRINTAS>Nine Inc</PRINTAS></DISPLAYCONTACT></VENDOR></create>");
    assert!(
        made.contains("<vendor><RECORDNO>6</RECORDNO><VENDORID>V9</VENDORID></vendor>"),
        "{made}"
    );
    let twice = d.fails(
        "<create><VENDOR><VENDORID>V9</VENDORID><NAME>Nine</NAME></VENDOR></create>",
        "BL34000061",
        "Another VENDOR with the given value(s) V9 already exists",
    );
    assert!(twice.contains("<correction>Use a unique value instead.</correction>"));
    d.ok("<update><VENDOR><VENDORID>V9</VENDORID><NAME>Neun</NAME></VENDOR></update>");
    let read = d.ok("<readByName><object>VENDOR</object><keys>V9</keys><fields>NAME,PRINTAS,STATUS</fields></readByName>");
    assert!(
        read.contains("<NAME>Neun</NAME><PRINTAS>Nine Inc</PRINTAS><STATUS>active</STATUS>"),
        "{read}"
    );
    d.fails(
        "<create><VENDOR><VENDORID>V10</VENDORID><NOPE>x</NOPE></VENDOR></create>",
        "BL01001973",
        "Invalid field NOPE",
    );
    d.fails(
        "<create><VENDOR><NAME>x</NAME></VENDOR></create>",
        "BL01001973",
        "VENDORID is missing",
    );
    d.fails(
        "<update><VENDOR><VENDORID>V77</VENDORID><NAME>x</NAME></VENDOR></update>",
        "BL01001973",
        "does not exist",
    );
    d.fails(
        "<create><LOCATIONENTITY><LOCATIONID>E1</LOCATIONID></LOCATIONENTITY></create>",
        "BL01001973",
        "cannot be written",
    );
    d.ok("<delete><object>VENDOR</object><keys>6</keys></delete>");
    d.fails(
        "<delete><object>VENDOR</object><keys>1</keys></delete>",
        "BL01001973",
        "used by transactions",
    );
    let audit = d.ok("<query><object>AUDITHISTORY</object><select><field>OBJECTKEY</field></select><filter><and><equalto><field>OBJECTTYPE</field><value>vendor</value></equalto><equalto><field>ACCESSMODE</field><value>D</value></equalto></and></filter></query>");
    assert_eq!(all(&audit, "OBJECTKEY"), ["V9"]);
}

#[test]
fn an_entity_session_writes_only_its_own() {
    let mut d = desk();
    let answer = d.ok("<getAPISession><locationid>E300</locationid></getAPISession>");
    d.session = inner(&answer, "sessionid").to_owned();
    d.fails(
        &bill("E-1", "01/25/2027", &["1"]),
        "BL01001973",
        "outside the entity",
    );
    d.ok("<create><CLASS><CLASSID>C-E3</CLASSID><NAME>n</NAME></CLASS></create>");
    let seen = d.ok("<query><object>CLASS</object><select><field>MEGAENTITYID</field></select><filter><equalto><field>CLASSID</field><value>C-E3</value></equalto></filter></query>");
    assert_eq!(inner(&seen, "MEGAENTITYID"), "E300");
}
