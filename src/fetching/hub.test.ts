// Folders of the hub and of plain addresses, over a real connection to the synthetic hub.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { commitOf, type SyntheticHub, serveSyntheticHub } from "../../scripts/syntheticHub/server";
import { httpFolder } from "./httpFolder";
import { hubFolder } from "./hub";

let hub: SyntheticHub;
beforeAll(async () => {
  hub = await serveSyntheticHub({ redirectWeights: true });
});
afterAll(() => hub.close());
beforeEach(() => hub.reset());

const sleep = async () => {};
const repo = "synthetic/tiny";
const commit = commitOf(repo);
const folder = (revision = "main", token?: string) =>
  hubFolder({ repo, revision, ...(token !== undefined && { token }) }, { hubHost: hub.url, sleep });
const fixture = (name: string) => readFileSync(new URL(`../../fixtures/smolvlm/${name}`, import.meta.url));

describe("a repository of the hub", () => {
  it("asks for the commit that the first answer named from then on", async () => {
    const files = folder();
    expect(files.revision()).toBeUndefined();
    expect(await files.json("config.json")).toEqual(JSON.parse(fixture("config.json").toString()));
    expect(files.revision()).toBe(commit);
    await files.optionalText("chat_template.jinja");
    await files.open("model.safetensors");
    expect(hub.log.map(({ revision }) => revision)).toEqual(["main", commit, commit]);
  });

  it("refuses an answer of another commit", async () => {
    const files = folder();
    await files.json("config.json");
    hub.fault({ match: "preprocessor_config.json", kind: "changedRevision" });
    await expect(files.json("preprocessor_config.json")).rejects.toThrow("the model changed on the server while it was loading");
  });

  it("reads small files whole, knows which are not there, and lists all", async () => {
    const files = folder();
    expect(await files.optionalJson("video_preprocessor_config.json")).toBeUndefined();
    expect(await files.optionalText("chat_template.jinja")).toBe(fixture("chat_template.jinja").toString());
    expect(fixture("tokenizer.json").equals(await files.bytes("tokenizer.json"))).toBe(true);
    await expect(files.json("none.json")).rejects.toThrow("The model file none.json could not be loaded");
    await expect(files.json("chat_template.jinja")).rejects.toThrow("The model file chat_template.jinja is damaged");
    expect(await files.list?.()).toContain("model.safetensors");
  });

  it("tries a small file again that broke off or came with a server error", async () => {
    hub.fault({ match: "tokenizer.json", kind: "cutMidShard", afterBytes: 2000, times: 1 });
    hub.fault({ match: "tokenizer.json", kind: "serverError", afterRequests: 1, times: 1 });
    expect(fixture("tokenizer.json").equals(await folder().bytes("tokenizer.json"))).toBe(true);
    expect(hub.log.map(({ status }) => status)).toEqual([200, 500, 200]);
  });

  it("sends the token to the hub but not to the host that weights are redirected to", async () => {
    const files = folder("main", "hf_secret");
    await files.json("config.json");
    const file = await files.open("model.safetensors");
    await file.read(0, file.size);
    expect(hub.log.map(({ path, authorized, redirected }) => [path, authorized, redirected])).toEqual([
      ["config.json", true, false],
      ["model.safetensors", false, true],
    ]);
  });

  it("says what is wrong with the name, the revision or the access", async () => {
    await expect(folder("v9").json("config.json")).rejects.toThrow('synthetic/tiny has no revision "v9"');
    const missing = hubFolder({ repo: "synthetic/none", revision: "main" }, { hubHost: hub.url, sleep });
    await expect(missing.json("config.json")).rejects.toThrow("there is no repository synthetic/none, or it is private");
    await expect(missing.optionalText("chat_template.jinja")).rejects.toThrow("enter an access token");
  });
});

describe("a folder at a plain address", () => {
  it("is read like a repository and goes by the ETag of config.json", async () => {
    const files = httpFolder(`${hub.url}/${repo}/resolve/main`, { sleep });
    await files.json("config.json");
    expect(files.revision()).toMatch(/^"[0-9a-f]{40}"$/);
    const file = await files.open("model.safetensors");
    expect(fixture("model.safetensors").equals(await file.read(0, file.size))).toBe(true);
  });

  it("keeps the address's query, which may be a signature, for every file", async () => {
    const asked: string[] = [];
    const files = httpFolder("https://storage.example/models/mine?sig=a%2Fb", {
      fetch: async (url) => {
        asked.push(String(url));
        return new Response("{}");
      },
    });
    await files.json("config.json");
    await files.json("sub folder/index.json");
    expect(asked).toEqual([
      "https://storage.example/models/mine/config.json?sig=a%2Fb",
      "https://storage.example/models/mine/sub%20folder/index.json?sig=a%2Fb",
    ]);
  });

  it("takes a forbidden optional file for a missing one, as storage services mean it, once a file could be read", async () => {
    hub.fault({ match: "processor_config.json", kind: "forbidden" });
    const files = httpFolder(`${hub.url}/${repo}/resolve/main/`, { sleep });
    await expect(files.optionalJson("processor_config.json")).rejects.toThrow("the server does not let this page read it (403)");
    await files.json("config.json");
    expect(await files.optionalJson("processor_config.json")).toBeUndefined();
    await expect(files.json("processor_config.json")).rejects.toThrow("Enter an access token that may read it");
  });

  it("notices by the ETag that a file changed between two parts", async () => {
    hub.fault({ match: "model.safetensors", kind: "changedRevision", afterRequests: 1 });
    const file = await httpFolder(`${hub.url}/synthetic/SmolVLM-256M-Instruct/resolve/main/`, { sleep }).open(
      "model.safetensors",
    );
    await file.read(0, 8);
    await expect(file.read(100_000_000, 100_000_008)).rejects.toThrow("the model changed on the server while it was loading");
  });
});
