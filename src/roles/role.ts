import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Config } from '../config';

/** What every role is given. */
export interface Surroundings {
  readonly config: Config;
  readonly kubeConfig: KubeConfig;
  readonly registry: Registry;
  readonly logger: Logger;
}

/** A running role. */
export interface Role {
  ready(): boolean;
  /** Settles only when the role ends by itself. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** For roles that never end by themselves. */
export const never = new Promise<void>(() => undefined);

/** Under this name API servers log what a role asks. */
export const userAgentOf = (role: 'controller' | 'worker' | 'member'): string => `fedstate-${role}`;
