import { connectionSecretName, REPLICA_SET_NAME, type Ordinal } from '../../domain/names';
import type { ReplicaSetObservation } from '../../domain/replica-set';
import { KINDS } from '../../kube/object';
import { buildConnectionString } from '../../mongodb/connection-string';
import { ensureApplicationUsers } from '../../mongodb/users';
import { encodeSecret, type Credentials } from '../build/secret';
import type { MemberContext } from '../context';
import { digestOf } from '../digest';
import { instanceLabels, type Instance } from '../instance';

/** What clients of a Local instance get: their user, and a Secret with addresses. */
export interface ClientAccess {
  /** @returns the address of the set, without a password */
  ensure(
    instance: Instance,
    hosts: ReadonlyMap<Ordinal, string>,
    observation: ReplicaSetObservation,
    credentials: Credentials,
  ): Promise<string>;
}

/** A user that is right is looked at again after this long. */
const RECHECK_MS = 10 * 60_000;

export function createClientAccess(
  context: Pick<MemberContext, 'writer' | 'tell'>,
  now: () => number = Date.now,
): ClientAccess {
  const checked = new Map<string, { readonly digest: string; readonly at: number }>();

  async function ensureUser(
    instance: Instance,
    observation: ReplicaSetObservation,
    { keyfile }: Credentials,
  ): Promise<void> {
    const asked = instance.spec.dbUserSpec;
    const { user = '', password = '', name = '' } = asked ?? {};
    if (asked?.enable !== true) return;
    const digest = digestOf(asked, 32);
    const known = checked.get(instance.uid);
    if (known?.digest === digest && now() - known.at < RECHECK_MS) return;
    const primary = observation.reports.find(({ stateName }) => stateName === 'PRIMARY');
    if (primary === undefined) return;
    const access = { credentials: { kind: 'keyfile', key: keyfile } } as const;
    const outcomes = await ensureApplicationUsers(primary.host, access, [
      { name: user, password, roles: [{ role: 'readWrite', db: name }] },
    ]);
    if (outcomes[user] !== 'present')
      context.tell(instance, 'Normal', 'UserMade', 'EnsureUser', `${user}: readWrite on ${name}`);
    checked.set(instance.uid, { digest, at: now() });
  }

  return {
    async ensure(instance, hosts, observation, credentials) {
      await ensureUser(instance, observation, credentials);
      const data = [...hosts].filter(([ordinal]) => ordinal !== 'arbiter').map(([, host]) => host);
      const target = { hosts: data, setName: REPLICA_SET_NAME };
      const { user = '', password = '', name = '', enable } = instance.spec.dbUserSpec ?? {};
      await context.writer.ensure(instance, KINDS.secret, {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'Opaque',
        metadata: {
          name: connectionSecretName(instance.name),
          namespace: instance.namespace,
          labels: instanceLabels(instance),
          ownerReferences: [instance.owner],
        },
        data: encodeSecret({
          connectionString: buildConnectionString({
            ...target,
            user: { name: 'root', password: credentials.rootPassword },
          }),
          hosts: data.join(','),
          replicaSet: REPLICA_SET_NAME,
          username: 'root',
          password: credentials.rootPassword,
          ...(enable === true
            ? {
                userConnectionString: buildConnectionString({
                  ...target,
                  user: { name: user, password },
                  database: name,
                }),
              }
            : {}),
        }),
      });
      return buildConnectionString(target);
    },
  };
}
