import { countVoters, isVoter } from './config-rules';
import type { Member } from './member';
import { memberState } from './member-state';

/** True when the present configuration is on a majority of voters and its operations are committed (S1). */
export const isCommitted = (member: Member): boolean => {
  const { topology } = member;
  const { config } = topology;
  if (config === null) return false;
  const holding = topology
    .others()
    .filter(
      ({ member: other, data }) =>
        isVoter(other) && data.configVersion === config.version && data.configTerm === config.term,
    ).length;
  const own = topology.self !== undefined && isVoter(topology.self) ? 1 : 0;
  const majority = Math.floor(countVoters(config) / 2) + 1;
  // The commit point moves in the present term only once something of this term is committed.
  const oplogCommitted = topology.commitPoint.term === topology.term;
  return holding + own >= majority && oplogCommitted;
};

/** 5.0 and later, on the primary: gives newly added members that are SECONDARY their vote, one at a time. */
export const admitNewlyAdded = async (member: Member): Promise<void> => {
  const { topology } = member;
  const { config } = topology;
  if (config === null || !member.isWritable || !isCommitted(member)) return;
  const ready = topology
    .others()
    .find(
      ({ member: known, data }) =>
        known.newlyAdded && data.health === 1 && data.state === memberState.secondary,
    );
  if (ready === undefined) return;
  const members = config.members.map((known) =>
    known.id === ready.member.id ? { ...known, newlyAdded: false } : known,
  );
  member.write({ op: 'n', ns: '', o: { msg: 'Reconfig set', version: config.version + 1 } });
  await member.install({ ...config, version: config.version + 1, members }, topology.selfIndex);
};
