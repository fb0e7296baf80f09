// The frame of every exported HTML file: one document that needs nothing else, no script, no network, not even this page. The policy in
// its head allows pictures inside the file and the one style sheet by its hash; what is text cannot become anything else. Pure.
import { html, Markup, type MarkupValue } from "@/formats/markup";
import { seriesColours } from "@/ui/charts/seriesColours";
import { binCount, type ColourMapName, coloursOf, textOn } from "@/ui/color/maps";

/** The SHA-256 of a text in base64, for the policy; null where the browser gives none (pages that are not secure). */
export type HashText = (text: string) => Promise<string | null>;

const sheet = `
:root{color-scheme:light dark;--ground:light-dark(#fff,#17191f);--text:light-dark(#191c22,#eceef2);--soft:light-dark(#565d69,#a4abb8);--line:light-dark(#e1e4e9,#2a2e37);--bar:light-dark(#191c22,#eceef2)}
body{max-width:1100px;margin:0 auto;padding:24px 16px 64px;background:var(--ground);color:var(--text);font:400 15px/24px system-ui,sans-serif;font-variant-numeric:tabular-nums}
h1{font-size:22px;line-height:32px;margin:0 0 8px}h2{font-size:18px;margin:32px 0 8px}h3{font-size:15px;margin:24px 0 8px}
p,ul{margin:0 0 12px}table{border-collapse:collapse;font-size:13px;line-height:20px}th,td{padding:2px 12px 2px 0;border-bottom:1px solid var(--line);text-align:right;vertical-align:top}
th:first-child,td:first-child,.left{text-align:left}thead th{color:var(--soft);font-weight:500;white-space:nowrap}
summary{cursor:pointer;min-height:24px}.soft{color:var(--soft)}.pictures{display:flex;flex-wrap:wrap;gap:16px}.pictures img{image-rendering:pixelated;min-width:192px;max-width:480px;height:auto;border:1px solid var(--line)}
figure{margin:0 0 12px}figcaption{color:var(--soft);font-size:13px}.text{font-size:16px;line-height:32px;white-space:pre-wrap;overflow-wrap:anywhere;margin:0 0 12px}
.t{position:relative;padding:3px 0;border-radius:3px;unicode-bidi:isolate;color:inherit;text-decoration:none}.k{border-top:2px solid var(--soft)}.t:hover,.t:focus,tr:target{outline:2px solid var(--soft)}
code,.token{font-family:ui-monospace,monospace;unicode-bidi:isolate;white-space:pre-wrap;overflow-wrap:anywhere}.legend{display:flex;flex-wrap:wrap;gap:0;font-size:12px}.legend span{min-width:44px;padding:2px 4px;text-align:center}
.scroll{overflow-x:auto}.charts{display:flex;flex-wrap:wrap;gap:16px}.tail td,.tail th{color:var(--soft)}svg{max-width:100%;height:auto}
@media print{details{display:block}}
`;

/** Classes b0 … b15 of a colour map, for both themes. */
function mapRules(name: ColourMapName): string {
  const { light, dark } = coloursOf(name);
  return Array.from({ length: binCount }, (_, bin) => {
    const [day = "#ffffff", night = "#000000"] = [light[bin], dark[bin]];
    return `.b${bin}{background:light-dark(${day},${night});color:light-dark(${textOn(day)},${textOn(night)})}`;
  }).join("\n");
}

/** Classes s0 … of the lines of charts. */
const seriesRules = seriesColours.map(({ light, dark }, i) => `.s${i}{color:light-dark(${light},${dark})}`).join("\n");

/** A whole document. */
export async function reportPage(
  title: string,
  body: readonly MarkupValue[],
  { map, hash }: { readonly map: ColourMapName; readonly hash: HashText },
): Promise<string> {
  const css = `${sheet}${mapRules(map)}\n${seriesRules}\n`;
  const digest = await hash(css);
  const style = digest === null ? "'unsafe-inline'" : `'sha256-${digest}'`;
  const policy = `default-src 'none'; img-src data:; style-src ${style}; base-uri 'none'; form-action 'none'`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Markup(css)}</style>
</head>
<body>
${body}
</body>
</html>
`;
  return page.text;
}

/** A table of names and values. */
export function factsTable(caption: string, rows: readonly (readonly [name: string, value: MarkupValue])[]): Markup {
  return html`<table><caption class="left soft">${caption}</caption><tbody>${rows.map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td class="left">${value}</td></tr>`,
  )}</tbody></table>`;
}
