import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allowedAddresses, allowedByEnvironment, metaPolicy, widenTag } from "./contentPolicy.mjs";
import { rangeOf, serveFolder } from "./server.mjs";

describe("the static server", () => {
  const outside = mkdtempSync(join(tmpdir(), "server-test-"));
  const folder = mkdtempSync(join(outside, "dist-"));
  const servers: Server[] = [];
  let port = 0;

  /** As a raw request: fetch would resolve ".." before sending. */
  function get(path: string, headers: Record<string, string> = {}, method = "GET") {
    return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
      request({ host: "localhost", port, path, headers, method }, (response) => {
        let body = "";
        response.on("data", (chunk) => {
          body += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      })
        .on("error", reject)
        .end();
    });
  }

  beforeAll(async () => {
    writeFileSync(join(folder, "index.html"), "<p>page</p>");
    writeFileSync(join(folder, "sandbox.html"), "<p>sandbox</p>");
    writeFileSync(join(folder, "digits.wasm"), "0123456789");
    writeFileSync(join(outside, "secret.txt"), "secret");
    writeFileSync(join(folder, "empty.json"), "");
    symlinkSync(join(outside, "secret.txt"), join(folder, "link.txt"));
    const started = await serveFolder(folder, { port: 45130 });
    servers.push(started.server);
    port = started.port;
  });
  afterAll(() => {
    for (const server of servers) server.close();
    rmSync(outside, { recursive: true });
  });

  it("serves the page with a policy that lets no foreign script run", async () => {
    const { status, headers, body } = await get("/");
    expect([status, body]).toEqual([200, "<p>page</p>"]);
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(headers["content-security-policy"]).toContain("script-src 'self' 'wasm-unsafe-eval';");
    expect(headers["x-content-type-options"]).toBe("nosniff");
  });

  it("lets the page fetch from its own origin and the Hub, and from nowhere else", async () => {
    const policy = String((await get("/")).headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none';");
    expect(policy).toContain("; connect-src 'self' https://huggingface.co https://*.huggingface.co https://*.hf.co;");
    expect(policy).toContain("form-action 'none';");
    expect(policy).not.toContain("unsafe-eval' ");
  });

  it("lets an address in that it was started with, in the header and in the page's own tag", async () => {
    const tag = `<meta http-equiv="Content-Security-Policy" content="${metaPolicy()}" />`;
    writeFileSync(join(folder, "index.html"), `${tag}<p>page</p>`);
    const wider = await serveFolder(folder, { port: 45140, allow: ["https://mirror.example", "http://127.0.0.1:*"] });
    servers.push(wider.server);
    const response = await fetch(`http://localhost:${wider.port}/`);
    const html = await response.text();
    writeFileSync(join(folder, "index.html"), "<p>page</p>");
    const expected = "https://*.hf.co https://mirror.example http://127.0.0.1:*;";
    expect(response.headers.get("content-security-policy")).toContain(expected);
    expect(html).toContain(expected);
    expect(html).toMatch(/<p>page<\/p>$/);
    expect(Number(response.headers.get("content-length"))).toBe(html.length);
    // What the build let in already is not written twice.
    expect(widenTag(tag.replace("hf.co;", "hf.co https://a.example;"), ["https://a.example"]).match(/a\.example/g)).toHaveLength(
      1,
    );
  });

  it("takes addresses only, so that nothing else gets into the policy", () => {
    expect(allowedAddresses(["https://a.example/", "http://localhost:8000", "http://127.0.0.1:*", "http://[::1]:80"])).toEqual([
      "https://a.example",
      "http://localhost:8000",
      "http://127.0.0.1:*",
      "http://[::1]:80",
    ]);
    for (const wrong of [
      "*",
      "https:",
      "https://a.example; script-src *",
      "ftp://a.example",
      "https://a.example/models",
      "a b",
    ]) {
      expect(() => allowedAddresses([wrong])).toThrow(/--allow takes an address/);
    }
    expect(allowedByEnvironment({ VPPO_ALLOW: "https://a.example, https://b.example" })).toHaveLength(2);
    expect(allowedByEnvironment({})).toEqual([]);
  });

  it("lets other sites frame one panel, and not the whole page", async () => {
    const frames = async (path: string) =>
      String((await get(path)).headers["content-security-policy"]).match(/frame-ancestors (.+)/)?.[1];
    expect(await frames("/?embed=answer")).toBe("*");
    expect(await frames("/")).toBe("'none'");
    expect(await frames("/?x=embed")).toBe("'none'");
  });

  it("gives the sandbox of reward functions an origin of its own, without network, and lets only the page frame it", async () => {
    const { headers } = await get("/sandbox.html");
    const policy = String(headers["content-security-policy"]);
    expect(policy).toMatch(/^default-src 'none'; script-src 'unsafe-inline' blob:; worker-src blob:;/);
    expect(policy).toContain("; frame-ancestors 'self'; sandbox allow-scripts");
    const again = await get("/sandbox.html", { "if-none-match": String(headers.etag) });
    expect([again.status, again.headers["content-security-policy"]]).toEqual([304, policy]);
    const page = String((await get("/")).headers["content-security-policy"]);
    expect(page).toContain("; frame-src 'self';");
    expect(page).not.toContain("script-src 'unsafe-inline'");
  });

  it("gives wasm the type that streaming compilation asks for", async () => {
    expect((await get("/digits.wasm")).headers["content-type"]).toBe("application/wasm");
  });

  it.each(["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/..\\secret.txt", "/link.txt", "/%00", "/%"])(
    "does not leave its folder for %s",
    async (path) => {
      const { status, body } = await get(path);
      expect(status).toBe(404);
      expect(body).not.toContain("secret");
    },
  );

  it("answers a range with that part of the file and refuses one beyond its end", async () => {
    const part = await get("/digits.wasm", { range: "bytes=2-4" });
    expect([part.status, part.headers["content-range"], part.body]).toEqual([206, "bytes 2-4/10", "234"]);
    expect((await get("/digits.wasm", { range: "bytes=10-" })).status).toBe(416);
  });

  it("answers 304 to a file that has not changed", async () => {
    const { headers } = await get("/digits.wasm");
    expect((await get("/digits.wasm", { "if-none-match": String(headers.etag) })).status).toBe(304);
  });

  it("serves empty files, HEAD without a body, and refuses to be written to", async () => {
    expect((await get("/empty.json")).status).toBe(200);
    const head = await get("/digits.wasm", {}, "HEAD");
    expect([head.status, head.headers["content-length"], head.body]).toEqual([200, "10", ""]);
    expect((await get("/digits.wasm", {}, "PUT")).status).toBe(405);
  });

  it("takes the next free port, or fails when it must have the one", async () => {
    const next = await serveFolder(folder, { port });
    servers.push(next.server);
    expect(next.port).toBeGreaterThan(port);
    await expect(serveFolder(folder, { port, strict: true })).rejects.toThrow("EADDRINUSE");
  });

  it("reads open, closed and suffix ranges", () => {
    expect(rangeOf("bytes=2-", 10)).toEqual([2, 9]);
    expect(rangeOf("bytes=2-99", 10)).toEqual([2, 9]);
    expect(rangeOf("bytes=-3", 10)).toEqual([7, 9]);
    expect(rangeOf("bytes=0-1,4-5", 10)).toBeUndefined();
    expect(rangeOf(undefined, 10)).toBeUndefined();
    expect(rangeOf("bytes=5-2", 10)).toBeNull();
  });
});
