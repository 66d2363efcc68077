// Journal entries: the generic create of the SDK, the legacy function, lines read back, deletion, and one that does not balance.
"use strict";

const assert = require("node:assert/strict");
const { Written, ascending, query, refusal, result, where } = require("./functions.cjs");

exports.run = async function run(kit) {
  const { call, client, sdk } = kit;
  const ledger = sdk.Functions.GeneralLedger;
  const line = (account, amount) =>
    Object.assign(new ledger.JournalEntryLineCreate(), {
      glAccountNumber: account, transactionAmount: amount, locationId: "E200", departmentId: "D200", documentNumber: "CONF-JS", memo: "conformance",
    });
  const entry = (title, lines) =>
    Object.assign(new ledger.JournalEntryCreate(), {
      journalSymbol: "GJ", postingDate: new Date(2027, 0, 18, 12), description: title, referenceNumber: title, lines,
    });
  const found = (title) =>
    result(client, query("GLBATCH", ["RECORDNO", "JOURNAL", "BATCH_DATE", "STATE", "REFERENCENO"], where("BATCH_TITLE").equalTo(title)));

  const key = await call("journal.create", async () => {
    const answer = await result(client, entry("CONF-JS-J1", [line("6300", 12.34), line("2100", -12.34)]));
    assert.match(answer.data[0].RECORDNO, /^\d+$/);
    return answer.data[0].RECORDNO;
  });

  await call("journal.read_back", async () => {
    const [row] = (await found("CONF-JS-J1")).data;
    assert.deepEqual([row.RECORDNO, row.JOURNAL, row.BATCH_DATE, row.STATE], [key, "GJ", "01/18/2027", "Posted"]);
    assert.equal(row.REFERENCENO, "CONF-JS-J1");
  });

  await call("journal.lines", async () => {
    const fields = ["LINE_NO", "ACCOUNTNO", "TR_TYPE", "TRX_AMOUNT", "LOCATION"];
    const answer = await result(client, query("GLENTRY", fields, where("BATCHNO").equalTo(key), { orderBy: ascending("LINE_NO") }));
    const rows = answer.data.map((row) => [row.ACCOUNTNO, row.TR_TYPE, Number(row.TRX_AMOUNT), row.LOCATION]);
    assert.deepEqual(rows, [["6300", "1", 12.34, "E200"], ["2100", "-1", 12.34, "E200"]]);
  });

  await call("journal.delete", async () => {
    await result(client, Object.assign(new ledger.JournalEntryDelete(), { recordNo: key }));
    assert.equal((await found("CONF-JS-J1")).totalCount, 0);
  });

  await call("journal.unbalanced", async () => {
    const unbalanced = entry("CONF-JS-J2", [line("6300", 12.34), line("2100", -12.33)]);
    assert.match(await refusal(client.execute(unbalanced)), /balance/i);
    assert.equal((await found("CONF-JS-J2")).totalCount, 0);
  });

  await call("journal.create_legacy", async () => {
    const side = (kind, account) => [
      "glentry",
      [["trtype", kind], ["amount", "5.50"], ["glaccountno", account], ["memo", "legacy"], ["locationid", "E200"], ["departmentid", "D200"]],
    ];
    const create = new Written("create_gltransaction", [
      ["journalid", "GJ"],
      ["datecreated", [["year", "2027"], ["month", "01"], ["day", "19"]]],
      ["description", "CONF-JS-J3"],
      ["referenceno", "CONF-JS-J3"],
      ["gltransactionentries", [side("debit", "6300"), side("credit", "2100")]],
    ]);
    const answer = await result(client, create);
    assert.match(answer.key, /^\d+$/);
    assert.equal((await found("CONF-JS-J3")).data[0].RECORDNO, answer.key);
  });
};
