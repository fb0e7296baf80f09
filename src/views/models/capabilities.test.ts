import { describe, expect, it } from "vitest";
import { type BrowserFacts, capabilitiesOf } from "./capabilities";

const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";
const facts: BrowserFacts = {
  isSecure: true,
  hasWebGpu: true,
  adapter: {
    name: "intel xe",
    features: ["shader-f16", "subgroups"],
    maxBufferBytes: 4 * 2 ** 30,
    maxBindingBytes: 2 ** 31,
    isFallback: false,
  },
  quotaBytes: 20 * 2 ** 30,
  usedBytes: 2 ** 30,
  isPersisted: true,
  agent: chrome,
};
const row = (change: Partial<BrowserFacts>, name = "WebGPU") =>
  capabilitiesOf({ ...facts, ...change }).find((one) => one.name === name);

describe("what the machine can do", () => {
  it("is all there on a usual GPU, with nothing to fix", () => {
    const rows = capabilitiesOf(facts);
    expect(rows.map(({ state }) => state)).toEqual(["good", "good", "good", "good", "good"]);
    expect(rows.every(({ fix }) => fix === undefined)).toBe(true);
    expect(row({}, "Room for models")?.text).toContain("19 GiB of 20 GiB are free");
  });

  it("names the cause and the fix where there is no GPU: plain http, an old browser, a blocklist", () => {
    const gone = { adapter: null };
    expect(row({ ...gone, isSecure: false, hasWebGpu: false })).toMatchObject({
      state: "missing",
      text: expect.stringMatching(/^Browsers offer WebGPU to secure pages only/),
      fix: expect.stringMatching(/localhost/),
    });
    expect(row({ ...gone, hasWebGpu: false })).toMatchObject({
      text: expect.stringMatching(/has no WebGPU/),
      fix: "Update Chrome to 113 or newer.",
    });
    expect(row(gone)).toMatchObject({
      text: expect.stringMatching(/offers no GPU: it is blocklisted/),
      fix: expect.stringMatching(/chrome:\/\/gpu .* chrome:\/\/flags\/#enable-vulkan/),
    });
  });

  it("has a fix for each browser", () => {
    const agents = {
      "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0": /about:config/,
      "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15": /Safari 26/,
      "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0":
        /edge:\/\/gpu/,
      Something: /current Chrome/,
    };
    for (const [agent, fix] of Object.entries(agents)) expect(row({ adapter: null, agent })?.fix).toMatch(fix);
  });

  it("says what a software GPU, small buffers and little room mean", () => {
    const { adapter } = facts;
    if (!adapter) throw new Error("no adapter in the facts");
    expect(row({ adapter: { ...adapter, isFallback: true } })).toMatchObject({
      state: "part",
      text: expect.stringMatching(/slow/),
    });
    const small = { ...adapter, maxBindingBytes: 128 * 2 ** 20, features: [] };
    expect(row({ adapter: small }, "Largest buffer")?.text).toMatch(/128 MiB at a time; .* are split/);
    expect(row({ adapter: small }, "16-bit arithmetic")).toMatchObject({
      state: "part",
      text: expect.stringMatching(/not needed/),
    });
    expect(row({ usedBytes: 19.5 * 2 ** 30 }, "Room for models")).toMatchObject({
      state: "part",
      fix: expect.stringMatching(/Delete models/),
    });
    expect(row({ quotaBytes: null }, "Room for models")).toMatchObject({ state: "missing" });
  });
});
