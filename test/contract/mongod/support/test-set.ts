import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Document } from 'bson';
import { type Engine, findEngine } from './engine';
import { takeNetworks } from '../../../support/loopback';
import { WireClient } from './wire-client';

export const KEY = 'abcdefghijklmnop';
const startLimitMs = 60_000;

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks `check` every 20 ms until it gives a value. @throws Error naming `what` after `limitMs`. */
export const eventually = async <T>(
  what: string,
  check: () => Promise<T | undefined>,
  limitMs = 60_000,
): Promise<T> => {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const found = await check().catch(() => undefined);
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`not in ${limitMs} ms: ${what}`);
    await sleep(20);
  }
};

export interface MemberOptions {
  readonly key?: string | undefined;
  readonly replSet?: string | undefined;
  readonly flags?: readonly string[];
  readonly environment?: Record<string, string>;
  /** Another address it listens on. */
  readonly alsoAt?: string;
  /** 27017 unless the configured address is to be another. */
  readonly port?: number;
}

/** One server process of a test. */
export class TestMember {
  private child: ChildProcess | undefined;
  private system: WireClient | undefined;
  readonly folder: string;
  readonly dbPath: string;

  constructor(
    private readonly engine: Engine,
    base: string,
    readonly ip: string,
    readonly options: MemberOptions,
  ) {
    this.folder = join(base, ip);
    this.dbPath = join(this.folder, 'data');
    mkdirSync(this.dbPath, { recursive: true });
  }

  get host(): string {
    return `${this.ip}:${this.port}`;
  }

  get port(): number {
    return this.options.port ?? 27017;
  }

  get log(): string {
    return readFileSync(join(this.folder, 'log'), 'utf8');
  }

  private args(): string[] {
    const { key = KEY, replSet = 'rs0', flags = [], alsoAt } = this.options;
    const keyFile = join(this.folder, 'key');
    rmSync(keyFile, { force: true });
    writeFileSync(keyFile, key);
    chmodSync(keyFile, 0o400);
    const set = replSet === '' ? [] : ['--replSet', replSet];
    const secured = key === '' ? [] : ['--keyFile', keyFile];
    const bindIp = alsoAt === undefined ? this.ip : `${this.ip},${alsoAt}`;
    const base = ['--bind_ip', bindIp, '--port', String(this.port), '--dbpath', this.dbPath];
    return [...base, ...set, ...secured, ...flags];
  }

  private get isRunning(): boolean {
    const { child } = this;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** `environment`: for this life of the process, as another binary would be. */
  async start(environment = this.options.environment): Promise<void> {
    if (this.isRunning) throw new Error(`${this.host} runs already`);
    const stranger = await this.connect().catch(() => undefined);
    stranger?.close();
    if (stranger !== undefined) throw new Error(`something else listens on ${this.host}: end it first`);
    const [program = '', ...before] = this.engine.command;
    const log = openSync(join(this.folder, 'log'), 'a');
    this.child = spawn(program, [...before, ...this.args()], {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...environment },
    });
    const answers = eventually(
      `${this.host} answers`,
      async () => {
        const client = await this.connect();
        client.close();
        return true;
      },
      startLimitMs,
    );
    const { child } = this;
    const ended = new Promise<never>((_, reject) => {
      child.once('exit', (code) =>
        reject(new Error(`${this.host} ended with ${code ?? 'a signal'}: ${this.log.slice(-1000)}`)),
      );
    });
    await Promise.race([answers, ended]);
  }

  connect(): Promise<WireClient> {
    return WireClient.open(this.ip, this.port);
  }

  async as(user: string, password: string, database = 'admin'): Promise<WireClient> {
    const client = await this.connect();
    await client.login(user, password, database);
    return client;
  }

  asSystem(): Promise<WireClient> {
    return this.as('__system', this.options.key ?? KEY, 'local');
  }

  /** One command as __system. */
  async ask(command: Document, timeoutMs?: number): Promise<Record<string, unknown>> {
    const client = await this.systemClient();
    return client.run(
      { ...command, $db: typeof command['$db'] === 'string' ? command['$db'] : 'admin' },
      timeoutMs,
    );
  }

