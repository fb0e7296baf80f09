import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { serveFiles } from "./fileServer";

const base = mkdtempSync(join(tmpdir(), "peer-files-"));
mkdirSync(join(base, "open"));
writeFileSync(join(base, "open/a.json"), '{"a":1}');
writeFileSync(join(base, "secret.txt"), "secret");
const server = await serveFiles(join(base, "open"));
afterAll(() => {
  server.close();
  rmSync(base, { recursive: true, force: true });
});

it("serves files whole and by ranges to any page, and nothing outside its folder", async () => {
  const whole = await fetch(`${server.origin}/a.json`);
  expect(await whole.json()).toEqual({ a: 1 });
  expect(whole.headers.get("access-control-allow-origin")).toBe("*");
  const part = await fetch(`${server.origin}/a.json`, { headers: { Range: "bytes=2-4" } });
  expect([part.status, await part.text(), part.headers.get("content-range")]).toEqual([206, 'a":', "bytes 2-4/7"]);
  expect((await fetch(`${server.origin}/a.json`, { headers: { Range: "bytes=90-" } })).status).toBe(416);
  expect((await fetch(`${server.origin}/none.json`)).status).toBe(404);
  expect((await fetch(`${server.origin}/%2e%2e/secret.txt`)).status).toBe(404);
  expect((await fetch(`${server.origin}/..%2fsecret.txt`)).status).toBe(404);
});
