// Reads all bills and their lines with the official JavaScript SDK, page by page, and says how fast: the measure that
// `tieout bench` compares its own reading with. Needs the ready line of a twin in TIEOUT_TWIN; prints one line of JSON:
// {"rows":n,"requests":n,"milliseconds":n}. One request at a time, pages of 2,000, as the SDK's own guide reads.
"use strict";

const sdk = require("@intacct/intacct-sdk");
const { ascending, query, result } = require("./calls/functions.cjs");

const PAGE = 2000;
const OBJECTS = [
  ["APBILL", ["RECORDNO", "RECORDID", "VENDORID", "STATE", "WHENPOSTED", "WHENDUE", "CURRENCY", "BASECURR", "DESCRIPTION", "DOCNUMBER",
    "TOTALENTERED", "TRX_TOTALENTERED", "PRBATCHKEY", "MEGAENTITYID", "WHENMODIFIED"]],
  ["APBILLITEM", ["RECORDNO", "RECORDKEY", "LINE_NO", "ACCOUNTNO", "OFFSETGLACCOUNTNO", "AMOUNT", "TRX_AMOUNT", "LOCATIONID", "DEPARTMENTID",
    "PROJECTID", "CUSTOMERID", "VENDORID", "ITEMID", "CLASSID", "ENTRYDESCRIPTION"]],
];

function clientOf(ready) {
  const config = new sdk.ClientConfig();
  const login = ready.login.intacct;
  Object.assign(config, {
    senderId: login.sender_id, senderPassword: login.sender_password, companyId: login.company_id,
    userId: login.user_id, userPassword: login.user_password,
  });
  const client = new sdk.OnlineClient(config);
  client.config.endpointUrl = ready.intacct;
  return client;
}

async function main() {
  const client = clientOf(JSON.parse(process.env.TIEOUT_TWIN));
  const start = process.hrtime.bigint();
  let rows = 0;
  let requests = 0;
  for (const [object, fields] of OBJECTS) {
    let remaining = 1;
    for (let offset = 0; remaining > 0; offset += PAGE) {
      const answer = await result(client, query(object, fields, null, { orderBy: ascending("RECORDNO"), pageSize: PAGE, offset }));
      rows += answer.data.length;
      requests += 1;
      remaining = answer.numRemaining;
    }
  }
  const milliseconds = Number((process.hrtime.bigint() - start) / 1000000n);
  console.log(JSON.stringify({ rows, requests, milliseconds }));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
