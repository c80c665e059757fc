import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Document } from 'bson';
import { type Engine, findEngine } from './engine';
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
  /** 27017 unless the configured address is to be another. */
  readonly port?: number;
}

/** One server process of a test. */
export class TestMember {
  private child: ChildProcess | undefined;
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
    const { key = KEY, replSet = 'rs0', flags = [] } = this.options;
    const keyFile = join(this.folder, 'key');
    rmSync(keyFile, { force: true });
    writeFileSync(keyFile, key);
    chmodSync(keyFile, 0o400);
    const set = replSet === '' ? [] : ['--replSet', replSet];
    const secured = key === '' ? [] : ['--keyFile', keyFile];
    const base = ['--bind_ip', this.ip, '--port', String(this.port), '--dbpath', this.dbPath];
    return [...base, ...set, ...secured, ...flags];
  }

  async start(): Promise<void> {
    const [program = '', ...before] = this.engine.command;
    const log = openSync(join(this.folder, 'log'), 'a');
    this.child = spawn(program, [...before, ...this.args()], {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...this.options.environment },
    });
    const { child } = this;
    await eventually(
      `${this.host} answers`,
      async () => {
        if (child.exitCode !== null) throw new Error('exited');
        const client = await this.connect();
        client.close();
        return true;
      },
      startLimitMs,
    );
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
  async ask(command: Document): Promise<Record<string, unknown>> {
    const client = (this.options.key ?? KEY) === '' ? await this.connect() : await this.asSystem();
    try {
      return await client.run({
        ...command,
        $db: typeof command['$db'] === 'string' ? command['$db'] : 'admin',
      });
    } finally {
      client.close();
    }
  }

  /** Ends the process with a signal and waits for its end; gives the exit code. */
  async stop(signal: NodeJS.Signals): Promise<number | null> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null)
      return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    child.kill(signal);
    return ended;
  }

  /** Freezes or continues the process. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.child?.kill(signal);
  }
}

/** The processes and folders of one test file; `site`: the third byte of their addresses starts at ten times this. */
export class TestSet {
  readonly members: TestMember[] = [];
  private readonly base = mkdtempSync(join(tmpdir(), 'mongod-contract-'));
  private readonly engine = findEngine();

  constructor(private readonly site: number) {}

  get engineName(): Engine['name'] {
    return this.engine.name;
  }

  /** The address the recorded 127.0.4N.1 has here. */
  address(number: number): string {
    return `127.0.${this.site * 10 + number}.1`;
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
    await eventually('the first member is primary', async () => {
      if (members.length > 1) await first.ask({ replSetStepUp: 1 });
      return (await first.ask({ isMaster: 1 }))['ismaster'] === true ? true : undefined;
    });
    await Promise.all(members.slice(1).map((member) => this.settled(member)));
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

  async end(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop('SIGKILL')));
    rmSync(this.base, { recursive: true, force: true });
  }
}
