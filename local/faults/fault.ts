import type { Ordinal } from '../../src/domain/names';

/** The end of a link that is this machine itself: Karmada, Temporal, controller, worker, and whoever calls from here. */
export const HUB = 'hub';

/** A mongod by its place. */
export interface MemberPlace {
  readonly namespace: string;
  readonly instance: string;
  readonly cluster: string;
  readonly ordinal: Ordinal;
}

/** A site without its cable: nothing gets in or out, everything inside goes on. */
export interface CutFault {
  readonly verb: 'cut';
  readonly site: string;
}

/** Packets that are lost on one link; its ends are sites, one may be the hub. */
export type SilenceFault =
  | { readonly verb: 'part'; readonly one: string; readonly other: string }
  /** `to` does not hear `from`. */
  | { readonly verb: 'mute'; readonly from: string; readonly to: string };

/** What goes over a link between two ends comes later. */
export interface SlowFault {
  readonly verb: 'slow';
  readonly one: string;
  readonly other: string;
  /** Added in each direction. */
  readonly ms: number;
}

/** `stop` keeps it down, `freeze` is SIGSTOP, `kill` is kill -9: its supervisor starts it again. */
export interface ProcessFault {
  readonly verb: 'stop' | 'freeze' | 'kill';
  readonly process: string;
}

/** The same of a mongod, whose kubelet starts it again; `empty` kills it and takes its data away. */
export interface MemberFault {
  readonly verb: 'freeze' | 'kill' | 'empty';
  readonly member: MemberPlace;
}

export type Fault = CutFault | SilenceFault | SlowFault | ProcessFault | MemberFault;

/** As it is written on the command line. */
export function wordsOf(fault: Fault): readonly string[] {
  switch (fault.verb) {
    case 'cut':
      return [fault.verb, fault.site];
    case 'part':
      return [fault.verb, fault.one, fault.other];
    case 'mute':
      return [fault.verb, fault.from, fault.to];
    case 'slow':
      return [fault.verb, fault.one, fault.other, String(fault.ms)];
    case 'stop':
    case 'freeze':
    case 'kill':
    case 'empty':
      return [fault.verb, 'member' in fault ? nameMember(fault.member) : fault.process];
  }
}

export const nameFault = (fault: Fault): string => wordsOf(fault).join(' ');

const nameMember = ({ namespace, instance, cluster, ordinal }: MemberPlace): string =>
  `${namespace}/${instance}/${cluster}/${ordinal}`;

/** Whether it stays until it is healed; the others are over at once, and what was hit comes back by itself. */
export const isLasting = ({ verb }: Fault): boolean => verb !== 'kill' && verb !== 'empty';
