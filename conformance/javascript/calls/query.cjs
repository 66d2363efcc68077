// `query` with every operator, nesting, ordering, paging, aggregates, dotted paths and empty results.
// Figures: golden/inputs/documents.csv and document_lines.csv; eight bills.
"use strict";

const assert = require("node:assert/strict");
const { and, ascending, column, descending, or, query, result, selects, where } = require("./functions.cjs");

/** Operator, filter on bills, and the bills it must find. */
const operators = [
  ["equalto", where("RECORDID").equalTo("BILL-E200-1"), ["BILL-E200-1"]],
  ["notequalto", where("VENDORID").notEqualTo("VE-01"), ["BILL-E100-1", "BILL-E200-2", "BILL-E300-1", "BILL-E400-1"]],
  ["lessthan", where("TRX_TOTALENTERED").lessThan("2400"), ["BILL-E100-1", "BILL-E200-4"]],
  ["lessthanorequalto", where("TRX_TOTALENTERED").lessThanOrEqualTo("2400"), ["BILL-E100-1", "BILL-E200-1", "BILL-E200-4"]],
  ["greaterthan", where("TRX_TOTALENTERED").greaterThan("5950"), ["BILL-E200-2", "BILL-E400-1"]],
  ["greaterthanorequalto", where("TRX_TOTALENTERED").greaterThanOrEqualTo("5950"), ["BILL-E200-2", "BILL-E300-1", "BILL-E400-1"]],
  ["between", where("WHENPOSTED").between("12/05/2026", "12/10/2026"), ["BILL-E200-2", "BILL-E300-1", "BILL-E400-1"]],
  ["in", where("VENDORID").in(["VE-02", "VE-03"]), ["BILL-E300-1", "BILL-E400-1"]],
  ["notin", where("VENDORID").notIn(["VE-01", "VE-05"]), ["BILL-E300-1", "BILL-E400-1"]],
  ["like", where("RECORDID").like("BILL-E30_-%"), ["BILL-E300-1", "BILL-E300-2"]],
  ["notlike", where("RECORDID").notLike("BILL-E2%"), ["BILL-E100-1", "BILL-E300-1", "BILL-E300-2", "BILL-E400-1"]],
  ["isnull", and(where("DOCNUMBER").isNull(), where("VENDORID").equalTo("VE-03")), ["BILL-E400-1"]],
  ["isnotnull", and(where("WHENDUE").isNotNull(), where("VENDORID").equalTo("VE-02")), ["BILL-E300-1"]],
  ["or", or(where("RECORDID").equalTo("BILL-E300-1"), where("RECORDID").equalTo("BILL-E400-1")), ["BILL-E300-1", "BILL-E400-1"]],
  [
    "nested",
    and(where("CURRENCY").equalTo("USD"), or(where("VENDORID").equalTo("VE-05"), where("RECORDID").equalTo("BILL-E300-2"))),
    ["BILL-E100-1", "BILL-E200-2", "BILL-E300-2"],
  ],
];

exports.run = async function run(kit) {
  const { call, client } = kit;

  for (const [name, filter, expected] of operators) {
    await call(`query.${name}`, async () => {
      const answer = await result(client, query("APBILL", ["RECORDID"], filter, { orderBy: ascending("RECORDID") }));
      assert.deepEqual(column(answer.data, "RECORDID"), expected);
      assert.equal(answer.totalCount, expected.length);
      assert.equal(answer.numRemaining, 0);
      assert.equal(answer.listType, "APBILL");
    });
  }

  await call("query.order_descending", async () => {
    const answer = await result(client, query("VENDOR", ["VENDORID"], null, { orderBy: descending("VENDORID") }));
    assert.deepEqual(column(answer.data, "VENDORID"), ["VE-05", "VE-04", "VE-03", "VE-02", "VE-01"]);
  });

  await call("query.case_insensitive", async () => {
    const filter = where("RECORDID").equalTo("bill-e200-1");
    assert.equal((await result(client, query("APBILL", ["RECORDID"], filter))).totalCount, 0);
    const answer = await result(client, query("APBILL", ["RECORDID"], filter, { caseInsensitive: true }));
    assert.equal(answer.totalCount, 1);
  });

  await pages(kit);
  await aggregates(kit);

  await call("query.dotted_path", async () => {
    const answer = await result(client, query("APBILL", ["RECORDID", "VENDOR.NAME"], where("RECORDID").equalTo("BILL-E200-1")));
    assert.equal(answer.data[0]["VENDOR.NAME"], "Papercrane Hosting (made up)");
  });

  await call("query.empty", async () => {
    const answer = await result(client, query("APBILL", ["RECORDID"], where("RECORDID").equalTo("nothing of this name")));
    assert.deepEqual(answer.data, []);
    assert.equal(answer.totalCount, 0);
    assert.equal(answer.count, 0);
  });

  await call("query.enum_by_label", async () => {
    const answer = await result(client, query("APBILL", ["RECORDID", "STATE"], where("STATE").equalTo("Reversed")));
    assert.deepEqual(column(answer.data, "RECORDID"), ["BILL-E100-1"]);
  });
};

async function pages({ call, client }) {
  const seen = [];
  for (const [number, offset] of [0, 15, 30].entries()) {
    await call(`query.page_${number + 1}`, async () => {
      const settings = { orderBy: ascending("RECORDNO"), pageSize: 15, offset };
      const answer = await result(client, query("GLACCOUNT", ["RECORDNO", "ACCOUNTNO"], null, settings));
      assert.equal(answer.totalCount, 37);
      assert.equal(answer.count, number === 2 ? 7 : 15);
      assert.equal(answer.numRemaining, 37 - offset - answer.count);
      seen.push(...column(answer.data, "ACCOUNTNO"));
      if (number === 2) assert.equal(new Set(seen).size, 37, "an account was lost or seen twice");
    });
  }
}

async function aggregates({ call, client }) {
  const usd = and(where("CURRENCY").equalTo("USD"), where("RECORDID").like("BILL-E%"));
  await call("query.aggregates", async () => {
    const select = selects().addCount("RECORDNO").addSum("TRX_TOTALENTERED").addMinimum("TRX_TOTALENTERED").addMaximum("TRX_TOTALENTERED").selects;
    const [row] = (await result(client, query("APBILL", select, usd))).data;
    assert.equal(Number(row["COUNT.RECORDNO"]), 6);
    assert.equal(Number(row["SUM.TRX_TOTALENTERED"]), 17784.33);
    assert.equal(Number(row["MIN.TRX_TOTALENTERED"]), 333.33);
    assert.equal(Number(row["MAX.TRX_TOTALENTERED"]), 7500);
  });

  await call("query.grouped", async () => {
    const select = selects().addField("VENDORID").addCount("RECORDNO").selects;
    const answer = await result(client, query("APBILL", select, where("RECORDID").like("BILL-E%"), { orderBy: ascending("VENDORID") }));
    const counts = answer.data.map((row) => [row.VENDORID, Number(row["COUNT.RECORDNO"])]);
    assert.deepEqual(counts, [["VE-01", 4], ["VE-02", 1], ["VE-03", 1], ["VE-05", 2]]);
  });
}
