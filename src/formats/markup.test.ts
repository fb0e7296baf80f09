import { describe, expect, it } from "vitest";
import { escapeMarkup, html, svgFile, svgText } from "./markup";

const hostile = `</p><script>alert(1)</script><img src=x onerror="alert(1)">&amp;'\u0000\u001b\ud800`;

describe("markup", () => {
  it("takes every value for text unless it is markup itself", () => {
    const inner = html`<b>${"<i>"}</b>`;
    expect(html`<p title="${'"><script>'}">${inner}${["a", html`<br>`, 3, null, false]}</p>`.text).toBe(
      '<p title="&quot;&gt;&lt;script&gt;"><b>&lt;i&gt;</b>a<br>3</p>',
    );
  });

  it("leaves nothing of hostile text that could begin a tag, end an attribute or break XML", () => {
    const text = escapeMarkup(hostile);
    expect(text).not.toMatch(/[<>"']/);
    expect(text).toContain("&amp;amp;");
    expect(text.match(/\ufffd/g)).toHaveLength(3);
  });

  it("writes SVG with its attributes escaped and numbers short", () => {
    expect(svgText({ tag: "text", attributes: { x: 1 / 3, y: 2, title: 'a"\n', fill: undefined }, children: ["1 < 2"] })).toBe(
      '<text x="0.33" y="2" title="a&quot;&#10;">1 &lt; 2</text>',
    );
  });

  it("makes a whole SVG file with title, description and background", () => {
    const file = svgFile([], { width: 10, height: 20, title: hostile, description: "<d>", background: "#ffffff" });
    expect(file).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="10"/);
    expect(file).toContain("<desc>&lt;d&gt;</desc>");
    expect(file).not.toContain("<script");
  });
});
