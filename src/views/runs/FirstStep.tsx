// The one button of tabs that are empty until something was trained.
import { SkipForward } from "lucide-react";
import { train } from "@/state/runs/trainJob";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";

/** Takes a training step, which fills the tab; waits for a model. */
export function FirstStep() {
  const canTrain = useStore(({ model, training, loss }) => model.status === "ready" && training.status !== "running" && !loss);
  return (
    <Button label="Take the first step" icon={<SkipForward aria-hidden />} disabled={!canTrain} onPress={() => void train(1)} />
  );
}
