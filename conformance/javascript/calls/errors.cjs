// What must be refused, several functions in one request, one that takes the others with it, and a repeated control id.
"use strict";

const assert = require("node:assert/strict");
const { Written, query, refusal, result, where } = require("./functions.cjs");

exports.run = async function run(kit) {
  const { call, client, sdk } = kit;
  const vendor = (id) => Object.assign(new sdk.Functions.AccountsPayable.VendorCreate(), { vendorId: id, vendorName: id, printAs: id });
  const count = async (id) => (await result(client, query("VENDOR", ["VENDORID"], where("VENDORID").equalTo(id)))).totalCount;

  await call("error.unknown_object", async () => {
    assert.match(await refusal(client.execute(query("NOSUCHOBJECT", ["RECORDNO"]))), /not found|NOSUCHOBJECT/i);
  });

  await call("error.unknown_field", async () => {
    assert.match(await refusal(client.execute(query("VENDOR", ["NOSUCHFIELD"]))), /NOSUCHFIELD|DL02000001/);
  });

  await call("error.iso_date_in_filter", async () => {
    const filter = where("WHENMODIFIED").greaterThan("2026-12-01T00:00:00Z");
    assert.match(await refusal(client.execute(query("APBILL", ["RECORDNO"], filter))), /DL02000001/);
  });

  await call("error.unknown_function", async () => {
    assert.ok(await refusal(client.execute(new Written("make_coffee", [["sugar", "2"]]))));
  });

  await call("batch.results_in_order", async () => {
    const response = await client.executeBatch([query("VENDOR", ["VENDORID"]), query("NOSUCHOBJECT", ["A"]), query("CLASS", ["CLASSID"])]);
    assert.deepEqual(response.results.map((one) => one.status), ["success", "failure", "success"]);
  });

  await call("batch.transaction_rolls_back", async () => {
    const config = new sdk.RequestConfig();
    config.transaction = true;
    const { results } = await client.executeBatch([vendor("CONF-JS-T1"), vendor("VE-01")], config);
    assert.deepEqual(results.map((one) => one.status), ["aborted", "aborted"]);
    assert.match(results[0].errors.join(" "), /XL03000009/);
    assert.match(results[1].errors[0], /already exists/);
    assert.equal(await count("CONF-JS-T1"), 0);
  });

  await call("unique_id.replay_is_refused", async () => {
    const config = new sdk.RequestConfig();
    config.uniqueId = true;
    const once = (id) => Object.assign(vendor(id), { controlId: "conformance-js-once" });
    await result(client, once("CONF-JS-U1"), config);
    assert.ok(await refusal(client.execute(once("CONF-JS-U2"), config)));
    assert.equal(await count("CONF-JS-U2"), 0);
  });
};
