import { describe, expect, it } from "vitest";
import { shownPartsOf, wholePageAddress } from "./shownParts";

const panels = ["prompt", "answer", "charts", "settings"];

describe("the shown parts of the page", () => {
  it("are all of them without a word in the address", () => {
    expect(shownPartsOf({ search: "?hub=x", hash: "#v=1&k=0.2" }, panels)).toEqual({
      embed: null,
      hidden: new Set(),
      problems: [],
    });
  });

  it("are one panel in a frame, by query or behind the #", () => {
    expect(shownPartsOf({ search: "?embed=answer", hash: "#v=1" }, panels).embed).toBe("answer");
    expect(shownPartsOf({ search: "", hash: "#v=1&embed=charts" }, panels).embed).toBe("charts");
  });

  it("lack what is hidden; names that mean nothing are told with those that do", () => {
    const { hidden, embed, problems } = shownPartsOf({ search: "?hide=top,settings,__proto__&embed=<b>", hash: "" }, panels);
    expect([...hidden]).toEqual(["top", "settings"]);
    expect(embed).toBeNull();
    expect(problems).toHaveLength(2);
    expect(problems.join()).toContain("Known: prompt, answer, charts, settings.");
    expect(problems.join()).toContain("__proto__");
  });

  it("lead back to the whole page with the same settings", () => {
    expect(wholePageAddress("https://a.b/c/?embed=answer&hub=h&hide=top#old", "v=1&k=0.2")).toBe(
      "https://a.b/c/?hub=h#v=1&k=0.2",
    );
  });
});
