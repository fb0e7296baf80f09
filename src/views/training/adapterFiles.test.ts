import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { adapterBlobs, readAdapterFiles } from "./adapterFiles";

const folder = "fixtures/smolvlm/adapter/";
const file = (name: string) => new File([readFileSync(folder + name)], name);
const config = () => file("adapter_config.json");
const weights = () => file("adapter_model.safetensors");

describe("adapter files", () => {
  it("are found in any order among other files", async () => {
    const files = await readAdapterFiles([file("README.md"), weights(), config()]);
    expect(JSON.parse(files.config)).toHaveProperty("r");
    expect(files.weights).toEqual(new Uint8Array(readFileSync(`${folder}adapter_model.safetensors`)));
  });

  it("name what is missing", async () => {
    await expect(readAdapterFiles([config()])).rejects.toThrow(
      /adapter_model\.safetensors is not among the chosen files\. Choose/,
    );
    await expect(readAdapterFiles([weights()])).rejects.toThrow(/adapter_config\.json is not among/);
  });

  it("are saved with the bytes and names they were read with", async () => {
    const read = await readAdapterFiles([config(), weights()]);
    const saved = await readAdapterFiles(adapterBlobs(read).map(({ name, blob }) => new File([blob], name)));
    expect(saved).toEqual(read);
  });
});
