// Reads all rows of some objects with the official JavaScript SDK, page by page, and says how fast: the measure that
// `tieout bench` compares its own reading with. Needs the ready line of a twin in TIEOUT_TWIN and what to read in
// TIEOUT_BENCH_OBJECTS: [["APBILL",["RECORDNO",...]],...]. Prints one line of JSON:
// {"rows":n,"bytes":n,"requests":n,"milliseconds":n}; bytes are those of all values, counted in a second reading outside the time.
// One request at a time, pages of 2,000, as the SDK's own guide reads.
"use strict";

const sdk = require("@intacct/intacct-sdk");
const { ascending, query, result } = require("./calls/functions.cjs");

const PAGE = 2000;
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

// Reads everything and hands each page to `take`; says how many rows and requests that were.
async function readAll(client, objects, take) {
  let rows = 0;
  let requests = 0;
  for (const [object, fields] of objects) {
    let remaining = 1;
    for (let offset = 0; remaining > 0; offset += PAGE) {
      const answer = await result(client, query(object, fields, null, { orderBy: ascending("RECORDNO"), pageSize: PAGE, offset }));
      rows += answer.data.length;
      requests += 1;
      remaining = answer.numRemaining;
      take(fields, answer.data);
    }
  }
  return { rows, requests };
}

async function main() {
  const client = clientOf(JSON.parse(process.env.TIEOUT_TWIN));
  const objects = JSON.parse(process.env.TIEOUT_BENCH_OBJECTS);
  const start = process.hrtime.bigint();
  const { rows, requests } = await readAll(client, objects, () => {});
  const milliseconds = Number((process.hrtime.bigint() - start) / 1000000n);
  // Once more, outside the time, to say what was read.
  let bytes = 0;
  await readAll(client, objects, (fields, data) => {
    for (const row of data) {
      for (const field of fields) {
        bytes += Buffer.byteLength(String(row[field] ?? ""));
      }
    }
  });
  console.log(JSON.stringify({ rows, bytes, requests, milliseconds }));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
