/** A grant that the end-to-end suite cannot use, as `describeGrant` names it. */
export interface Unexercised {
  readonly grant: string;
  readonly because: string;
  /** The suite that uses it, signed in as that account with the very rights of deploy/rbac. */
  readonly test?: string;
  /** Timing decides whether a run uses it. */
  readonly sometimes?: true;
}

const EVENTS = 'test/integration/crds/rbac.test.ts';

/** Kept small: what stands here is given without this suite having seen it used. */
export const UNEXERCISED: readonly Unexercised[] = [
  {
    grant: 'karmada fedstate-controller: get multicloudmongodbs.middleware.fedstate.io',
    because: 'asked before an entity is told that its object is gone, and when somebody else was quicker',
    test: 'test/integration/triggers/controller.test.ts',
    sometimes: true,
  },
  ...['get', 'create', 'patch'].map((verb) => ({
    grant: `karmada fedstate-controller: ${verb} events.events.k8s.io`,
    because: 'told of a spec that cannot be read: the definitions refuse all that this suite knows of',
    test: EVENTS,
  })),
  ...['karmada fedstate-worker', 'member fedstate-member'].flatMap((who) =>
    ['get', 'patch'].map((verb) => ({
      grant: `${who}: ${verb} events.events.k8s.io`,
      because: 'only an Event that is told again, or that a former process has told, is read or counted up',
      test: EVENTS,
      sometimes: true as const,
    })),
  ),
  ...['get', 'patch', 'delete'].map((verb) => ({
    grant: `karmada fedstate-worker: ${verb} clusters/proxy.cluster.karmada.io`,
    because:
      'the stand-in for Karmada has no proxy: there the worker has a kubeconfig Secret for each member',
  })),
  ...['karmada fedstate-worker: update multicloudmongodbs', 'member fedstate-member: update mongodbs'].map(
    (grant) => ({
      grant: `${grant}/finalizers.middleware.fedstate.io`,
      because: 'asked for by an admission plugin inside the API server: without it this run has refusals',
    }),
  ),
  ...['get', 'delete'].map((verb) => ({
    grant: `member fedstate-worker: ${verb} persistentvolumeclaims`,
    because: 'only the rebuild of a member looks at a claim, and that suite is a long one',
    test: 'test/e2e/long/renewal.test.ts',
    sometimes: true as const,
  })),
  ...['system:serviceaccounts', 'system:serviceaccounts:fedstate-system'].map((group) => ({
    grant: `karmada ${group}: none clusters/proxy.cluster.karmada.io`,
    because: "a sign for Karmada's proxy, with a verb that nothing has",
  })),
];
