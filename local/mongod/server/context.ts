import type { Credential, Mechanism, ServerConversation } from '../auth/scram';
import type { CursorTable } from '../commands/cursor-table';
import type { Doc } from '../doc';
import type { Log } from '../log';
import type { Dialect } from '../options/dialect';
import type { ServerOptions } from '../options/options';
import type { SlowOperations } from '../options/parameters';
import type { Member } from '../repl/member';
import type { Puller } from '../repl/puller';
import type { Engine } from '../storage/engine';

/** Who a connection has proved to be. */
export interface Principal {
  readonly user: string;
  readonly database: string;
}

/** A SCRAM conversation under way; several servers' halves while the keyfile holds several keys. */
export interface Conversation {
  readonly id: number;
  readonly principal: Principal;
  readonly attempts: readonly ServerConversation[];
  readonly skipEmptyExchange: boolean;
  proved: boolean;
}

/** One client connection. */
export interface Connection {
  readonly id: number;
  /** address:port of the other end. */
  readonly remote: string;
  readonly isLocal: boolean;
  principals: Principal[];
  conversation: Conversation | undefined;
  helloSeen: boolean;
  helloOk: boolean;
  /** The other end is a member of the set: it has sent what only members send. */
  isMember: boolean;
  closed: boolean;
}

/** The parts of one server process that commands work on. */
export interface ServerCore {
  readonly options: ServerOptions;
  readonly dialect: Dialect;
  readonly log: Log;
  readonly engine: Engine;
  /** Undefined without --replSet. */
  readonly member: Member | undefined;
  readonly puller: Puller | undefined;
  readonly cursors: CursorTable;
  readonly connections: Set<Connection>;
  readonly counters: {
    connectionsCreated: number;
    commands: number;
    inserts: number;
    queries: number;
    updates: number;
    deletes: number;
  };
  readonly startedAt: Date;
  readonly authEnabled: boolean;
  readonly localhostBypass: boolean;
  /** Credentials of __system, one set for each key in the keyfile. */
  readonly systemCredentials: readonly Readonly<Record<Mechanism, Credential>>[];
  readonly parameters: Map<string, unknown>;
  slowOperations: SlowOperations;
  fsyncLocks: number;
  shutdown: (reason: string) => void;
}

/** One command being answered. */
export interface Context {
  readonly core: ServerCore;
  readonly connection: Connection;
  readonly name: string;
  readonly database: string;
  readonly command: Doc;
  /** ms since 1970 by which the command has to be done (maxTimeMS); Infinity: no limit. */
  readonly deadline: number;
}
