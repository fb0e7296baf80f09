// `npm run screens`: pictures of every panel and state of the built page (dist/), in light, dark and high contrast at three widths, into
// docs/screens/ with an index. One visit per width on WebAssembly with short settings; the states are a table (screens/states.ts).
// Options: --dist FOLDER, --widths 1440,390, --themes light,dark,contrast, --only answer,look (states before the last of them are still gone through, not shot).

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Browser, chromium, type Locator, type Page } from "playwright";
import { browserLaunch } from "./chromium.mjs";
import { type ScreenState, screenStates } from "./screens/states";
import { serveFolder } from "./server.mjs";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    dist: { type: "string", default: "dist" },
    out: { type: "string", default: "docs/screens" },
    widths: { type: "string", default: "1440,1024,390" },
    only: { type: "string" },
    themes: { type: "string", default: "light,dark,contrast" },
  },
});

const heights: Readonly<Record<number, number>> = { 1440: 900, 1024: 768, 390: 844 };
const themes = [
  { id: "light", title: "light", media: { colorScheme: "light", contrast: "no-preference" } },
  { id: "dark", title: "dark", media: { colorScheme: "dark", contrast: "no-preference" } },
  { id: "contrast", title: "high contrast", media: { colorScheme: "light", contrast: "more" } },
] as const;
// Two answers of at most 24 tokens, steps of one prompt: enough for every state, seconds on a CPU.
const settings = "v=1&g=2&len=24&pps=1&rpp=2&lr=0.01";
/** Pictures wider than a phone are kept smaller than they are: all of them are to stay below 4 MB. */
const wideScale = 0.7;
const quality = 0.15;

const wanted = values.only?.split(",");
const isWanted = (state: ScreenState) => !wanted || wanted.includes(state.id);
const last = wanted
  ? Math.max(...wanted.map((id) => screenStates.findIndex((state) => state.id === id)))
  : screenStates.length - 1;
const fileOf = (width: number, state: string, theme: string) => `${width}-${state}-${theme}.webp`;

const { args, ...launch } = browserLaunch();
const { server, port } = await serveFolder(values.dist, { port: 4373 });
const browser = await chromium.launch({
  ...launch,
  args: [...args.filter((flag) => !/webgpu/i.test(flag)), "--disable-features=WebGPU,WebGPUService"],
});
mkdirSync(values.out, { recursive: true });
const failed: string[] = [];
try {
  const encode = await encoderOf(browser);
  for (const width of values.widths.split(",").map(Number)) await visit(width, encode);
} finally {
  await browser.close();
  server.close();
}
writeIndex();
for (const line of failed) console.error(line);
process.exit(failed.length > 0 ? 1 : 0);

type Encode = (png: Buffer, scale: number) => Promise<Buffer>;

/** The browser's own WebP encoder: no package is needed for it. */
async function encoderOf(browser: Browser): Promise<Encode> {
  const page = await browser.newPage();
  return async (png, scale) => {
    const text = await page.evaluate(
      async ([base64, scale, quality]) => {
        const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
        const canvas = new OffscreenCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
        const context = canvas.getContext("2d");
        if (!context) throw new Error("no canvas");
        context.imageSmoothingQuality = "high";
        context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
        const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/webp", quality })).arrayBuffer());
        return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
      },
      [png.toString("base64"), scale, quality] as const,
    );
    return Buffer.from(text, "base64");
  };
}

/** Goes through all states at one width. */
async function visit(width: number, encode: Encode): Promise<void> {
  const context = await browser.newContext({
    viewport: { width, height: heights[width] ?? 900 },
    serviceWorkers: "block",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/model.safetensors", async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`http://localhost:${port}/#${settings}`);
  await page
    .getByRole("listbox", { name: "Answer tokens" })
    .or(page.getByRole("tablist", { name: "Parts of the page" }))
    .first()
    .waitFor();
  await page.getByText("Running without the GPU.").waitFor();
  const at = { page, isNarrow: width < 768, release };
  for (const state of screenStates.slice(0, last + 1)) {
    try {
      await state.reach(at);
      await page.getByText(/^(Opening .* …|The figure is being drawn…)$/).waitFor({ state: "hidden" });
      if (isWanted(state)) await shoot(page, state, width, encode);
      await state.leave?.(at);
    } catch (error) {
      failed.push(`${width} ${state.id}: ${error instanceof Error ? error.message.slice(0, 400) : error}`);
      await page.screenshot({ path: join(tmpdir(), `screens-${width}-${state.id}.png`) });
      release();
      await page.keyboard.press("Escape");
    }
  }
  await context.close();
}

async function shoot(page: Page, state: ScreenState, width: number, encode: Encode): Promise<void> {
  const shown: Page | Locator = state.shows && width >= (state.scrolls ? 1100 : 768) ? state.shows(page) : page;
  for (const { id, media } of themes.filter((theme) => values.themes.split(",").includes(theme.id))) {
    await page.emulateMedia(media);
    // Two frames: the theme is set after the media query, and painted after that.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const picture = await encode(await shown.screenshot(), width > 1000 ? wideScale : 1);
    writeFileSync(join(values.out, fileOf(width, state.id, id)), picture);
  }
  await page.emulateMedia(themes[0].media);
  console.log(`${width} ${state.id}`);
}

/** The table of all pictures that there are. */
function writeIndex(): void {
  const files = new Set(readdirSync(values.out));
  const bytes = [...files].reduce((sum, file) => sum + readFileSync(join(values.out, file)).byteLength, 0);
  const columns = Object.keys(heights).map(Number).reverse();
  const cell = (width: number, id: string) =>
    themes
      .filter((theme) => files.has(fileOf(width, id, theme.id)))
      .map((theme) => `[${theme.title}](${fileOf(width, id, theme.id)})`)
      .join(" · ");
  const rows = screenStates.map(
    ({ id, says }) =>
      `| ${says} | ${columns.map((width) => cell(width, id)).join(" | ")} | <img src="${fileOf(1440, id, "light")}" width="240" alt=""> |`,
  );
  writeFileSync(
    join(values.out, "README.md"),
    [
      "# Every panel and state",
      "",
      `Made by \`npm run build && npm run screens\` (${Math.round(bytes / 1024)} KiB in all): the embedded model on WebAssembly with \`#${settings}\`.`,
      "Tabs of the lower part are shown alone, with the part raised.",
      "",
      `| State | ${columns.map((width) => `${width} × ${heights[width]}`).join(" | ")} | |`,
      `| --- | ${columns.map(() => "---").join(" | ")} | --- |`,
      ...rows,
      "",
    ].join("\n"),
  );
}
