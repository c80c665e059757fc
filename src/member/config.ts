import type { ImageReplacement } from '../domain/image';

/** What an administrator decides for one member cluster. */
export interface MemberConfig {
  /** Image of this program: its `prepare.js` runs before mongod in each pod. */
  readonly fedstateImage: string;
  readonly exporterImage: string;
  readonly imageReplacements: readonly ImageReplacement[];
  /** Put over every pod's policy: for sites that load images by hand and have no registry. */
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never' | undefined;
  /** Address at which this cluster's NodePorts are reached; Local mode, where the object has no VIP label. */
  readonly vip?: string | undefined;
  /** Default `cluster.local`. */
  readonly clusterDomain?: string | undefined;
  /** Where the Lease lies, and who holds it. */
  readonly leaseNamespace: string;
  readonly identity: string;
}
