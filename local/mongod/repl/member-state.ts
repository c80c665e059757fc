import { type OpTime, nullOpTime } from '../optime';

/** Member states by number, as heartbeats and status carry them. */
export const memberState = {
  startup: 0,
  primary: 1,
  secondary: 2,
  recovering: 3,
  startup2: 5,
  unknown: 6,
  arbiter: 7,
  down: 8,
  rollback: 9,
  removed: 10,
} as const;

export type MemberState = (typeof memberState)[keyof typeof memberState];

const names: Record<MemberState, string> = {
  0: 'STARTUP',
  1: 'PRIMARY',
  2: 'SECONDARY',
  3: 'RECOVERING',
  5: 'STARTUP2',
  6: 'UNKNOWN',
  7: 'ARBITER',
  8: 'DOWN',
  9: 'ROLLBACK',
  10: 'REMOVED',
};

export const stateName = (state: MemberState): string => names[state];

const isState = (number: number): number is MemberState => number in names;

export const readState = (number: number | undefined): MemberState =>
  number !== undefined && isState(number) ? number : memberState.unknown;

/** What this member knows of another. Times in ms since 1970; 0: never. `health` -1: not heard of yet, 0 down, 1 up. */
export interface MemberData {
  readonly id: number;
  readonly host: string;
  health: -1 | 0 | 1;
  state: MemberState;
  upSince: number;
  lastHeartbeat: number;
  lastHeartbeatReceived: number;
  pingMs: number;
  message: string;
  authenticated: boolean;
  applied: OpTime;
  durable: OpTime;
  appliedWall: number;
  durableWall: number;
  syncSource: string;
  configVersion: number;
  configTerm: number;
  electionTime: { secs: number; inc: number } | undefined;
  /** Last sign of life of any kind: heartbeat answer, heartbeat or position received. */
  lastSign: number;
  /** A primary has noted that no sign came for the election timeout. */
  silent: boolean;
  /** When the heartbeat now under way was first tried; 0: none is, or it has ended. */
  triedSince: number;
  /** Failed attempts of the heartbeat now under way. */
  failures: number;
}

/** Notes a sign of life. */
export const noteSign = (data: MemberData, now: number): void => {
  data.lastSign = now;
  data.silent = false;
};

/** A member nothing is known of yet. */
export const freshMember = (id: number, host: string, now: number): MemberData => ({
  id,
  host,
  health: -1,
  state: memberState.unknown,
  upSince: 0,
  lastHeartbeat: 0,
  lastHeartbeatReceived: 0,
  pingMs: 0,
  message: '',
  authenticated: true,
  applied: nullOpTime,
  durable: nullOpTime,
  appliedWall: 0,
  durableWall: 0,
  syncSource: '',
  configVersion: -1,
  configTerm: -1,
  electionTime: undefined,
  lastSign: now,
  silent: false,
  triedSince: 0,
  failures: 0,
});

/** A member that cannot be reached, with the reason as the server words it. What is known of its data is forgotten. */
export const markDown = (data: MemberData, message: string): void => {
  const { lastHeartbeat, lastHeartbeatReceived, pingMs, lastSign, silent, triedSince, failures } = data;
  const kept = { lastHeartbeat, lastHeartbeatReceived, pingMs, lastSign, silent, triedSince, failures };
  Object.assign(data, freshMember(data.id, data.host, lastSign), kept);
  data.health = 0;
  data.state = memberState.down;
  data.message = message;
};
