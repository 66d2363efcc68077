// Vendors: create, read back, update, refuse a second one of the same id, delete.
"use strict";

const assert = require("node:assert/strict");
const { query, refusal, result, where } = require("./functions.cjs");

exports.run = async function run(kit) {
  const { call, client, sdk } = kit;
  const payable = sdk.Functions.AccountsPayable;
  const named = (Made, change) => Object.assign(new Made(), { vendorId: "CONF-JS" }, change);
  const found = () => result(client, query("VENDOR", ["RECORDNO", "NAME", "STATUS"], where("VENDORID").equalTo("CONF-JS")));

  await call("vendor.create", async () => {
    const create = named(payable.VendorCreate, { vendorName: "Conformance & Söhne", printAs: "Conformance", active: true });
    const answer = await result(client, create);
    assert.equal(answer.data[0].VENDORID, "CONF-JS");
    assert.match(answer.data[0].RECORDNO, /^\d+$/);
  });

  await call("vendor.read_back", async () => {
    const answer = await found();
    assert.equal(answer.totalCount, 1);
    assert.equal(answer.data[0].NAME, "Conformance & Söhne");
    assert.equal(answer.data[0].STATUS, "active");
  });

  await call("vendor.create_twice", async () => {
    const again = named(payable.VendorCreate, { vendorName: "Somebody else", printAs: "Else" });
    assert.match(await refusal(client.execute(again)), /already exists/);
  });

  await call("vendor.update", async () => {
    await result(client, named(payable.VendorUpdate, { vendorName: "Conformance renamed" }));
    assert.equal((await found()).data[0].NAME, "Conformance renamed");
  });

  await call("vendor.delete", async () => {
    await result(client, named(payable.VendorDelete));
    assert.equal((await found()).totalCount, 0);
  });
};
