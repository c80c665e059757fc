import { type TestMember, sleep } from './test-set';

const questionMs = 1000;

const names: Record<number, string> = {
  0: 'STARTUP',
  1: 'PRIMARY, not yet writable',
  2: 'SECONDARY',
  3: 'RECOVERING',
  5: 'STARTUP2',
  7: 'ARBITER',
  9: 'ROLLBACK',
};

/** What a member says it is, in the words of the records; PRIMARY: it takes writes. */
export const stateOf = async (member: TestMember): Promise<string> => {
  try {
    if ((await member.ask({ isMaster: 1 }, questionMs))['ismaster'] === true) return 'PRIMARY';
    const status = await member.ask({ replSetGetStatus: 1 }, questionMs);
    if (status['ok'] === 1) return names[Number(status['myState'])] ?? String(status['myState']);
    return status['code'] === 93 ? 'REMOVED' : 'NotYetInitialized';
  } catch {
    return 'down';
  }
};

export type View = Readonly<Record<string, string>>;

/** Looks at members again and again until `isOver`; gives what was seen, one view after another, without repetitions. */
export const watchStates = async (
  members: readonly TestMember[],
  isOver: (view: View) => boolean,
  limitMs = 60_000,
): Promise<View[]> => {
  const deadline = Date.now() + limitMs;
  const views: View[] = [];
  for (;;) {
    const states = await Promise.all(members.map(stateOf));
    const view = Object.fromEntries(members.map(({ host }, index) => [host, states[index] ?? '']));
    if (JSON.stringify(view) !== JSON.stringify(views.at(-1))) views.push(view);
    if (isOver(view)) return views;
    if (Date.now() > deadline) throw new Error(`not in ${limitMs} ms; seen: ${JSON.stringify(views)}`);
    await sleep(5);
  }
};

/** Seen or not by chance: a process that starts or ends, or drops its connections. */
const fleeting = ['NotYetInitialized', 'refuses', 'down', 'no answer', 'InterruptedAtShutdown', 'STARTUP'];

/** The states one member went through, without what is seen by chance. `also`: further states to pass over. */
export const courseOf = (
  views: readonly View[],
  { ip }: { readonly ip: string },
  also: readonly string[] = [],
): string[] => {
  const passed = [...fleeting, ...also];
  const states = views
    .map((view) => Object.entries(view).find(([host]) => host.startsWith(`${ip}:`))?.[1] ?? '')
    .filter((state) => !passed.includes(state));
  return states.filter((state, index) => state !== states[index - 1]);
};

/** The courses of several members, in no order: who of them is elected is chance. */
export const coursesOf = (
  views: readonly View[],
  members: readonly { readonly ip: string }[],
  also: readonly string[] = [],
): string[] => members.map((member) => courseOf(views, member, also).join(' → ')).sort();
