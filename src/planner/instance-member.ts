import type { MemberPlace } from '../domain/placement';

/** A member that is wanted, or that is still there. */
export interface InstanceMember extends MemberPlace {
  /** `VIP:NodePort`, or {@link placeholderOf} while its Service has no port. */
  readonly host: string;
  readonly wanted: boolean;
  /** Its cluster has been told to run it. */
  readonly dispatched: boolean;
  /** Its pod has, or once the templates are dispatched will have, an older template than it should. */
  readonly restart: boolean;
  /** Uid of its pod, when that has the present template and must go all the same. */
  readonly replaces?: string | undefined;
}
