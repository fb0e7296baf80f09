// What an evaluation says: accuracy@n as the paper reports it (mean over a problem's n answers, then over problems), with 95 %
// intervals whose unit is the problem, because answers to one problem are not independent. Pure arithmetic on outcomes; sampling
// them is the engine's.

/** How one held-out problem went. */
export interface ProblemOutcome {
  readonly family: string;
  /** Sum of the accuracies of its answers. */
  readonly right: number;
  readonly answers: number;
  /** Answers with a closed `\boxed{}`. */
  readonly parseable: number;
  /** Tokens of all answers. */
  readonly tokens: number;
}

/** A share with its 95 % interval; NaN where there is nothing to measure. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Problems it is made of. */
  readonly problems: number;
}

export interface EvaluationSummary {
  /** accuracy@n. */
  readonly accuracy: Estimate;
  readonly perFamily: Readonly<Record<string, Estimate>>;
  /** Share of answers with a closed box. */
  readonly parseable: number;
  /** Tokens per answer. */
  readonly meanLength: number;
  readonly answers: number;
}

/** Change between two evaluations of the same problems: mean of the paired differences with its 95 % interval. */
export interface Comparison {
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  /** Problems that both have. */
  readonly problems: number;
}

const z95 = 1.959963984540054;

/** Accuracy overall and by family, with intervals. */
export function summarise(outcomes: readonly ProblemOutcome[]): EvaluationSummary {
  const families = [...new Set(outcomes.map(({ family }) => family))];
  const total = (pick: (outcome: ProblemOutcome) => number) => outcomes.reduce((sum, outcome) => sum + pick(outcome), 0);
  const answers = total((outcome) => outcome.answers);
  return {
    accuracy: estimate(outcomes),
    perFamily: Object.fromEntries(families.map((name) => [name, estimate(outcomes.filter(({ family }) => family === name))])),
    parseable: total((outcome) => outcome.parseable) / answers,
    meanLength: total((outcome) => outcome.tokens) / answers,
    answers,
  };
}

/**
 * Mean of the problems' accuracies with a Wilson interval. Its sample size is the effective one, p (1 - p) / SE² with the standard
 * error over problems, never below the number of problems nor above that of answers; so all right is not called certain.
 */
function estimate(outcomes: readonly ProblemOutcome[]): Estimate {
  const problems = outcomes.length;
  if (problems === 0) return { value: Number.NaN, low: Number.NaN, high: Number.NaN, problems };
  const accuracies = outcomes.map(accuracyOf);
  const value = meanOf(accuracies);
  const answers = outcomes.reduce((sum, outcome) => sum + outcome.answers, 0);
  const error = standardError(accuracies);
  const effective = error > 0 ? (value * (1 - value)) / error ** 2 : problems;
  const count = Math.min(Math.max(effective, problems), answers);
  const centre = (value + z95 ** 2 / (2 * count)) / (1 + z95 ** 2 / count);
  const half = (z95 / (1 + z95 ** 2 / count)) * Math.sqrt((value * (1 - value)) / count + z95 ** 2 / (4 * count ** 2));
  return { value, low: Math.min(value, Math.max(0, centre - half)), high: Math.max(value, Math.min(1, centre + half)), problems };
}

/** Paired over the problems that both evaluations have, in order; a normal interval of the mean difference. */
export function compare(before: readonly ProblemOutcome[], after: readonly ProblemOutcome[]): Comparison {
  const problems = Math.min(before.length, after.length);
  const differences = Array.from(
    { length: problems },
    (_, i) => accuracyOf(after[i] as ProblemOutcome) - accuracyOf(before[i] as ProblemOutcome),
  );
  const difference = problems > 0 ? meanOf(differences) : Number.NaN;
  const half = problems > 1 ? z95 * standardError(differences) : Number.NaN;
  return { difference, low: difference - half, high: difference + half, problems };
}

/** Mean of some runs' results with a 95 % Student interval: how certain a method's mean over seeds is. */
export function meanOverSeeds(values: readonly number[]): Estimate {
  const mean = meanOf(values);
  const half = values.length > 1 ? studentT95(values.length - 1) * standardError(values) : Number.NaN;
  return { value: mean, low: mean - half, high: mean + half, problems: values.length };
}

const studentTable = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131];

/** Two-sided 95 % quantile of Student's t; tabled to 15 degrees of freedom, Cornish–Fisher's expansion beyond. */
function studentT95(degrees: number): number {
  const tabled = studentTable[degrees - 1];
  if (tabled !== undefined) return tabled;
  return z95 + (z95 ** 3 + z95) / (4 * degrees) + (5 * z95 ** 5 + 16 * z95 ** 3 + 3 * z95) / (96 * degrees ** 2);
}

function accuracyOf({ right, answers }: ProblemOutcome): number {
  return right / answers;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function standardError(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1) / values.length);
}
