// read, readByName, readByQuery with readMore, lookup.
"use strict";

const assert = require("node:assert/strict");
const { column, query, result, where } = require("./functions.cjs");

exports.run = async function run(kit) {
  const { call, client, sdk } = kit;
  const common = sdk.Functions.Common;
  const byQuery = (object, text, fields, pageSize) => {
    const made = new common.ReadByQuery();
    Object.assign(made, { objectName: object, fields, query: new common.Query.QueryString(text) });
    if (pageSize) made.pageSize = pageSize;
    return made;
  };

  const recordNo = await call("read.find_record_number", async () => {
    const answer = await result(client, query("APBILL", ["RECORDNO"], where("RECORDID").equalTo("BILL-E200-1")));
    assert.match(answer.data[0].RECORDNO, /^\d+$/);
    return answer.data[0].RECORDNO;
  });

  await call("read.bill_with_lines", async () => {
    const read = new common.Read();
    Object.assign(read, { objectName: "APBILL", fields: ["*"], keys: [Number(recordNo)] });
    const answer = await result(client, read);
    const [bill] = answer.data;
    assert.equal(answer.count, 1);
    assert.equal(bill.RECORDID, "BILL-E200-1");
    assert.equal(bill.VENDORID, "VE-01");
    assert.equal(Number(bill.TOTALENTERED), 2400);
    const lines = [].concat(bill.APBILLITEMS.apbillitem || bill.APBILLITEMS.APBILLITEM);
    assert.deepEqual(lines.map((line) => [line.ACCOUNTNO, Number(line.AMOUNT)]), [["6100", 1800], ["6200", 600]]);
  });

  await call("read.by_name", async () => {
    const read = new common.ReadByName();
    Object.assign(read, { objectName: "VENDOR", fields: ["VENDORID", "NAME"], names: ["VE-02"] });
    const answer = await result(client, read);
    assert.deepEqual(column(answer.data, "NAME"), ["Luftschloss Beratung (made up)"]);
  });

  await call("read.by_query", async () => {
    const answer = await result(client, byQuery("VENDOR", "VENDORID = 'VE-03' AND STATUS = 'T'", ["VENDORID", "NAME"]));
    assert.equal(answer.totalCount, 1);
    assert.equal(answer.listType, "vendor");
    assert.equal(answer.data[0].NAME, "Maboroshi Data KK (made up)");
  });

  const seen = new Set();
  let page = await call("read.by_query_first_page", async () => {
    const answer = await result(client, byQuery("GLACCOUNT", "", ["ACCOUNTNO"], 20));
    assert.equal(answer.count, 20);
    assert.equal(answer.totalCount, 37);
    assert.equal(answer.numRemaining, 17);
    column(answer.data, "ACCOUNTNO").forEach((account) => seen.add(account));
    return answer;
  });

  await call("read.more", async () => {
    const more = new common.ReadMore();
    more.resultId = page.resultId;
    page = await result(client, more);
    column(page.data, "ACCOUNTNO").forEach((account) => seen.add(account));
    assert.equal(page.numRemaining, 0);
    assert.equal(seen.size, 37, "an account was lost or seen twice");
  });

  await call("read.by_query_empty", async () => {
    const answer = await result(client, byQuery("VENDOR", "VENDORID = 'nobody'", ["VENDORID"]));
    assert.equal(answer.totalCount, 0);
    assert.deepEqual(answer.data, []);
  });

  await call("read.lookup", async () => {
    const lookup = new common.Lookup();
    lookup.objectName = "APBILL";
    const answer = await result(client, lookup);
    const fields = [].concat(answer.data[0].Fields.Field);
    const state = fields.find((field) => field.ID === "STATE");
    assert.ok(state, "APBILL has no field STATE");
    assert.equal(fields.find((field) => field.ID === "TRX_TOTALENTERED").DATATYPE.length > 0, true);
  });
};
