import { networkInterfaces } from 'node:os';
import { ObjectId } from 'bson';
import { MemberLink, splitHost } from '../wire/link';
import type { ReplicaSetConfig } from './config';
import type { Member } from './member';

const probeTimeoutMs = 5000;

/** An address this process listens on itself: nobody needs to be asked. */
const isOwnAddress = (member: Member, host: string): boolean => {
  const { bindIps, port } = member.listening;
  const address = splitHost(host);
  if (address.port !== port) return false;
  if (bindIps.includes(address.name)) return true;
  const all = bindIps.includes('0.0.0.0') || bindIps.includes('*');
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all && own.some(({ address: ip }) => ip === address.name);
};

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
    const isSelf = isOwnAddress(member, host) || (await probe(host, member.processId));
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
