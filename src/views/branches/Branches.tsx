// The place of the tree of answers in the Answer panel: nothing until there are two answers or two are compared; the tree and the comparison
// come in files of their own.
import { lazy, Suspense } from "react";
import { keptAnswers } from "@/state/answers/answers";
import { useStore } from "@/state/store";

/** Fetches the tree and the comparison. */
export const loadBranches = () => Promise.all([import("./BranchTree"), import("../compare/CompareView")]);

const BranchTree = lazy(async () => ({ default: (await loadBranches())[0].BranchTree }));
const CompareView = lazy(async () => ({ default: (await loadBranches())[1].CompareView }));

/** Tree and comparison, as far as there is something to show. */
export function Branches() {
  const count = useStore((state) => keptAnswers(state).length);
  const isComparing = useStore((state) => state.comparedWith !== null);
  return (
    <Suspense fallback={null}>
      {count > 1 && <BranchTree />}
      {isComparing && <CompareView />}
    </Suspense>
  );
}
