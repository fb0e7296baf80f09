// The Step tab: one training step taken apart, stage by stage, with this step's numbers and the equation of each stage.
import { trainingSeries } from "@/client/live";
import { EmptyState } from "@/ui/Message";
import { useSeriesVersion } from "@/views/training/useSeries";

/** The stages of the shown step. */
export function StepPanel() {
  useSeriesVersion(trainingSeries);
  return <EmptyState>No step yet. Press Step to take one.</EmptyState>;
}
