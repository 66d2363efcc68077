// Bills: the legacy functions the SDK sends, the generic ones, reversal, deletion, and what must be refused.
"use strict";

const assert = require("node:assert/strict");
const { Written, column, query, refusal, result, ascending, where } = require("./functions.cjs");

/** A day of January 2027 at noon, so that no time zone moves it to a neighbour. */
const day = (number) => new Date(2027, 0, number, 12);

exports.run = async function run(kit) {
  const { call, client, sdk } = kit;
  const payable = sdk.Functions.AccountsPayable;
  const line = (account, amount) =>
    Object.assign(new payable.BillLineCreate(), {
      glAccountNumber: account, transactionAmount: amount, locationId: "E200", departmentId: "D300", memo: "conformance",
    });
  const bill = (number, change) =>
    Object.assign(new payable.BillCreate(), {
      vendorId: "VE-01", transactionDate: day(15), glPostingDate: day(15), dueDate: day(31), billNumber: number,
      description: "from the JavaScript SDK", baseCurrency: "USD", transactionCurrency: "USD", exchangeRateValue: 1,
      lines: [line("6200", 100.1), line("6100", 50.05)], ...change,
    });
  const found = (number) => {
    const fields = ["RECORDNO", "RECORDID", "STATE", "DESCRIPTION", "TRX_TOTALENTERED", "TOTALDUE", "WHENPOSTED"];
    return result(client, query("APBILL", fields, where("RECORDID").equalTo(number)));
  };

  const key = await call("bill.create_legacy", async () => {
    const answer = await result(client, bill("CONF-JS-1"));
    assert.match(answer.key, /^\d+$/);
    return answer.key;
  });

  await call("bill.read_back", async () => {
    const [row] = (await found("CONF-JS-1")).data;
    assert.equal(row.RECORDNO, key);
    assert.equal(row.STATE, "Posted");
    assert.equal(row.WHENPOSTED, "01/15/2027");
    assert.equal(Number(row.TRX_TOTALENTERED), 150.15);
    assert.equal(Number(row.TOTALDUE), 150.15);
  });

  await call("bill.lines", async () => {
    const fields = ["LINE_NO", "ACCOUNTNO", "TRX_AMOUNT", "LOCATIONID"];
    const answer = await result(client, query("APBILLITEM", fields, where("RECORDKEY").equalTo(key), { orderBy: ascending("LINE_NO") }));
    assert.deepEqual(column(answer.data, "ACCOUNTNO"), ["6200", "6100"]);
    assert.deepEqual(column(answer.data, "TRX_AMOUNT").map(Number), [100.1, 50.05]);
    assert.deepEqual(column(answer.data, "LOCATIONID"), ["E200", "E200"]);
  });

  await call("bill.update_legacy", async () => {
    const update = Object.assign(new payable.BillUpdate(), { recordNo: key, dueDate: day(30), description: "changed" });
    await result(client, update);
    assert.equal((await found("CONF-JS-1")).data[0].DESCRIPTION, "changed");
  });

  await call("bill.create_twice", async () => {
    assert.match(await refusal(client.execute(bill("CONF-JS-1"))), /BL34000061|already|exist/i);
  });

  await call("bill.reverse", async () => {
    const reverse = Object.assign(new payable.BillReverse(), { recordNo: key, reverseDate: day(20), memo: "not ours" });
    await result(client, reverse);
    assert.equal((await found("CONF-JS-1")).data[0].STATE, "Reversed");
  });

  const generic = await call("bill.create_generic", async () => {
    const item = ["APBILLITEM", [["ACCOUNTNO", "6300"], ["TRX_AMOUNT", "77.70"], ["LOCATIONID", "E200"], ["DEPARTMENTID", "D200"]]];
    const create = new Written("create", [[
      "APBILL",
      [
        ["WHENCREATED", "01/16/2027"], ["WHENPOSTED", "01/16/2027"], ["VENDORID", "VE-05"], ["RECORDID", "CONF-JS-2"],
        ["WHENDUE", "02/15/2027"], ["CURRENCY", "USD"], ["BASECURR", "USD"], ["APBILLITEMS", [item]],
      ],
    ]]);
    const answer = await result(client, create);
    assert.match(answer.data[0].RECORDNO, /^\d+$/);
    return answer.data[0].RECORDNO;
  });

  await call("bill.update_generic", async () => {
    const fields = [["RECORDNO", generic], ["WHENDUE", "02/16/2027"], ["DESCRIPTION", "changed too"]];
    await result(client, new Written("update", [["APBILL", fields]]));
    assert.equal((await found("CONF-JS-2")).data[0].DESCRIPTION, "changed too");
  });

  await call("bill.delete", async () => {
    await result(client, new Written("delete", [["object", "APBILL"], ["keys", generic]]));
    assert.equal((await found("CONF-JS-2")).totalCount, 0);
  });

  await call("bill.unknown_vendor", async () => {
    assert.match(await refusal(client.execute(bill("CONF-JS-3", { vendorId: "nobody" }))), /nobody/);
    assert.equal((await found("CONF-JS-3")).totalCount, 0);
  });

  await call("bill.outside_every_period", async () => {
    const early = bill("CONF-JS-4", { transactionDate: new Date(2020, 5, 15, 12), glPostingDate: new Date(2020, 5, 15, 12) });
    assert.match(await refusal(client.execute(early)), /period|books|date/i);
    assert.equal((await found("CONF-JS-4")).totalCount, 0);
  });

  await call("bill.into_a_closed_period", async () => {
    const period = (status) =>
      fetch(`${kit.ready.control}/control/periods`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ system: "intacct", period: "P11-2026", status }),
      }).then(async (answer) => assert.ok(answer.ok, `control port: ${answer.status} ${await answer.text()}`));
    await period("closed");
    const late = bill("CONF-JS-5", { transactionDate: new Date(2026, 10, 15, 12), glPostingDate: new Date(2026, 10, 15, 12) });
    assert.match(await refusal(client.execute(late)), /clos|period/i);
    assert.equal((await found("CONF-JS-5")).totalCount, 0);
    await period("open");
    assert.match((await result(client, late)).key, /^\d+$/);
  });
};
