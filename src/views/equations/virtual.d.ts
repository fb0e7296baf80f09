// What scripts/mathmlPlugin.ts makes at build time.
declare module "virtual:equations" {
  type MathNode = import("./mathNode").MathNode;
  export const mathTrees: Readonly<
    Record<import("./equations").EquationId, { readonly symbols: readonly MathNode[]; readonly numbers: readonly MathNode[] }>
  >;
}
