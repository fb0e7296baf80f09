// What the views of the Insight tab have in common.
import type { ReactNode } from "react";

/** What a view gets: the choice between views, for the beginning of its row of tools. */
export interface InsightViewProps {
  readonly choice: ReactNode;
}
