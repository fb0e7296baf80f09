// Numbers of token views: signed, aligned, and probabilities. Built on the page's own number format.

import { formatNumber } from "../formatNumber";

/** As `formatNumber`, with the sign always written. */
export function formatSigned(value: number): string {
  return value > 0 ? `+${formatNumber(value)}` : formatNumber(value);
}

/** Fixed decimals, for columns that must line up; never −0.00. */
export function formatFixed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return formatNumber(value);
  const text = value.toFixed(decimals);
  return (Number(text) === 0 ? (0).toFixed(decimals) : text).replace("-", "−");
}

/** A share in [0, 1] in whole percent. */
export function formatShare(share: number): string {
  return Number.isNaN(share) ? "–" : `${Math.round(share * 100)} %`;
}

/** A probability with digits that fit its size: .81, .052, <.001, >.99. */
export function formatProbability(probability: number): string {
  if (probability > 0 && probability < 0.001) return "<.001";
  if (probability > 0.995 && probability < 1) return ">.99";
  const text = probability.toFixed(probability < 0.1 ? 3 : 2);
  return text.startsWith("0") ? text.slice(1) : text;
}
