import { afterEach, describe, expect, it } from "vitest";
import { elementSvg } from "./elementSvg";
import { pngOf } from "./rasterize";

const said = { title: "Tokens <of> the answer", description: "VPPO playground" };

function mount(markup: string): HTMLElement {
  const box = document.createElement("div");
  box.style.cssText =
    "position:absolute;left:40px;top:30px;width:240px;background:#ffffff;font:16px/24px monospace;color:#191c22";
  box.innerHTML = markup;
  document.body.append(box);
  return box;
}

afterEach(() => document.body.replaceChildren());

function parsed(text: string): Document {
  const xml = new DOMParser().parseFromString(text, "image/svg+xml");
  expect(xml.querySelector("parsererror")).toBeNull();
  return xml;
}

/** Addresses in a file that lead out of it. */
function outside(text: string): string[] {
  return [...text.matchAll(/(?:href|src)="(?!data:image\/png;base64,|#)[^"]*"|url\((?!#)[^)]*\)|@import/g)].map(
    ([found]) => found,
  );
}

describe("an element as SVG", () => {
  it("holds each token's ground and text at their places, and nothing of the style sheet", () => {
    const box = mount(
      '<p style="margin:0"><span style="background:#00265c;color:#fff">red</span><span style="background:light-dark(#eae3c0,#1f293d)"> bus</span> near</p>',
    );
    const { text, width } = elementSvg(box, said);
    const xml = parsed(text);
    expect(width).toBe(240);
    expect([...xml.querySelectorAll("text")].map((node) => node.textContent)).toEqual(["red", " bus", " near"]);
    expect([...xml.querySelectorAll("rect")].map((node) => node.getAttribute("fill"))).toContain("#00265c");
    expect(xml.querySelector("text")?.getAttribute("fill")).toBe("#ffffff");
    expect(xml.querySelector("title")?.textContent).toBe(said.title);
    const [first, second] = [...xml.querySelectorAll("text")].map((node) => Number(node.getAttribute("x")));
    expect(first).toBe(0);
    expect(second).toBeGreaterThan(20);
    expect(text).not.toMatch(/class=|style=/);
  });

  it("breaks lines where the page does, and keeps hostile text text", () => {
    const box = mount("<p style='margin:0;overflow-wrap:anywhere'></p>");
    const hostile = `<script>alert(1)</script> ${"long ".repeat(12)}${"x".repeat(60)} \u0007\u202e&amp;`;
    box.firstElementChild?.append(hostile);
    const xml = parsed(elementSvg(box, said).text);
    const lines = new Set([...xml.querySelectorAll("text")].map((node) => node.getAttribute("y")));
    expect(lines.size).toBe(Math.round((box.firstElementChild?.getBoundingClientRect().height ?? 0) / 24));
    expect(xml.querySelector("script")).toBeNull();
    expect(xml.documentElement.textContent).toContain("<script>alert(1)</script>");
  });

  it("holds charts with their computed colours, and no link to elsewhere", () => {
    const box =
      mount(`<style>.line{stroke:oklch(60% .2 20);fill:none}</style><svg width="100" height="50" viewBox="0 0 100 50" role="img" aria-label="it rose">
      <defs><pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse"><path d="M0 0L4 4" stroke="#000"/></pattern></defs>
      <path class="line" d="M0 50L100 0"/><rect x="1" y="2" width="9" height="8" fill="url(#hatch)" onclick="alert(1)"/>
      <image href="https://example.org/x.png" width="4" height="4"/><foreignObject><p>no</p></foreignObject><text x="1" y="9">0.5</text></svg>`);
    const { text } = elementSvg(box, said);
    const xml = parsed(text);
    expect(xml.querySelector("path:not(pattern *)")?.getAttribute("stroke")).toMatch(/^#[0-9a-f]{6}$/);
    expect(xml.querySelector('rect[fill="url(#hatch)"]')).not.toBeNull();
    expect(xml.querySelectorAll("foreignObject, image, style")).toHaveLength(0);
    expect(outside(text)).toEqual([]);
    expect(text).not.toContain("onclick");
    expect(xml.querySelector("desc")?.textContent).toContain("it rose");
    expect(text.replace(/font-family="[^"]*" /g, "").replace(/font-size="[^"]*"/g, "")).toMatchSnapshot();
  });

  it("leaves out what is not seen, embeds pictures, and becomes a PNG of twice the size", async () => {
    const box = mount(
      "<b hidden>no</b><i style='visibility:hidden'>no</i><button><svg width='4' height='4'></svg></button><canvas width='4' height='4'></canvas>",
    );
    const canvas = box.querySelector("canvas");
    canvas?.getContext("2d")?.fillRect(0, 0, 4, 4);
    const drawn = elementSvg(box, said);
    const xml = parsed(drawn.text);
    expect(xml.querySelectorAll("text")).toHaveLength(0);
    expect(xml.querySelector("image")?.getAttribute("href")).toMatch(/^data:image\/png;base64,/);
    const bitmap = await createImageBitmap(await pngOf(drawn));
    expect([bitmap.width, bitmap.height]).toEqual([drawn.width * 2, drawn.height * 2]);
  });
});
