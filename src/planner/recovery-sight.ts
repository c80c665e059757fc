import type { ReplicaSetObservation } from '../domain/replica-set';
import type { PlatformSight } from './judge-clusters';

/** Everything that was seen when somebody asked for the majority to be recovered. */
export interface RecoverySight {
  readonly setName: string;
  /** `metadata.generation` of the custom resource. */
  readonly generation: number;
  readonly observation: ReplicaSetObservation;
  /** Clusters of members by host; of others their tag tells. */
  readonly clusterOf: ReadonlyMap<string, string>;
  /** Every registered cluster, with whether its API server answers. */
  readonly platform: readonly PlatformSight[];
  /** Hosts that do not answer as members, with what says that they live all the same. */
  readonly signs: ReadonlyMap<string, string>;
  /** Clusters that answer and do not tell of their pods, with why. */
  readonly untold: ReadonlyMap<string, string>;
}
