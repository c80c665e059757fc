import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { type Server, type Socket, connect, createServer } from 'node:net';
import type { TestMember } from './test-set';

interface Link {
  /** The member at the other end; undefined: a client. 'unknown': not looked for yet. */
  from: TestMember | undefined | 'unknown';
  readonly near: Socket;
  far: Socket | undefined;
}

/** An end of a connection as /proc/net/tcp writes it. */
const endpoint = (ip: string, port: number): string => {
  const address = Buffer.from(ip.split('.').map(Number)).reverse().toString('hex');
  return `${address}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
};

/** Numbers of the sockets of this machine, by both their ends: a port alone is used for several connections (Linux). */
const readSockets = (): ReadonlyMap<string, string> =>
  new Map(
    readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .map((fields) => [`${fields[1] ?? ''} ${fields[2] ?? ''}`, fields[9] ?? '']),
  );

/** Numbers of the sockets that a member has open. */
const socketsOf = (member: TestMember): ReadonlySet<string> => {
  const folder = `/proc/${member.pid ?? 0}/fd`;
  const read = (name: string): string[] => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${name}`))?.slice(1) ?? [];
    } catch {
      return [];
    }
  };
  try {
    return new Set(readdirSync(folder).flatMap(read));
  } catch {
    return new Set();
  }
};

/**
 * A forwarder from a configured address to a member. What a cut member sends is held back, as with lost packets:
 * connections stay open, nothing arrives; after the cut it flows on.
 */
export class Relay {
  private readonly server: Server;
  private readonly links = new Set<Link>();
  private readonly cut = new Set<TestMember>();

  constructor(
    readonly target: TestMember,
    private readonly members: readonly TestMember[],
    private readonly port: number,
  ) {
    this.server = createServer((near) => this.take(near));
  }

  /** The address others know the member by. */
  get host(): string {
    return `${this.target.ip}:${this.port}`;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.server.listen(this.port, this.target.ip, resolve));
  }

  /** Holds back what comes from a member. */
  hold(from: TestMember): void {
    this.cut.add(from);
    this.identify();
    for (const link of this.links) {
      if (link.from !== from || link.far === undefined) continue;
      for (const [one, other] of [
        [link.near, link.far],
        [link.far, link.near],
      ] as const) {
        one.unpipe(other);
        one.pause();
      }
    }
  }

  release(from: TestMember): void {
    this.cut.delete(from);
    for (const link of this.links) {
      if (link.from !== from) continue;
      if (link.far === undefined) this.join(link);
      else this.pipe(link.near, link.far);
    }
  }

  close(): void {
    this.server.close();
    for (const { near, far } of this.links) {
      near.destroy();
      far?.destroy();
    }
  }

  private take(near: Socket): void {
    const link: Link = { from: 'unknown', near, far: undefined };
    this.links.add(link);
    near.on('error', () => near.destroy());
    near.on('close', () => {
      link.far?.destroy();
      this.links.delete(link);
    });
    // While nothing is cut nobody's connection needs to be told from another's: looking costs more than forwarding.
    if (this.cut.size > 0) this.identify();
    if (link.from === 'unknown' || link.from === undefined || !this.cut.has(link.from)) this.join(link);
  }

  /** Finds out which member each new connection is from. */
  private identify(): void {
    const unknown = [...this.links].filter(({ from }) => from === 'unknown');
    if (unknown.length === 0) return;
    const numbers = readSockets();
    const owned = this.members.map((member) => ({ member, sockets: socketsOf(member) }));
    for (const link of unknown) {
      const own = endpoint(link.near.remoteAddress ?? '', link.near.remotePort ?? 0);
      const number = numbers.get(`${own} ${endpoint(this.target.ip, this.port)}`) ?? '';
      link.from = owned.find(({ sockets }) => sockets.has(number))?.member;
    }
  }

  private join(link: Link): void {
    const far = connect(this.target.port, this.target.ip);
    link.far = far;
    far.setNoDelay(true);
    link.near.setNoDelay(true);
    far.on('error', () => far.destroy());
    far.on('close', () => link.near.destroy());
    this.pipe(link.near, far);
  }

  private pipe(near: Socket, far: Socket): void {
    near.pipe(far);
    far.pipe(near);
  }
}

/** Relays before all members of a set, and the cuts between them. */
export class Network {
  readonly relays: readonly Relay[];

  constructor(members: readonly TestMember[], port: number) {
    this.relays = members.map((member) => new Relay(member, members, port));
  }

  async listen(): Promise<void> {
    await Promise.all(this.relays.map((relay) => relay.listen()));
  }

  hostOf(member: TestMember): string {
    return this.relayOf(member).host;
  }

  cut(one: TestMember, other: TestMember): void {
    this.relayOf(one).hold(other);
    this.relayOf(other).hold(one);
  }

  heal(one: TestMember, other: TestMember): void {
    this.relayOf(one).release(other);
    this.relayOf(other).release(one);
  }

  close(): void {
    for (const relay of this.relays) relay.close();
  }

  /** Nobody reaches this member; what it sends itself arrives. */
  deafen(member: TestMember): void {
    for (const { target } of this.relays) if (target !== member) this.relayOf(member).hold(target);
  }

  undeafen(member: TestMember): void {
    for (const { target } of this.relays) if (target !== member) this.relayOf(member).release(target);
  }

  private relayOf(member: TestMember): Relay {
    const found = this.relays.find(({ target }) => target === member);
    if (found === undefined) throw new Error(`no relay before ${member.host}`);
    return found;
  }
}
