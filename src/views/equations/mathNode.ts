// A formula as plain data: what the build makes of LaTeX (scripts/mathmlPlugin.ts) and `Equation.tsx` draws.

/** A text, or an element: tag, attributes, children. A text that begins with @ is a slot for a number. */
export type MathNode = string | readonly [tag: string, attributes: Readonly<Record<string, string>>, ...children: MathNode[]];
