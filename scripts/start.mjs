// `npm start`: everything from a fresh clone to a running page. Needs Node and nothing else; later runs skip what is done.
// Options: --port N (default 4173, or the next free one), --strict-port (fail instead of taking another port), --allow ADDRESS (may be
// repeated: a server besides the Hugging Face Hub that models may be loaded from, e.g. https://mirror.example or http://127.0.0.1:8000).

import { join } from "node:path";
import { parseArgs } from "node:util";
import { allowedAddresses, allowedByEnvironment } from "./contentPolicy.mjs";
import { serveFolder } from "./server.mjs";
import { buildPage, checkNode, fail, installPackages, root } from "./setup.mjs";

checkNode();
const { values } = parseArgs({
  options: {
    port: { type: "string", default: process.env.PORT ?? "4173" },
    "strict-port": { type: "boolean", default: false },
    allow: { type: "string", multiple: true, default: [] },
  },
});
const wanted = Number(values.port);
if (!Number.isInteger(wanted) || wanted < 1 || wanted > 65535)
  fail(`--port must be a number from 1 to 65535, not "${values.port}".`);
let allow = [];
try {
  allow = [...allowedAddresses(values.allow), ...allowedByEnvironment()];
} catch (error) {
  fail(error.message);
}

await installPackages();
await buildPage();
try {
  const { server, port } = await serveFolder(join(root, "dist"), { port: wanted, strict: values["strict-port"], allow });
  console.log(
    `\n  VPPO playground:  http://localhost:${port}/\n\n  Open it in Chrome, Edge or another browser with WebGPU. Ctrl+C ends.\n`,
  );
  const stop = () => {
    server.close();
    server.closeAllConnections();
    process.exit(0);
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
} catch (error) {
  fail(`The page cannot be served on port ${wanted}: ${error.message}. Choose another one with --port.`);
}
