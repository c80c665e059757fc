import type { Document } from 'bson';
import { type Comparison, type Exchange, type Timeline, readGolden, readTimelines, replay } from './golden';
import { type MemberOptions, type TestMember, TestSet } from './test-set';
import type { Canonical, WireClient } from './wire-client';

/** The recorder's names of members, in the order of their addresses. */
const letters = 'ABCDEFGH';

/** Times that make elections quick: what a record took 10 s for takes 2 s. */
export const quick = { electionTimeoutMillis: 2000, heartbeatIntervalMillis: 500, heartbeatTimeoutSecs: 2 };

const quickened = /heartbeatIntervalMillis|electionTimeoutMillis|heartbeatTimeoutSecs/;

export interface How extends Comparison {
  /** Lines that depend on chance or time; left out on both sides. */
  readonly loose?: readonly RegExp[];
  /** On a new connection. */
  readonly fresh?: boolean;
  /** On this connection. */
  readonly client?: WireClient;
  /** Changes the recorded command before it is sent: ids and versions of this run. */
  readonly mend?: (command: Document) => Document;
}

const passwords: Record<string, string> = {
  root: 'root-pw',
  clusterAdmin: 'admin-pw',
  clusterMonitor: 'monitor-pw',
  custom: 'x',
};

/** A recorded scenario on members of this run: plays its exchanges and knows which are left. */
export class Stage {
  readonly set: TestSet;
  private readonly exchanges: Exchange[];
  private readonly timelines: Timeline[];
  private readonly left: Set<string>;
  private readonly members = new Map<string, TestMember>();
  private readonly clients = new Map<string, WireClient>();

  constructor(
    golden: string,
    private readonly settings: Document = {},
    /** The steps of the record that are to be played here. */
    part = /^/,
  ) {
    this.set = new TestSet();
    const address = (number: number): string => this.set.address(number);
    this.exchanges = readGolden(golden, address).filter(({ step }) => part.test(step));
    this.timelines = readTimelines(golden, address);
    this.left = new Set(this.exchanges.map(({ step }) => step));
  }

  /** The member the record calls by this letter. */
  member(letter: string, options: MemberOptions = {}): TestMember {
    const known = this.members.get(letter);
    if (known !== undefined) return known;
    const made = this.set.member(letters.indexOf(letter) + 1, options);
    this.members.set(letter, made);
    return made;
  }

  /** Starts members and initiates them, the first as primary; creates root unless there is to be no user. */
  async open(wanted: string, options: MemberOptions = {}, priorities = [2], withRoot = true): Promise<void> {
    const members = Array.from(wanted, (letter) => this.member(letter, options));
    await this.set.start(...members);
    const config = members.map(({ host }, index) => ({ _id: index, host, priority: priorities[index] ?? 1 }));
    await this.set.initiate(members, config, this.settings);
    if (withRoot) await this.createRoot(members);
    else await this.set.seen(members);
  }

  /** Creates root, on all of the members; the first is primary. Resolves when each has seen all of them at work. */
  async createRoot(members: readonly TestMember[]): Promise<void> {
    const user = { createUser: 'root', pwd: 'root-pw', roles: ['root'] };
    const reply = await members[0]?.ask({ ...user, writeConcern: { w: members.length, wtimeout: 20_000 } });
    if (reply?.['writeConcernError'] !== undefined) throw new Error('the user did not reach all members');
    await this.set.seen(members);
  }

  /** Plays one exchange, named by the start of its step; gives the reply. */
  async play(step: string, how: How = {}): Promise<Canonical> {
    const exchange = this.find(step);
    const client =
      how.client ?? (how.fresh === true ? await this.connectFor(exchange) : await this.clientFor(exchange));
    const command = how.mend?.(exchange.command) ?? exchange.command;
    const { reply, actual, recorded } = await replay(client, { ...exchange, command }, how);
    const loose = [...(how.loose ?? []), ...(Object.keys(this.settings).length > 0 ? [quickened] : [])];
    const kept = (lines: string[]): string[] =>
      lines.filter((line) => !loose.some((part) => part.test(line)));
    expect({ step: exchange.step, lines: kept(actual) }).toEqual({
      step: exchange.step,
      lines: kept(recorded),
    });
    return reply;
  }

  /** Opens the connection that an exchange will be played on. */
  async prepare(step: string): Promise<void> {
    const exchange = this.exchanges.find((known) => known.step.startsWith(step));
    if (exchange !== undefined) await this.clientFor(exchange);
  }

  /** The command of an exchange that a test sends itself. */
  command(step: string): Document {
    return this.find(step).command;
  }

  /** What the record saw of the members at this step. */
  timeline(step: string): Timeline['views'] {
    const found = this.timelines.find((timeline) => timeline.step.startsWith(step));
    if (found === undefined) throw new Error(`no recorded timeline ${step}`);
    return found.views;
  }

  /** Recorded exchanges that nothing has played yet. */
  get unplayed(): string[] {
    return [...this.left];
  }

  private find(step: string): Exchange {
    const [exchange, second] = this.exchanges.filter((known) => known.step.startsWith(step));
    if (exchange === undefined || second !== undefined) throw new Error(`not one recorded step: ${step}`);
    this.left.delete(exchange.step);
    return exchange;
  }

  private async clientFor({ at, as }: Exchange): Promise<WireClient> {
    const key = `${as} ${at}`;
    const known = this.clients.get(key);
    if (known?.isOpen === true) return known;
    const client = await this.connectFor({ at, as });
    this.clients.set(key, client);
    return client;
  }

  private async connectFor({ at, as }: Pick<Exchange, 'at' | 'as'>): Promise<WireClient> {
    const member = [...this.members.values()].find(({ ip }) => at.startsWith(`${ip}:`));
    if (member === undefined) throw new Error(`no member at ${at}`);
    const password = passwords[as];
    if (as === 'nobody') return member.connect();
    return password === undefined ? member.asSystem() : member.as(as, password);
  }

  async end(): Promise<void> {
    for (const client of this.clients.values()) client.close();
    await this.set.end();
  }
}
