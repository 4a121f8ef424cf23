// Runs every server audit of the npm package graphql-http against the address given.
// Prints {total, missed} as JSON: an audit is missed unless its result is "ok".
import { serverAudits } from "graphql-http";

const audits = serverAudits({ url: process.argv[2], fetchFn: fetch });
const results = await Promise.all(audits.map(({ fn }) => fn()));
const missed = results
  .filter(({ status }) => status !== "ok")
  .map(({ id, name, status, reason }) => ({ id, name, status, reason }));
console.log(JSON.stringify({ total: results.length, missed }));
