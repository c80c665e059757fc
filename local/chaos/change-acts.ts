import type { ChangeOperation } from './boundary';
import type { ChangeAct } from './change-act';
import { oneEach } from './inventory';
import { FAILBACK_ACT, FAILOVER_ACT, RECOVERY_ACT } from './recovery-acts';
import { entityOf, patchSubject } from './subject';
import { followingImage, followingRelease } from './upgrade-image';

// Longer than two strokes before its end hold it up, else the feature version is set without a wait and a workflow is missing.
const SOAK_SECONDS = 120;

export const CHANGE_ACTS: Readonly<Record<ChangeOperation, ChangeAct>> = {
  'scale-down': {
    members: 5,
    kind: 'scaleInstance',
    begin: async ({ stack, lives }) => {
      await Promise.all(
        lives.map(({ subject }) => patchSubject(stack, subject, { spec: { replicaset: 3 } })),
      );
    },
    sharesAfter: (clusters) => new Map(clusters.map((cluster) => [cluster, 1])),
  },
  move: {
    members: 3,
    kind: 'scaleInstance',
    begin: async ({ stack, lives }) => {
      const [from, to] = [...stack.members.keys()];
      const request = { from, to, by: 'chaos', why: 'a fault on the way' };
      await Promise.all(
        lives.map(({ subject, uid }) =>
          entityOf(stack, subject, uid).executeUpdate('move', { args: [request] }),
        ),
      );
    },
    sharesAfter: (clusters) => new Map(clusters.map((cluster, index) => [cluster, [0, 2][index] ?? 1])),
  },
  upgrade: {
    members: 3,
    kind: 'upgradeInstance',
    soakSeconds: SOAK_SECONDS,
    begin: async ({ stack, image, lives }) => {
      const spec = { imageSetting: { image: followingImage(image) } };
      await Promise.all(lives.map(({ subject }) => patchSubject(stack, subject, { spec })));
    },
    sharesAfter: oneEach,
    releaseAfter: followingRelease,
  },
  failover: FAILOVER_ACT,
  failback: FAILBACK_ACT,
  'recover-majority': RECOVERY_ACT,
};
