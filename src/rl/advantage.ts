// Group-relative advantage (GRPO, paper Eq. 1; official core_algos.py compute_grpo_outcome_advantage) and DAPO's dynamic
// sampling test. A group is all trajectories of one prompt. Advantages are per trajectory; shaping happens elsewhere.

/** Identifies the prompt a trajectory answers. */
export type GroupId = string | number;

const stdEpsilon = 1e-6;

/** A_i = (R_i - mean of group) / (unbiased std of group + 1e-6); exactly 0 where all rewards of a group are equal. */
export function groupAdvantages(rewards: ArrayLike<number>, groups: ArrayLike<GroupId>): Float32Array {
  const advantages = new Float32Array(rewards.length);
  for (const members of membersByGroup(groups)) {
    // Rounding of the mean would leave dust that is far from small once it is divided by 1e-6.
    if (members.every((i) => rewards[i] === rewards[members[0] as number])) continue;
    const mean = members.reduce((sum, i) => sum + (rewards[i] as number), 0) / members.length;
    const squares = members.reduce((sum, i) => sum + ((rewards[i] as number) - mean) ** 2, 0);
    const std = Math.sqrt(squares / (members.length - 1));
    for (const i of members) advantages[i] = ((rewards[i] as number) - mean) / (std + stdEpsilon);
  }
  return advantages;
}

/**
 * 1 for every trajectory of a group whose mean accuracy lies strictly between the limits, else 0: groups that are all right or
 * all wrong teach nothing (DAPO's dynamic sampling; official `algorithm.filter_low`, `filter_high`).
 */
export function mixedGroups(
  accuracies: ArrayLike<number>,
  groups: ArrayLike<GroupId>,
  limits: { readonly low: number; readonly high: number } = { low: 0.01, high: 0.99 },
): Uint8Array {
  const mixed = new Uint8Array(accuracies.length);
  for (const members of membersByGroup(groups)) {
    const mean = members.reduce((sum, i) => sum + (accuracies[i] as number), 0) / members.length;
    if (mean > limits.low && mean < limits.high) for (const i of members) mixed[i] = 1;
  }
  return mixed;
}

function membersByGroup(groups: ArrayLike<GroupId>): readonly (readonly number[])[] {
  const members = new Map<GroupId, number[]>();
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i] as GroupId;
    const list = members.get(group);
    if (list) list.push(i);
    else members.set(group, [i]);
  }
  return [...members.values()];
}
