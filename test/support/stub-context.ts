import pino from 'pino';
import type { ActivityContext } from '../../src/activities/context';
import type { Kube } from '../../src/kube/client';

/** What an activity works with where only Karmada's API server is imitated, and what `more` says. */
export const makeStubContext = (karmada: Kube, more: Partial<ActivityContext> = {}): ActivityContext => ({
  karmada,
  members: { kubeOf: () => Promise.reject(new Error('no member is asked')) },
  get temporal(): never {
    throw new Error('nothing is asked of Temporal');
  },
  events: { record: () => Promise.resolve() },
  logger: pino({ level: 'silent' }),
  imageReplacements: [],
  systemNamespace: 'fedstate-system',
  now: () => new Date(0),
  ...more,
});
