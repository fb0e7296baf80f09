// The built page under its own policy, served by a server that lets nothing in besides the Hub: what is injected does not run, connections
// elsewhere are not made and the refusal says why, while workers, WebAssembly, pictures and the sandbox of reward functions work.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, type Page, test } from "@playwright/test";
import { serveFolder } from "../scripts/server.mjs";
import { type SyntheticHub, serveSyntheticHub } from "../scripts/syntheticHub/server";
import { chosenModel, lookUp, openChooser } from "./support/models";
import { ask, button, longWait, modelReady, openTab, picture, tokens, upload } from "./support/playground";
import { wasmLaunch } from "./support/runs";

const settings = "v=1&g=2&len=12&pps=1&rpp=2";
const dist = process.env.VPPO_E2E_DIST ?? new URL("../dist", import.meta.url).pathname;

// Quick for the embedded model, and it needs the policy to let WebAssembly be compiled.
test.use({ serviceWorkers: "block", launchOptions: wasmLaunch });

const servers: Server[] = [];
let hub: SyntheticHub;
/** Addresses of the page: as everybody gets it, and with the hub let in but not the host it sends weights on to. */
let strict = "";
let halfOpen = "";

async function serve(allow: readonly string[]): Promise<string> {
  const { server, port } = await serveFolder(dist, { port: 46000 + (process.pid % 1000), allow });
  servers.push(server);
  return `http://localhost:${port}`;
}

test.beforeAll(async () => {
  hub = await serveSyntheticHub({ redirectWeights: true });
  strict = await serve([]);
  halfOpen = await serve([hub.url]);
});
test.afterAll(async () => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  await hub.close();
});

/** Puts the policy's reports into `window.violations`, as "directive address". */
const listen = (page: Page) =>
  page.addInitScript(() => {
    const found: string[] = [];
    Object.assign(window, { violations: found });
    document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) =>
      found.push(`${effectiveDirective} ${blockedURI}`),
    );
  });
const violations = (page: Page) => page.evaluate(() => (window as unknown as { violations: readonly string[] }).violations);

test("security: injected scripts, eval, and connections and pictures from elsewhere are blocked by header and by tag alike", async ({
  browser,
}) => {
  const asked: string[] = [];
  const stranger = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(200, { "Access-Control-Allow-Origin": "*" }).end("it came");
  });
  servers.push(stranger);
  await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
  const elsewhere = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
  for (const stripped of ["meta", "header"] as const) {
    const page = await browser.newPage({ serviceWorkers: "block" });
    await listen(page);
    // One of the two is taken away at a time, so that each has to hold alone.
    await page.route(`${strict}/`, async (route) => {
      const response = await route.fetch();
      const headers = response.headers();
      const body = await response.text();
      expect(body).toContain('http-equiv="Content-Security-Policy"');
      expect(headers["content-security-policy"]).toBeDefined();
      if (stripped === "header") delete headers["content-security-policy"];
      await route.fulfill({
        status: 200,
        headers,
        body: stripped === "meta" ? body.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "") : body,
      });
    });
    await page.goto(`${strict}/#${settings}`);
    const outcomes = await page.evaluate(async (address) => {
      const tried: Record<string, string> = {};
      const attempt = async (name: string, run: () => unknown) => {
        try {
          tried[name] = String(await run());
        } catch (error) {
          tried[name] = (error as Error).name;
        }
      };
      // Once the call from outside is over, for which the browser would let eval pass.
      await new Promise((resolve) => setTimeout(resolve, 20));
      const flag = () => String("injected" in window);
      await attempt("inline script", () => {
        const script = document.createElement("script");
        script.textContent = "window.injected = true";
        document.body.append(script);
        return flag();
      });
      await attempt("handler in markup", async () => {
        const box = document.createElement("div");
        box.innerHTML = '<img src="data:nothing" onerror="window.injected = true">';
        document.body.append(box);
        await new Promise((resolve) => setTimeout(resolve, 200));
        return flag();
      });
      // biome-ignore lint/security/noGlobalEval: that it fails is what is tested
      await attempt("eval", () => globalThis.eval("1 + 1"));
      await attempt("Function", () => new Function("return 2")());
      await attempt("blob script", async () => {
        const script = document.createElement("script");
        script.src = URL.createObjectURL(new Blob(["window.injected = true"], { type: "text/javascript" }));
        document.body.append(script);
        await new Promise((resolve) => {
          script.onload = resolve;
          script.onerror = resolve;
        });
        return flag();
      });
      await attempt("blob worker", async () => {
        const worker = new Worker(URL.createObjectURL(new Blob(["postMessage(1)"], { type: "text/javascript" })));
        return new Promise((resolve) => {
          worker.onmessage = () => resolve("it ran");
          worker.onerror = () => resolve("refused");
        });
      });
      await attempt("fetch", async () => (await fetch(`${address}/fetch`)).status);
      await attempt("picture", async () => {
        const picture = new Image();
        picture.src = `${address}/picture.png`;
        return new Promise((resolve) => {
          picture.onload = () => resolve("it came");
          picture.onerror = () => resolve("refused");
        });
      });
      await attempt("beacon", () => navigator.sendBeacon(`${address}/beacon`, "x") && "sent");
      await attempt("frame", async () => {
        const frame = document.createElement("iframe");
        frame.src = `${address}/frame`;
        document.body.append(frame);
        await new Promise((resolve) => setTimeout(resolve, 300));
        return "tried";
      });
      await attempt(
        "wasm",
        async () => (await WebAssembly.compile(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))) instanceof WebAssembly.Module,
      );
      return tried;
    }, elsewhere);
    expect(outcomes).toMatchObject({
      "inline script": "false",
      "handler in markup": "false",
      eval: "EvalError",
      Function: "EvalError",
      "blob script": "false",
      fetch: "TypeError",
      picture: "refused",
      wasm: "true",
    });
    expect(["refused", "SecurityError"]).toContain(outcomes["blob worker"]);
    const kinds = new Set((await violations(page)).map((one) => one.split(" ")[0]));
    for (const kind of [
      "script-src-elem",
      "script-src-attr",
      "script-src",
      "worker-src",
      "connect-src",
      "img-src",
      "frame-src",
    ]) {
      expect([...kinds]).toContain(kind);
    }
    await page.close();
  }
  expect(asked).toEqual([]);
  expect(await (await fetch(elsewhere)).text()).toBe("it came");
});

