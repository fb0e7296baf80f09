// Numbers as the page prints them: three significant digits, a real minus sign, bytes and counts with units.

/** Three significant digits, e.g. 0.0123, 1.92, 214, 1.2e-7; NaN and infinities by name. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text =
    size !== 0 && (size < 1e-4 || size >= 1e7)
      ? value.toExponential(1).replace("e+", "e")
      : size >= 100
        ? String(Number(value.toFixed(size >= 1000 || Number.isInteger(value) ? 0 : 1)))
        : String(Number(value.toPrecision(3)));
  return text.replaceAll("-", "−");
}

/** Text for an input field: plain decimal with an ASCII minus, so that it can be edited. */
export function formatEditable(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** Share as a percentage with at most one decimal. */
export function formatPercent(value: number): string {
  return `${formatNumber(Number((value * 100).toFixed(1)))} %`;
}

/** Bytes in binary units with two or three digits, e.g. 2.4 MiB. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${units[unit]}`;
}

/** A count in short form, e.g. 2.46 M. */
export function formatCount(count: number): string {
  if (count >= 1e9) return `${Number((count / 1e9).toPrecision(3))} B`;
  if (count >= 1e6) return `${Number((count / 1e6).toPrecision(3))} M`;
  if (count >= 1e4) return `${Number((count / 1e3).toPrecision(3))} k`;
  return String(count);
}
