import { z } from 'zod';
import { clusterSchema, vipOf } from '../../../src/karmada/cluster';
import { KINDS, objectSchema } from '../../../src/kube/object';
import {
  closeEnvironment,
  missingEnvironment,
  readEnvironment,
  type Environment,
} from '../../support/environment';
import { connectionStringOf, listInMembers } from '../../support/instances';
import { itHasLostNothing } from '../../support/lost-writes';
import { sharesOf, startWrittenInstance, type WrittenInstance } from '../../support/written-instance';

const missing = missingEnvironment();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`faults skipped: ${missing}`);

const NAMESPACE = 'addresses';
const NAME = 'ledger';

const nodeSchema = objectSchema.extend({
  status: z.looseObject({ addresses: z.array(z.looseObject({ type: z.string(), address: z.string() })) }),
});
// Here, as every instance of the cluster has to follow: none may be in the middle of something else.
suite('a new VIP, under writes', () => {
  let environment: Environment;
  let instance: WrittenInstance;
  let cluster: string;
  let old: string;

  beforeAll(async () => {
    environment = readEnvironment();
    instance = await startWrittenInstance(environment, NAMESPACE, NAME);
    [cluster = ''] = Object.keys(sharesOf(await instance.read())).sort();
    const found = await environment.karmada.get({ kind: KINDS.cluster, name: cluster }, clusterSchema);
    old = found === undefined ? '' : (vipOf(found) ?? '');
  }, 900_000);

  afterAll(async () => {
    await label(old);
    await instance.remove();
    closeEnvironment(environment);
  }, 900_000);

  const label = (vip: string): Promise<unknown> =>
    environment.karmada.mergePatch({ kind: KINDS.cluster, name: cluster }, { metadata: { labels: { vip } } });

  const portOf = (host: string): string => host.slice(host.lastIndexOf(':'));

  it('of a cluster is followed: the same members under their _id at the new address', async () => {
    const before = await instance.readMembers();
    const nodes = await environment.members.get(cluster)?.list(KINDS.node, {}, nodeSchema);
    const addresses = (nodes?.items ?? []).flatMap(({ status }) =>
      status.addresses.flatMap(({ type, address }) => (type === 'InternalIP' ? [address] : [])),
    );
    const vip = addresses.find((address) => address !== old) ?? '';
    expect(vip).not.toBe('');
    const pods = await listInMembers(environment, [KINDS.pod], NAMESPACE, NAME);

    const moved = await instance.carriedOut('updateInstance', () => label(vip));
    const after = await instance.readMembers();
    expect(after.map(({ _id }) => _id)).toEqual(before.map(({ _id }) => _id));
    expect(after.map(({ host }) => host)).toEqual(
      before.map(({ host }) => (host.startsWith(`${old}:`) ? `${vip}${portOf(host)}` : host)),
    );
    expect(after).not.toEqual(before);
    expect(await connectionStringOf(environment.karmada, NAMESPACE, NAME)).toContain(`${vip}:`);
    expect(moved.status?.members?.map(({ host }) => host).sort()).toEqual(
      after.map(({ host }) => host).sort(),
    );
    // An address is no reason to restart anything.
    expect(await listInMembers(environment, [KINDS.pod], NAMESPACE, NAME)).toEqual(pods);

    await instance.carriedOut('updateInstance', () => label(old));
    expect(await instance.readMembers()).toEqual(before);
  }, 900_000);

  itHasLostNothing(() => instance.stopWriter());
});
