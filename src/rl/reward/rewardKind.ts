// Names of the ways of grading, apart from the grading itself, which the page loads later.

/** Every way of grading; "custom" is the user's own function. */
export const rewardKinds = ["official", "official_format", "exact", "choice", "numeric", "custom"] as const;

export type RewardKind = (typeof rewardKinds)[number];
