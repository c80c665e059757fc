import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { type Server, type Socket, connect, createServer } from 'node:net';
import type { TestMember } from './test-set';

interface Link {
  /** The member at the other end; undefined: a client. */
  readonly from: TestMember | undefined;
  readonly near: Socket;
  far: Socket | undefined;
}

/** The socket of a connection from a port of this machine, as the system numbers it (Linux). */
const socketNumber = (port: number, target: number): string | undefined => {
  const hex = (number: number): string => number.toString(16).toUpperCase().padStart(4, '0');
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find(
      (fields) => fields[1]?.endsWith(`:${hex(port)}`) === true && fields[2]?.endsWith(`:${hex(target)}`),
    )?.[9];
};

const holds = (member: TestMember, number: string): boolean => {
  const folder = `/proc/${member.pid ?? 0}/fd`;
  try {
    return readdirSync(folder).some((name) => {
      try {
        return readlinkSync(`${folder}/${name}`) === `socket:[${number}]`;
      } catch {
        return false;
      }
    });
  } catch {
    return false;
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
    const number = socketNumber(near.remotePort ?? 0, this.port);
    const from = number === undefined ? undefined : this.members.find((member) => holds(member, number));
    const link: Link = { from, near, far: undefined };
    this.links.add(link);
    near.on('error', () => near.destroy());
    near.on('close', () => {
      link.far?.destroy();
      this.links.delete(link);
    });
    if (from === undefined || !this.cut.has(from)) this.join(link);
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
