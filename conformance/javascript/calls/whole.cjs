// Objects with every field the SDK can write, and the writing functions the other groups leave out.
"use strict";

const assert = require("node:assert/strict");
const { ascending, column, query, refusal, result, where } = require("./functions.cjs");

const day = (number) => new Date(2027, 0, number, 12);

/** Every field of the SDK's vendor. */
const VENDOR = {
  vendorId: "CONF-JS-W", vendorName: "Whole", printAs: "Whole Inc", companyName: "Whole Inc", taxable: false, contactTaxGroupName: "none",
  prefix: "Dr", firstName: "A", lastName: "B", middleName: "C", primaryPhoneNo: "1", secondaryPhoneNo: "2", cellularPhoneNo: "3", pagerNo: "4",
  faxNo: "5", primaryEmailAddress: "a@b.example", secondaryEmailAddress: "c@d.example", primaryUrl: "http://a.example",
  secondaryUrl: "http://b.example", addressLine1: "x", addressLine2: "y", city: "Aarau", stateProvince: "AG", zipPostalCode: "5000",
  country: "Switzerland", isoCountryCode: "CH", oneTime: false, active: true, excludedFromContactList: true, vendorTypeId: "T",
  parentVendorId: "VE-01", glGroupName: "G", taxId: "1", form1099Name: "n", form1099Type: "MISC", form1099Box: "1", attachmentsId: "AT",
  defaultExpenseGlAccountNo: "6100", offsetGlAccountNo: "2000", creditLimit: 1000, onHold: false, doNotPay: false, comments: "c",
  defaultCurrency: "USD", primaryContactName: "p", payToContactName: "q", returnToContactName: "r", preferredPaymentMethod: "Check",
  mergePaymentRequests: true, sendAutomaticPaymentNotification: false, vendorBillingType: "openitem", paymentPriority: "normal",
  paymentTerm: "N30", termDiscountDisplayedOnCheckStub: false, achEnabled: false, achBankRoutingNo: "1", achBankAccountNo: "2",
  achBankAccountType: "Checking", achBankAccountClass: "CCD", vendorAccountNo: "3", locationAssignedAccountNoDisplayedOnCheckStub: false,
  restrictionType: "Restricted", restrictedLocations: ["E100", "E200"], restrictedDepartments: ["D100"],
};

exports.run = async function run(kit) {
  const { call, client, sdk } = kit;
  const payable = sdk.Functions.AccountsPayable;
  const ledger = sdk.Functions.GeneralLedger;
  const make = (Made, fields) => Object.assign(new Made(), fields);

  await call("whole.vendor", async () => {
    await result(client, make(payable.VendorCreate, VENDOR));
    const fields = ["DISPLAYCONTACT.CONTACTNAME", "DISPLAYCONTACT.MAILADDRESS.CITY", "RESTRICTEDLOCATIONS", "PARENT.NAME", "CREDITLIMIT"];
    const [row] = (await result(client, query("VENDOR", fields, where("VENDORID").equalTo("CONF-JS-W")))).data;
    assert.equal(row["DISPLAYCONTACT.CONTACTNAME"], "Whole(VCONF-JS-W)");
    assert.equal(row["DISPLAYCONTACT.MAILADDRESS.CITY"], "Aarau");
    assert.equal(row.RESTRICTEDLOCATIONS, "E100#~#E200");
    assert.equal(row["PARENT.NAME"], "Papercrane Hosting (made up)");
  });

  const line = (amount, change) =>
    make(payable.BillLineCreate, { glAccountNumber: "6200", transactionAmount: amount, locationId: "E200", departmentId: "D300", ...change });
  const key = await call("whole.bill", async () => {
    const bill = make(payable.BillCreate, {
      vendorId: "VE-01", transactionDate: day(10), dueDate: day(30), paymentTerm: "N30", billNumber: "CONF-JS-W1", action: "Submit",
      referenceNumber: "po", onHold: true, description: "d", externalId: "E1", payToContactName: "p", returnToContactName: "r",
      baseCurrency: "USD", transactionCurrency: "USD", attachmentsId: "AT", lines: [line(10.5), line(4.5, { form1099: true, billable: false })],
    });
    return (await result(client, bill)).key;
  });

  await call("whole.bill_line_changed", async () => {
    const changed = make(payable.BillLineUpdate, { lineNo: 2, transactionAmount: 7.25, memo: "two" });
    await result(client, make(payable.BillUpdate, { recordNo: key, lines: [changed] }));
    const rows = await result(client, query("APBILLITEM", ["TRX_AMOUNT"], where("RECORDKEY").equalTo(key), { orderBy: ascending("LINE_NO") }));
    assert.deepEqual(column(rows.data, "TRX_AMOUNT"), ["10.5", "7.25"]);
  });

  await call("whole.bill_line_unknown", async () => {
    const changed = make(payable.BillLineUpdate, { lineNo: 9, transactionAmount: 1 });
    assert.match(await refusal(client.execute(make(payable.BillUpdate, { recordNo: key, lines: [changed] }))), /Line 9/);
  });

  await call("whole.vendor_credit", async () => {
    const item = make(payable.ApAdjustmentLineCreate, { glAccountNumber: "6200", transactionAmount: 5, locationId: "E200", departmentId: "D300" });
    const credit = make(payable.ApAdjustmentCreate, {
      vendorId: "VE-01", transactionDate: day(11), adjustmentNumber: "CONF-JS-W2", action: "Submit", billNumber: "CONF-JS-W1", description: "d",
      lines: [item],
    });
    const made = await result(client, credit);
    await result(client, make(payable.ApAdjustmentDelete, { recordNo: made.key }));
  });

  await call("whole.journal_of_floats", async () => {
    const entry = (amount) =>
      make(ledger.JournalEntryLineCreate, { glAccountNumber: "6200", transactionAmount: amount, locationId: "E200", departmentId: "D300" });
    const lines = [entry(0.1 + 0.2), entry(-0.3)];
    await result(client, make(ledger.JournalEntryCreate, { journalSymbol: "GJ", postingDate: day(12), description: "CONF-JS-W3", lines }));
  });

  await call("whole.statistical", async () => {
    const item = make(ledger.StatisticalJournalEntryLineCreate, { statAccountNumber: "9200", amount: 5, locationId: "E200", departmentId: "D300" });
    const entry = { journalSymbol: "STJ", postingDate: day(12), description: "CONF-JS-W4", lines: [item] };
    await result(client, make(ledger.StatisticalJournalEntryCreate, entry));
  });

  await call("whole.account", async () => {
    const account = {
      accountNo: "7777", title: "t", accountType: "incomestatement", normalBalance: "debit", closingType: "non-closing account", active: true,
      taxable: false, taxReturnCode: "1", m3ReturnCode: "2", requireDepartment: true, requireLocation: false,
    };
    await result(client, make(ledger.AccountCreate, account));
    await result(client, make(ledger.AccountDelete, { accountNo: "7777" }));
    await result(client, make(ledger.StatisticalAccountCreate, { accountNo: "7778", title: "t", reportType: "forperiod", active: true }));
    await result(client, make(ledger.StatisticalAccountDelete, { accountNo: "7778" }));
  });
};
