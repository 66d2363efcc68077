// Login, sessions, entities, and credentials that must be refused.
"use strict";

const assert = require("node:assert/strict");
const { query, refusal, result, where } = require("./functions.cjs");

async function session(kit, client, entityId) {
  const create = new kit.sdk.Functions.ApiSessionCreate();
  if (entityId !== undefined) create.entityId = entityId;
  const response = await client.execute(create);
  return { api: response.results[0].data[0], authentication: response.authentication };
}

exports.run = async function run(kit) {
  const { call, client, ready } = kit;

  const top = await call("session.login", async () => {
    const { api, authentication } = await session(kit, client);
    assert.ok(api.sessionid, "no session id");
    assert.ok(api.endpoint.endsWith("/ia/xml/xmlgw.phtml"), `endpoint ${api.endpoint}`);
    assert.equal(authentication.companyId, ready.login.intacct.company_id);
    assert.equal(authentication.userId, ready.login.intacct.user_id);
    assert.ok(Date.parse(authentication.sessionTimeout) > Date.parse(authentication.sessionTimestamp));
    return api;
  });

  await call("session.reused", async () => {
    const reused = kit.clientWith({ sessionId: top.sessionid, companyId: undefined, userId: undefined, userPassword: undefined });
    const answer = await result(reused, query("LOCATIONENTITY", ["LOCATIONID"]));
    assert.equal(answer.totalCount, 6);
  });

  const entity = await call("session.entity", async () => {
    const { api } = await session(kit, client, "E300");
    assert.equal(api.locationid, "E300");
    assert.notEqual(api.sessionid, top.sessionid);
    return api;
  });

  await call("session.entity_sees_its_own_bills", async () => {
    const scoped = kit.clientWith({ sessionId: entity.sessionid });
    const answer = await result(scoped, query("APBILL", ["RECORDID"], where("RECORDID").like("BILL-%")));
    assert.deepEqual(answer.data.map((row) => row.RECORDID).sort(), ["BILL-E300-1", "BILL-E300-2"]);
  });

  await call("session.login_into_entity", async () => {
    const scoped = kit.clientWith({ entityId: "E400" });
    const response = await scoped.execute(query("APBILL", ["RECORDID"], where("RECORDID").like("BILL-%")));
    assert.equal(response.authentication.entityId, "E400");
    assert.deepEqual(response.results[0].data.map((row) => row.RECORDID), ["BILL-E400-1"]);
  });

  await call("session.wrong_user_password", async () => {
    const wrong = kit.clientWith({ userPassword: "not the password" });
    assert.match(await refusal(wrong.execute(query("VENDOR", ["VENDORID"]))), /XL03000006/);
  });

  await call("session.wrong_sender_password", async () => {
    const wrong = kit.clientWith({ senderPassword: "not the password" });
    assert.match(await refusal(wrong.execute(query("VENDOR", ["VENDORID"]))), /XL03000006/);
  });

  await call("session.unknown_session", async () => {
    const wrong = kit.clientWith({ sessionId: "nobody's-session.." });
    assert.match(await refusal(wrong.execute(query("VENDOR", ["VENDORID"]))), /XL03000006/);
  });

  await call("session.unknown_entity", async () => {
    const wrong = kit.clientWith({ entityId: "E777" });
    assert.ok(await refusal(wrong.execute(query("VENDOR", ["VENDORID"]))));
  });
};
