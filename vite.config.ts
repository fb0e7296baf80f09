import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { allowedByEnvironment, metaPolicy } from "./scripts/contentPolicy.mjs";
import { mathmlPlugin } from "./scripts/mathmlPlugin.ts";

/** Writes the content security policy into the built page, before everything it loads; the development server needs inline scripts. */
const policyTag: Plugin = {
  name: "policy-tag",
  apply: "build",
  transformIndexHtml: (html) =>
    html.replace(
      "<head>",
      `<head>\n    <meta http-equiv="Content-Security-Policy" content="${metaPolicy(allowedByEnvironment())}" />`,
    ),
};

/** Lists the built scripts and styles, so that the page can keep for offline use also what it has not needed yet (app/serviceWorker.ts). */
const assetList: Plugin = {
  name: "asset-list",
  apply: "build",
  generateBundle(_, bundle) {
    const names = Object.keys(bundle).filter((name) => /\.(js|css)$/.test(name));
    this.emitFile({ type: "asset", fileName: "assets.json", source: JSON.stringify(names.sort()) });
  },
};

export default defineConfig({
  base: "./",
  plugins: [react(), mathmlPlugin(), policyTag, assetList],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  worker: { format: "es" },
  build: { target: "es2023", chunkSizeWarningLimit: 1500 },
});
