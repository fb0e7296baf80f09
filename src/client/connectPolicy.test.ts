import { describe, expect, it } from "vitest";
import { metaPolicy } from "../../scripts/contentPolicy.mjs";
import { BlockedHostError, connectSources, mayConnect } from "./connectPolicy";

describe("where the page may fetch models from", () => {
  const self = "http://localhost:4173";
  const may = (address: string, allow: string[] = []) =>
    mayConnect(new URL(address), connectSources(metaPolicy(allow)) ?? [], self);

  it("is its own origin and the Hub with the hosts it sends files on to", () => {
    const letIn = [
      `${self}/models/shapes-vlm/config.json`,
      "https://huggingface.co/Qwen/Qwen3-VL-2B-Instruct/resolve/main/config.json",
      "https://cdn-lfs.huggingface.co/x",
      "https://cas-bridge.xethub.hf.co/x",
      "https://cdn-lfs-us-1.hf.co/x",
    ];
    expect(letIn.filter((address) => !may(address))).toEqual([]);
  });

  it("is nowhere else", () => {
    const kept = [
      "https://models.example/m",
      "http://huggingface.co/m",
      "https://huggingface.co.evil.example/m",
      "https://evilhf.co/m",
      "https://huggingface.co:8443/m",
      "http://localhost:4174/m",
      "http://127.0.0.1:8137/m",
    ];
    expect(kept.filter((address) => may(address))).toEqual([]);
  });

  it("is also what the page was started with", () => {
    expect(may("http://127.0.0.1:8137/m", ["http://127.0.0.1:*"])).toBe(true);
    expect(may("http://127.0.0.1:8138/m", ["http://127.0.0.1:8137"])).toBe(false);
    expect(may("https://a.models.example/m", ["https://*.models.example"])).toBe(true);
  });

  it("is anywhere without a policy", () => {
    expect(connectSources("default-src 'self'; script-src 'self'")).toBeNull();
    expect(connectSources("")).toBeNull();
  });

  it("is said with the option that lets a server in", () => {
    expect(new BlockedHostError("https://models.example").message).toMatch(
      /^Nothing was fetched from https:\/\/models\.example: .+\. If you trust .+npm start -- --allow https:\/\/models\.example\.$/,
    );
  });
});
