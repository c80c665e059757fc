import type { MultiCloudMongoDB, MultiCloudMongoDBStatus } from '../api/multicloudmongodb';
import { messageOf } from '../domain/errors';
import type { HealthVerdict } from '../domain/health';
import { toSeconds } from '../domain/outage';
import { readElectionGap } from '../mongodb/election-gap';
import type { ActivityContext } from './context';
import { readCredentials } from './credentials';
import { accessOf } from './replica-set';
import type { SeenElection, StatusFacts } from './status-facts';

export type Recovery = NonNullable<MultiCloudMongoDBStatus['recoveries']>[number];

/** Reads the oplog once for each election, and at rest nothing. */
export async function readElection(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  health: HealthVerdict | undefined,
): Promise<SeenElection | undefined> {
  const election = health?.election;
  if (election === undefined) return undefined;
  const { term, host, reason } = election;
  const known = cr.status?.election;
  const seen = { term, host, at: election.at ?? known?.at ?? context.now().toISOString(), reason };
  if (known === undefined || known.term >= term) return seen;
  try {
    const access = accessOf(await readCredentials(context, cr));
    const gap = await readElectionGap(host, access, { since: known.term, term });
    if (gap === undefined) return seen;
    const outageSeconds = toSeconds(gap.firstWrite.getTime() - gap.lastWrite.getTime());
    return { ...seen, at: gap.firstWrite.toISOString(), outageSeconds };
  } catch (error) {
    // The election is told all the same; what it cost is not known then.
    context.logger.warn({ host, term, error: messageOf(error) }, 'the oplog of the new primary was not read');
    return seen;
  }
}

/** What the status keeps of the present primary's election; a primary that is gone leaves it as it was. */
export function composeElection({ cr, election }: StatusFacts): Pick<MultiCloudMongoDBStatus, 'election'> {
  const known = cr.status?.election;
  if (election === undefined) return known === undefined ? {} : { election: known };
  // As long as it is the same election nothing of it changes, so that nothing is written.
  if (known?.term === election.term) return { election: { ...known, primary: election.host } };
  return { election: { term: election.term, primary: election.host, at: election.at } };
}

/** The ledger with an election that it does not know yet: of a step of ours, or of the members' own accord. */
export function noteElection(facts: StatusFacts, past: readonly Recovery[]): readonly Recovery[] {
  const entry = describeElection(facts);
  return entry === undefined ? past : [entry, ...past];
}

/** Undefined: it is known, or nothing was known before, as while an instance is created. */
export function describeElection({ cr, created, election, now }: StatusFacts): Recovery | undefined {
  const known = cr.status?.election;
  if (!created || election === undefined || known === undefined || election.term <= known.term)
    return undefined;
  const cluster = cr.status?.members?.find(({ host }) => host === known.primary)?.cluster;
  const { operation } = cr.status ?? {};
  const isOurs = operation !== undefined && movesPrimary(operation, known.primary);
  const cause = isOurs
    ? `${operation.kind}: ${operation.step ?? ''}`
    : `another primary without our asking${election.reason === undefined ? '' : ` (${election.reason})`}${election.term - known.term > 1 ? `, ${election.term - known.term} terms later` : ''}`;
  return {
    kind: isOurs ? 'stepDown' : 'election',
    outcome: 'succeeded',
    ...(cluster === undefined ? {} : { cluster }),
    cause,
    at: election.at,
    ...(isOurs ? {} : { detectionSeconds: secondsBetween(election.at, now) }),
    ...(election.outageSeconds === undefined
      ? {}
      : { writeOutageSeconds: election.outageSeconds, writeOutageBasis: 'oplog' as const }),
    term: election.term,
    from: known.primary,
    to: election.host,
    ...(isOurs && operation.workflowId !== undefined ? { workflowId: operation.workflowId } : {}),
  };
}

/** Steps that ask for an election, and those that take away the member that they name. */
const ASKING: ReadonlySet<string> = new Set([
  'stepDown',
  'stepUp',
  'setPriority',
  'setMemberFields',
  'forceReconfig',
]);
const TAKING: ReadonlySet<string> = new Set(['restartMember', 'wipeMember', 'retireMember']);

/** By the step that stood in the status when the election took place: it was written there before it was carried out. */
function movesPrimary(
  { step = '' }: NonNullable<MultiCloudMongoDBStatus['operation']>,
  primary: string,
): boolean {
  const kind = /^\w+/.exec(step)?.[0] ?? '';
  return ASKING.has(kind) || (TAKING.has(kind) && step.includes(primary));
}

export const secondsBetween = (from: string, to: string): number =>
  Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
