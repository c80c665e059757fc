import type { Logger } from 'pino';
import type { Kube } from '../kube/client';
import type { ClusterCache } from './cluster-cache';
import type { MemberConfig } from './config';
import type { Instance } from './instance';
import type { ObjectWriter } from './object-writer';
import type { ReplicaProbe } from './replica-probe';

/** Tells a person, on the MongoDB object; repeats are counted, not listed. */
export type Tell = (
  instance: Instance,
  type: 'Normal' | 'Warning',
  reason: string,
  action: string,
  note: string,
) => void;

/** What every pass works with. */
export interface MemberContext {
  readonly kube: Kube;
  readonly config: MemberConfig;
  readonly cache: ClusterCache;
  readonly writer: ObjectWriter;
  readonly probe: ReplicaProbe;
  readonly tell: Tell;
  /** Only this very pod: another of its name is left alone. */
  readonly deletePod: (instance: Instance, name: string, uid: string) => Promise<void>;
  /** Whether this cluster knows the Prometheus operator's kinds. */
  readonly servesServiceMonitors: () => Promise<boolean>;
  readonly logger: Logger;
  readonly now: () => Date;
}
