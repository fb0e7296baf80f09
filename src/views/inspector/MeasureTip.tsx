// The name of a dependency measure that explains itself with a token's own numbers.
import type { ReactNode } from "react";
import type { DependencyMeasure } from "@/rl/dependency";
import type { TokenFacts } from "@/state/tokens/tokenFacts";
import { EquationTip } from "@/views/equations/EquationTip";

interface MeasureTipProps {
  readonly measure: DependencyMeasure;
  readonly facts: TokenFacts;
  readonly children: ReactNode;
}

/** A term with the measure's equation behind it. */
export function MeasureTip({ measure, facts, children }: MeasureTipProps) {
  const { logp, logpMasked, kl, k3, jsd, top1Drop } = facts;
  switch (measure) {
    case "kl": {
      const p = Math.exp(logp);
      const values = { p, q: Math.exp(logpMasked), others: kl - p * (logp - logpMasked), result: kl };
      return (
        <EquationTip id="dependency" values={values}>
          {children}
        </EquationTip>
      );
    }
    case "k3":
      return (
        <EquationTip id="k3" values={{ logp, masked: logpMasked, delta: logpMasked - logp, result: k3 }}>
          {children}
        </EquationTip>
      );
    case "jsd":
      return (
        <EquationTip id="jsd" values={{ result: jsd }}>
          {children}
        </EquationTip>
      );
    case "top1_drop":
      return (
        <EquationTip id="top1Drop" values={{ result: top1Drop }}>
          {children}
        </EquationTip>
      );
    default:
      measure satisfies never;
      return children;
  }
}
