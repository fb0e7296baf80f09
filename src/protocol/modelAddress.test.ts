import { describe, expect, it } from "vitest";
import { ModelAddressError, parseModelAddress } from "./modelAddress";

describe("parseModelAddress", () => {
  it("takes a repository, with main as its revision unless another is named", () => {
    expect(parseModelAddress(" Qwen/Qwen2.5-VL-3B-Instruct ")).toEqual({
      kind: "hub",
      repo: "Qwen/Qwen2.5-VL-3B-Instruct",
      revision: "main",
    });
    expect(parseModelAddress("me/my_model@refs/pr/1")).toMatchObject({ repo: "me/my_model", revision: "refs/pr/1" });
  });

  it("takes the address of a Hub page as the repository it shows", () => {
    const hub = { kind: "hub", repo: "Qwen/Qwen3-VL-2B-Instruct", revision: "main" };
    expect(parseModelAddress("https://huggingface.co/Qwen/Qwen3-VL-2B-Instruct")).toEqual(hub);
    expect(parseModelAddress("https://huggingface.co/Qwen/Qwen3-VL-2B-Instruct/tree/v2")).toEqual({ ...hub, revision: "v2" });
    expect(parseModelAddress("https://hf.co/Qwen/Qwen3-VL-2B-Instruct/blob/main/config.json")).toEqual(hub);
  });

  it("takes a folder on any server, its files included", () => {
    for (const text of [
      "http://localhost:8000/model",
      "http://localhost:8000/model/",
      "http://localhost:8000/model/config.json",
    ]) {
      expect(parseModelAddress(text)).toEqual({ kind: "url", url: "http://localhost:8000/model/" });
    }
  });

  it("says what is wrong with anything else", () => {
    for (const text of [
      "",
      "qwen",
      "a/b/c",
      "a/b@",
      "a/b@c@d",
      "../secret/x",
      "ftp://host/x",
      "http://example.org/model/",
      "https://",
      "https://user:pw@host/x",
      "https://huggingface.co/models",
      "https://huggingface.co/datasets/squad",
      "https://huggingface.co/a/b/discussions",
    ]) {
      expect(() => parseModelAddress(text), text).toThrow(ModelAddressError);
    }
  });
});
