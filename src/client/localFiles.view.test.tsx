import { expect, test } from "vitest";
import { cdp, server } from "vitest/browser";
import { type ChosenFiles, filesOfDirectoryHandle, filesOfDrop, LocalFilesError } from "./localFiles";

const paths = ({ files }: ChosenFiles) => files.map(({ path }) => path);

async function makeFolder(name: string, contents: Record<string, string>): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(name, { recursive: true }).catch(() => undefined);
  const top = await root.getDirectoryHandle(name, { create: true });
  for (const [path, text] of Object.entries(contents)) {
    const parts = path.split("/");
    let folder = top;
    for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part, { create: true });
    const writer = await (await folder.getFileHandle(parts.at(-1) as string, { create: true })).createWritable();
    await writer.write(text);
    await writer.close();
  }
  return top;
}

test("walks a directory handle and keeps what a checkpoint is made of", async () => {
  const chosen = await filesOfDirectoryHandle(
    await makeFolder("Model", {
      "config.json": "{}",
      "model.safetensors": "abc",
      "README.md": "x",
      "sub/extra.json": "1",
      ".git/a.json": "",
    }),
  );
  expect(chosen.name).toBe("Model");
  expect(paths(chosen)).toEqual(["config.json", "model.safetensors", "sub/extra.json"]);
  expect(await chosen.files[1]?.file.text()).toBe("abc");
  await expect(filesOfDirectoryHandle(await makeFolder("Empty", { "a.png": "" }))).rejects.toThrow(LocalFilesError);
});

test("takes files that were put into a drop by a script", async () => {
  const drop = new DataTransfer();
  drop.items.add(new File(["{}"], "config.json"));
  drop.items.add(new File(["abc"], "model.safetensors"));
  drop.items.add("text", "text/plain");
  expect(paths(await filesOfDrop(drop))).toEqual(["config.json", "model.safetensors"]);
});

test("walks a folder that is dropped from the disk", async () => {
  document.body.style.minHeight = "400px";
  const dropped = new Promise<ChosenFiles>((done, fail) => {
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer) filesOfDrop(event.dataTransfer).then(done, fail);
    });
  });
  const frame = window.frameElement?.getBoundingClientRect();
  const [x, y] = [(frame?.left ?? 0) + 50, (frame?.top ?? 0) + 50];
  const data = { items: [], files: [`${server.config.root}/public/models`], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await cdp().send("Input.dispatchDragEvent", { type, x, y, data });
  const chosen = await dropped;
  expect(chosen.name).toBe("models");
  expect(paths(chosen).some((path) => path.endsWith("/config.json"))).toBe(true);
});
