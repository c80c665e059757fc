import { ObjectId } from 'bson';
import { MemberLink } from '../wire/link';
import type { ReplicaSetConfig } from './config';
import type { Member } from './member';

const probeTimeoutMs = 5000;

/** Asks the server behind an address whether it is this process (its address may be a VIP and a NodePort). */
const probe = async (host: string, processId: ObjectId): Promise<boolean> => {
  const link = new MemberLink(host, []);
  try {
    const reply = await link.run('admin', { _isSelf: 1 }, probeTimeoutMs);
    const id = reply['id'];
    return id instanceof ObjectId && id.equals(processId);
  } catch {
    return false;
  } finally {
    link.close();
  }
};

/** Indexes of the configured members that are this process. `first`: one is enough. */
export const locateSelf = async (
  member: Member,
  config: ReplicaSetConfig,
  first: boolean,
): Promise<number[]> => {
  const found: number[] = [];
  const probes = config.members.map(async ({ host }, index) => {
    const isSelf = await probe(host, member.processId);
    if (isSelf) found.push(index);
    return isSelf;
  });
  if (first) await Promise.race([Promise.all(probes), ...probes.map(untilTrue)]);
  else await Promise.all(probes);
  return found.sort((a, b) => a - b);
};

const untilTrue = (promise: Promise<boolean>): Promise<void> =>
  new Promise((resolve) => {
    void promise.then((value) => {
      if (value) resolve();
    });
  });
