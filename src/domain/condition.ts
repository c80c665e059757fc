export type ConditionStatus = 'True' | 'False' | 'Unknown';

export interface Condition {
  readonly type: string;
  readonly status: ConditionStatus;
  /** RFC 3339; moves only when `status` flips. */
  readonly lastTransitionTime: string;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly observedGeneration?: number | undefined;
}

export type ConditionNews = Omit<Condition, 'lastTransitionTime'>;

/** The conditions after these news: same order, new types appended, transition times kept where the status did not flip. */
export function mergeConditions(
  present: readonly Condition[],
  news: readonly ConditionNews[],
  now: string,
): Condition[] {
  const merged = [...present];
  for (const item of news) {
    const index = merged.findIndex((condition) => condition.type === item.type);
    const before = merged[index];
    const lastTransitionTime = before?.status === item.status ? before.lastTransitionTime : now;
    if (before === undefined) merged.push({ ...item, lastTransitionTime });
    else merged[index] = { ...item, lastTransitionTime };
  }
  return merged;
}
