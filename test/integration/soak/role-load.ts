import { setTimeout as sleep } from 'node:timers/promises';
import { watchMember, type MemberSight } from '../../../src/mongodb/watch';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy';
import { TestSet, eventually, type TestMember } from '../../contract/mongod/support/test-set';

/** One mongod that is elected again and again, watched over a wire. */
interface Elected {
  readonly member: TestMember;
  readonly wire: TcpProxy;
  readonly sights: MemberSight[];
}

const timing = { electionTimeoutMillis: 1000, heartbeatIntervalMillis: 500 };
/** A sight of a dead connection is given up after both of these (driver). */
const BOUNDS = { connectTimeoutMs: 1_500, answerTimeoutMs: 1_500 } as const;
const SEEN_WITHIN_MS = 30_000;

/** Two sets of one member, of a release that is polled and of one that streams. */
export class RoleLoad {
  readonly latencies: number[] = [];
  private readonly set = new TestSet();
  private readonly abort = new AbortController();
  private readonly elected: Elected[] = [];
  private readonly watching: Promise<void>[] = [];

  async start(): Promise<void> {
    const members = ['4.2', '7.0'].map((release, index) =>
      this.set.member(index + 1, { environment: { MONGOD_DIALECT: release } }),
    );
    await this.set.start(...members);
    await Promise.all(
      members.map(async (member) => {
        await this.set.initiate([member], [{ _id: 0, host: member.host }], timing);
        const wire = await startTcpProxy(member.port, member.ip);
        const sights: MemberSight[] = [];
        this.elected.push({ member, wire, sights });
        this.watching.push(
          watchMember(`127.0.0.1:${wire.port}`, BOUNDS, this.abort.signal, (sight) => sights.push(sight)),
        );
      }),
    );
  }

  get wires(): TcpProxy[] {
    return this.elected.map(({ wire }) => wire);
  }

  get sights(): number {
    return this.elected.reduce((sum, { sights }) => sum + sights.length, 0);
  }

  /** Elections one after another, each seen before the next. @throws Error when one is not seen in time */
  async run(forMs: number): Promise<void> {
    const until = performance.now() + forMs;
    await Promise.all(
      this.elected.map(async (one) => {
        do {
          await this.elect(one);
          await sleep(300);
        } while (performance.now() < until);
      }),
    );
  }

  private async elect({ member, sights }: Elected): Promise<void> {
    await member.ask({ replSetStepDown: 1, force: true, secondaryCatchUpPeriodSecs: 0 });
    await this.set.initiated(member);
    const electedAt = performance.now();
    const hello = await member.ask({ isMaster: 1 });
    const wanted = String(hello['electionId']);
    await eventually(
      `the watch sees the election ${wanted}`,
      () => Promise.resolve(sights.at(-1)?.electionId === wanted ? true : undefined),
      SEEN_WITHIN_MS,
    );
    this.latencies.push(performance.now() - electedAt);
  }

  /** Sights that are the same as the one before: nothing had changed. */
  repeated(): number {
    return this.elected.reduce(
      (sum, { sights }) =>
        sum +
        sights.filter((sight, index) => JSON.stringify(sight) === JSON.stringify(sights[index - 1])).length,
      0,
    );
  }

  async stop(): Promise<void> {
    this.abort.abort();
    await Promise.all(this.watching);
    await Promise.all(this.wires.map((wire) => wire.stop()));
    await this.set.end();
  }
}
