import { describe, expect, it } from "vitest";
import { formatBytes, formatCount, formatEditable, formatNumber, formatPercent } from "./formatNumber";

describe("formatNumber", () => {
  it("shows three significant digits and a real minus sign", () => {
    expect([0, 1, 0.012345, 1.9249, 214, 214.26, 12345.6, -0.5].map(formatNumber)).toEqual([
      "0",
      "1",
      "0.0123",
      "1.92",
      "214",
      "214.3",
      "12346",
      "−0.5",
    ]);
  });

  it("uses powers of ten for very small and very large numbers", () => {
    expect(formatNumber(1.23e-7)).toBe("1.2e−7");
    expect(formatNumber(3.3e9)).toBe("3.3e9");
  });

  it("names what is not a number", () => {
    expect([Number.NaN, Infinity, -Infinity].map(formatNumber)).toEqual(["not a number", "∞", "−∞"]);
  });
});

describe("other formats", () => {
  it("gives units to shares, bytes and counts", () => {
    expect(formatPercent(0.4)).toBe("40 %");
    expect(formatPercent(0.7123)).toBe("71.2 %");
    expect(formatBytes(512)).toBe("512 B");
    expect(formatBytes(2_460_000)).toBe("2.35 MiB");
    expect(formatCount(512)).toBe("512");
    expect(formatCount(2_460_000)).toBe("2.46 M");
  });

  it("keeps editable numbers plain", () => {
    expect(formatEditable(0.1 + 0.2)).toBe("0.3");
    expect(formatEditable(-0.00001)).toBe("-0.00001");
  });
});
