// Where "Where did it look?" stands in the Inspector. It comes in a file of its own, because nobody needs it in the first second.
import { lazy, Suspense } from "react";

const LookSection = lazy(async () => ({ default: (await import("./LookSection")).LookSection }));

/** The section, as soon as it is there. */
export function LookSlot() {
  return (
    <Suspense fallback={null}>
      <LookSection />
    </Suspense>
  );
}
