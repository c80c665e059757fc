/** A grant that the end-to-end suite cannot use, as `describeGrant` names it. */
export interface Unexercised {
  readonly grant: string;
  readonly because: string;
  /** The suite that uses it, with the very rights of deploy/rbac. */
  readonly test?: string;
}

/** Kept small: what stands here is given without this suite having seen it used. */
export const UNEXERCISED: readonly Unexercised[] = [];