  /** One connection is kept: a login for each question would cost more than the question. */
  private async systemClient(): Promise<WireClient> {
    if (this.system?.isOpen === true) return this.system;
    const client = (this.options.key ?? KEY) === '' ? await this.connect() : await this.asSystem();
    this.system?.close();
    this.system = client;
    return client;
  }

  /** Empties the data folder. */
  wipe(): void {
    rmSync(this.dbPath, { recursive: true, force: true });
    mkdirSync(this.dbPath, { recursive: true });
  }

  /** Ends the process with a signal and waits for its end; gives the exit code. */
  async stop(signal: NodeJS.Signals): Promise<number | null> {
    const { child } = this;
    if (child === undefined || !this.isRunning) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    child.kill(signal);
    return ended;
  }

  /** Exit code of the process, once it has ended. */
  get exitCode(): number | null {
    return this.child?.exitCode ?? null;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Sends a signal and does not wait. */
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    this.child?.kill(signal);
  }
}

const made = new Set<TestSet>();

// Also what a test that ran out of time has not come to end.
afterAll(async () => {
  await Promise.all([...made].map((set) => set.end()));
});

/** The processes and folders of one test file; they have ten addresses of their own. */
export class TestSet {
  readonly members: TestMember[] = [];
  private readonly base = mkdtempSync(join(tmpdir(), 'mongod-contract-'));
  private readonly engine = findEngine();
  private readonly network = takeNetworks();

  constructor() {
    made.add(this);
    // A test that is broken off leaves no process behind.
    process.once('exit', () => this.members.forEach((member) => member.signal('SIGKILL')));
  }

  get engineName(): Engine['name'] {
    return this.engine.name;
  }

  /** The address the recorded 127.0.4N.1 has here. */
  address(number: number): string {
    return `${this.network(number)}.1`;
  }

  member(number: number, options: MemberOptions = {}): TestMember {
    const member = new TestMember(this.engine, this.base, this.address(number), options);
    this.members.push(member);
    return member;
  }

  async start(...members: TestMember[]): Promise<void> {
    await Promise.all(members.map((member) => member.start()));
  }

  /** Initiates and steps the first member up; resolves when it is writable and all others are SECONDARY or ARBITER. */
  async initiate(members: readonly TestMember[], config: Document[], settings: Document = {}): Promise<void> {
    const [first] = members;
    if (first === undefined) throw new Error('a set has at least one member');
    const reply = await first.ask({ replSetInitiate: { _id: 'rs0', members: config, settings } });
    if (reply['ok'] !== 1) throw new Error(`replSetInitiate: ${String(reply['errmsg'])}`);
    await this.stepUp(first);
    await Promise.all(members.slice(1).map((member) => this.settled(member)));
  }

  /** Makes a member primary; resolves when it is writable. */
  async stepUp(member: TestMember): Promise<void> {
    await eventually(`${member.host} wins an election`, async () =>
      (await member.ask({ replSetStepUp: 1 }))['ok'] === 1 ? true : undefined,
    );
    await this.initiated(member);
  }

  /** Waits until a member is a writable primary. */
  initiated(member: TestMember): Promise<boolean> {
    return eventually(`${member.host} is primary`, async () =>
      (await member.ask({ isMaster: 1 }))['ismaster'] === true ? true : undefined,
    );
  }

  settled(member: TestMember): Promise<boolean> {
    return eventually(`${member.host} is SECONDARY or ARBITER`, async () => {
      const hello = await member.ask({ isMaster: 1 });
      return hello['secondary'] === true || hello['arbiterOnly'] === true ? true : undefined;
    });
  }

  /** Waits until each member has seen all of them as PRIMARY, SECONDARY or ARBITER. */
  async seen(members: readonly TestMember[]): Promise<void> {
    const settled = [1, 2, 7];
    await eventually('all members see each other', async () => {
      const views = await Promise.all(members.map((member) => member.ask({ replSetGetStatus: 1 })));
      const states = views.flatMap(({ members: shown }) =>
        Array.isArray(shown) ? shown.map((one: Document) => Number(one['state'])) : [-1],
      );
      return states.every((state) => settled.includes(state)) ? true : undefined;
    });
  }

  async end(): Promise<void> {
    made.delete(this);
    await Promise.all(this.members.map((member) => member.stop('SIGKILL')));
    rmSync(this.base, { recursive: true, force: true });
  }
}