test.describe("the page under its policy", () => {
  test("security: asking, own pictures, WebAssembly and the sandbox of reward functions break no rule of the policy", async ({
    page,
  }) => {
    await listen(page);
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) complaints.push(message.text());
    });
    await page.goto(`${strict}/#${settings}&rew=custom`);
    await modelReady(page);
    await upload(page, "plain.jpg", "image/jpeg", await picture("plain.jpg"));
    await ask(page);
    expect(await tokens(page).count()).toBeGreaterThan(0);
    for (const tab of ["Step", "Rollouts", "Runs", "Settings", "System"]) await openTab(page, tab);
    await openTab(page, "Settings");
    await page.getByLabel("Answer to try it on").fill("\\boxed{3}");
    await page.getByLabel("True answer").fill("3");
    await button(page, "Try it").click();
    await expect(page.getByRole("list", { name: "Rewards" }).getByRole("listitem")).toHaveCount(1);
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test("security: a server that is not let in is not asked, and the refusal names the option that lets it in", async ({
    page,
  }) => {
    await page.goto(`${strict}/#${settings}`);
    await modelReady(page);
    await openChooser(page);
    hub.reset();
    await lookUp(page, `${hub.url}/tiny/smolvlm/resolve/main/config.json`);
    const alert = chosenModel(page).getByRole("alert").getByRole("paragraph");
    await expect(alert).toHaveText(
      `Nothing was fetched from ${hub.url}: this page's security policy lets it connect to its own server and the Hugging Face Hub only. ` +
        `If you trust that server, start the page with: npm start -- --allow ${hub.url}.`,
    );
    // Nor through the engine's worker, whose own policy is the header of its script.
    const answer = await page.workers()[0]?.evaluate(
      (url) =>
        fetch(url).then(
          () => "it came",
          (error: Error) => error.name,
        ),
      hub.url,
    );
    expect(answer).toBe("TypeError");
    expect(hub.log).toEqual([]);

    await page.goto(`${halfOpen}/?hub=${hub.url}#${settings}`);
    await modelReady(page);
    await openChooser(page);
    await lookUp(page, "tiny/smolvlm");
    await expect(
      page.getByText(/it sends requests on to a server that is not\. Start the page with that server let in as well/).first(),
    ).toBeVisible({ timeout: longWait });
    expect(hub.log.some(({ redirected }) => redirected)).toBe(false);
    await expect(button(page, "Ask")).toHaveCount(1);
  });
});
