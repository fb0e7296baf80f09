// Shares of a whole in the System tab: small ones are not called nothing.

import { formatPercent } from "@/ui/formatNumber";

/** A share as a percentage; above 0 and below 0.1 % it says so. */
export function formatShare(share: number): string {
  return share > 0 && share < 0.001 ? "< 0.1 %" : formatPercent(share);
}
