// Serves the synthetic hub (scripts/syntheticHub/) until it is stopped:
// node scripts/run.mjs scripts/syntheticHub.ts --port 8137 [--redirect]

import { parseArgs } from "node:util";
import { repositories } from "./syntheticHub/repositories";
import { serveSyntheticHub } from "./syntheticHub/server";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: { port: { type: "string", default: "8137" }, redirect: { type: "boolean", default: false } },
});
const hub = await serveSyntheticHub({ port: Number(values.port), redirectWeights: values.redirect });
console.log(`Synthetic hub at ${hub.url}`);
for (const name of repositories().keys()) console.log(`  ${name}`);
