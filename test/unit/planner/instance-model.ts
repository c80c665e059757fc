import { nextRelease } from '../../../src/domain/release';
import { placeholderOf, type InstancePlanInput } from '../../../src/planner/plan-instance';
import type { RebuildFacts } from '../../../src/planner/plan-rebuild';
import { isRecovery, isSurrounding, type Step, type SwitchTarget } from '../../../src/domain/plan';
import type { MemberPlace } from '../../../src/domain/placement';
import type { DesiredMember } from '../../../src/domain/replica-set';
import {
  createKeyModel,
  isBehind,
  rotationOf,
  sharesKeys,
  startMember,
  turnKeys,
  type KeyModel,
} from './keyfile-model';
import { createModel, desired, execute, member, observe, type ServerModel } from './server-model';

export interface Share {
  readonly cluster: string;
  readonly members: number;
}

export interface InstanceModelFacts {
  readonly present: readonly Share[];
  readonly wanted: readonly Share[];
  /** Members that run when it begins, by `cluster/ordinal`, with an older template. */
  readonly outdated: ReadonlySet<string>;
  readonly templateChanges: boolean;
  readonly down: ReadonlySet<string>;
  readonly switchTo?: SwitchTarget | undefined;
  /** Absent: servers of one release, which is not looked at. */
  readonly releases?: ReleaseFacts | undefined;
  /** `cluster/ordinal` of the member that is to be rebuilt. */
  readonly rebuild?: string | undefined;
  /** Whether a setting that mongod takes while it runs is to be another one. */
  readonly settingChanges?: boolean | undefined;
  readonly choose: (n: number) => number;
}

export interface ReleaseFacts {
  /** What members of the older template run, and what those of the present one do. */
  readonly from: string;
  readonly to: string;
  readonly featureVersion: string;
  /** False: the image's tag does not tell. */
  readonly tagged: boolean;
  /** Whether soak and feature version belong to the plan. */
  readonly whole: boolean;
}

/** An instance with what Karmada, the member managers and the servers would refuse, and nothing else. */
export interface InstanceModel {
  readonly set: ServerModel;
  /** Places that clusters were told to run. */
  readonly dispatched: Set<string>;
  /** Template that each pod runs. */
  readonly pods: Map<string, number>;
  readonly keys: KeyModel;
  placed: boolean;
  sent: number;
  featureVersion: string | undefined;
  /** Release whose soak has begun. */
  soaking: string | undefined;
  rebuilt: boolean;
  /** Its value in the file by which members start. */
  file: number;
  /** Its value in each running mongod, by host. */
  readonly settings: Map<string, number>;
  /** Hosts in the order in which they were restarted. */
  readonly restarted: string[];
  /** Voters that were restarted while another voter was away. */
  readonly offences: string[];
}

const TEMPLATE = 2;
const OPTION = 'systemLog.verbosity';
/** The value that is asked for. */
export const WANTED_SETTING = 1;
const placesOf = (shares: readonly Share[]): MemberPlace[] =>
  shares.flatMap(({ cluster, members }) =>
    Array.from({ length: members }, (_, ordinal) => ({ cluster, ordinal })),
  );
const hostOf = ({ cluster, ordinal }: MemberPlace): string => `${cluster}${ordinal}:27017`;

export class ModelRefusal extends Error {}
const refuse = (message: string): never => {
  throw new ModelRefusal(message);
};

export function createInstanceModel(facts: InstanceModelFacts): InstanceModel {
  const present = placesOf(facts.present);
  const votes = oddVotes(present.length);
  const members = present.map((place, id) =>
    member(id, hostOf(place), id < votes ? {} : { votes: 0, priority: 0 }),
  );
  return {
    set: createModel(members, facts.down, facts.choose),
    dispatched: new Set(present.map(placeholderOf)),
    pods: new Map(
      present.map((place) => [
        placeholderOf(place),
        facts.templateChanges || facts.outdated.has(placeholderOf(place)) ? TEMPLATE - 1 : TEMPLATE,
      ]),
    ),
    keys: createKeyModel(present.map(hostOf)),
    rebuilt: facts.rebuild === undefined,
    file: facts.settingChanges === true ? 0 : WANTED_SETTING,
    settings: new Map(
      present.map((place) => [hostOf(place), facts.settingChanges === true ? 0 : WANTED_SETTING]),
    ),
    restarted: [],
    placed: JSON.stringify(facts.present) === JSON.stringify(facts.wanted),
    sent: facts.templateChanges ? TEMPLATE - 1 : TEMPLATE,
    featureVersion: facts.releases?.featureVersion,
    soaking: undefined,
    offences: [],
  };
}

const oddVotes = (members: number): number => Math.min(7, members % 2 === 0 ? members - 1 : members);

/** Addresses are known once a place was dispatched. */
export function wishOf(model: InstanceModel, facts: InstanceModelFacts): DesiredMember[] {
  const wanted = placesOf(facts.wanted);
  const votes = oddVotes(wanted.length);
  return wanted.map((place, index) => {
    const name = placeholderOf(place);
    const host = model.dispatched.has(name) ? hostOf(place) : name;
    const fields = { cluster: place.cluster, ordinal: place.ordinal, tags: { cluster: place.cluster } };
    return desired(host, index < votes ? fields : { ...fields, votes: 0, priority: 0 });
  });
}

export function inputOf(model: InstanceModel, facts: InstanceModelFacts): InstancePlanInput {
  const wish = wishOf(model, facts);
  const wanted = new Set(wish.map(placeholderOf));
  const leaving = [...model.dispatched].filter((name) => !wanted.has(name)).map(readPlace);
  const known = [
    ...wish.map(({ host }) => host).filter((host) => !host.includes('/')),
    ...leaving.map(hostOf),
  ];
  const observed = observe(model.set, known);
  const running = new Set([...model.pods.keys()].map((name) => hostOf(readPlace(name))));
  const isOutdated = (place: MemberPlace): boolean => {
    const template = model.pods.get(placeholderOf(place));
    const behind = isBehind(model.keys, hostOf(place)) !== undefined;
    return template !== undefined && (model.sent < TEMPLATE || template < model.sent || behind);
  };
  return {
    membership: {
      setName: 'rs0',
      generation: 1,
      desired: wish,
      observation: {
        ...observed,
        reports: observed.reports
          .filter((report) => running.has(report.host))
          .map((report) => ({ ...report, ...serverOf(model, facts, report.host) })),
      },
      seedHost: wish[0]?.host ?? '',
      existed: true,
      usersReady: true,
      highestMemberId: Math.max(...model.set.usedIds),
    },
    members: [
      ...wish.map((one) => ({
        cluster: one.cluster,
        ordinal: one.ordinal,
        host: one.host,
        wanted: true,
        dispatched: model.dispatched.has(placeholderOf(one)),
        restart: isOutdated(one),
        replaces: isBehind(model.keys, one.host) === 'stale' ? `pod of ${one.host}` : undefined,
      })),
      ...leaving.map((place) => ({
        ...place,
        host: hostOf(place),
        wanted: false,
        dispatched: true,
        restart: false,
      })),
    ],
    shares: model.placed
      ? undefined
      : facts.wanted.map(({ cluster, members }) => ({ cluster, replicaset: members })),
    mustDispatch:
      model.sent < TEMPLATE ||
      model.file !== WANTED_SETTING ||
      wish.some((one) => !model.dispatched.has(placeholderOf(one))),
    switchTo: facts.switchTo,
    ...(facts.releases === undefined
      ? {}
      : {
          upgrade: {
            wanted: facts.releases.tagged ? facts.releases.to : undefined,
            soaking: model.soaking,
            soakSeconds: 3600,
            whole: facts.releases.whole,
          },
        }),
    settings: new Map(
      observed.reports
        .filter(({ host }) => running.has(host) && model.settings.get(host) !== WANTED_SETTING)
        .map(({ host }) => [
          host,
          [{ option: OPTION, value: WANTED_SETTING, was: model.settings.get(host) }],
        ]),
    ),
    rotation: rotationOf(model.keys),
    rebuild: model.rebuilt ? undefined : rebuildOf(facts.rebuild ?? '', wish),
  };
}

/** Release of each pod by its template. */
export function releasesOf(model: InstanceModel, facts: InstanceModelFacts): string[] {
  const { releases } = facts;
  if (releases === undefined) return [];
  const configured = new Set((model.set.config?.members ?? []).map(({ host }) => host));
  return [...model.pods]
    .filter(([name]) => configured.has(hostOf(readPlace(name))))
    .map(([, template]) => (template < TEMPLATE ? releases.from : releases.to));
}

function serverOf(
  model: InstanceModel,
  { releases }: InstanceModelFacts,
  host: string,
): { version?: string; featureCompatibilityVersion?: string | undefined } {
  if (releases === undefined) return {};
  const pod = [...model.pods].find(([name]) => hostOf(readPlace(name)) === host);
  const release = (pod?.[1] ?? TEMPLATE) < TEMPLATE ? releases.from : releases.to;
  return { version: `${release}.1`, featureCompatibilityVersion: model.featureVersion };
}

/** A binary takes data of its own feature compatibility version and of the one before. */
function startBinary({ featureVersion }: InstanceModel, { releases }: InstanceModelFacts): void {
  if (releases === undefined || featureVersion === undefined) return;
  if (releases.to !== featureVersion && releases.to !== nextRelease(featureVersion))
    refuse(`UPGRADE PROBLEM: ${releases.to} on data of ${featureVersion}`);
}

function rebuildOf(name: string, wish: readonly DesiredMember[]): RebuildFacts {
  const place = readPlace(name);
  const host = wish.find((one) => placeholderOf(one) === name)?.host;
  return { ...place, host, claim: `claim of ${name}` };
}

function readPlace(name: string): MemberPlace {
  const [cluster = '', ordinal = '0'] = name.split('/');
  return { cluster, ordinal: Number(ordinal) };
}

/** Carries out one step. @returns whether the plan must be made again, as the workflow would */
export function carryOut(model: InstanceModel, facts: InstanceModelFacts, step: Step): boolean {
  if (isRecovery(step)) throw new Error('a change never forces (S4)');
  if (!isSurrounding(step)) {
    execute(model.set, step);
    return false;
  }
  const inConfig = new Set((model.set.config?.members ?? []).map(({ host }) => host));
  switch (step.kind) {
    case 'place':
      model.placed = true;
      return false;
    case 'dispatch': {
      const lost = [...inConfig].find((host) => !step.clusters.includes(host.slice(0, 1)));
      if (lost !== undefined) refuse(`S13: ${lost} is still in the configuration`);
      if (!model.placed) refuse('dispatched before it was placed');
      for (const place of placesOf(facts.wanted)) model.dispatched.add(placeholderOf(place));
      model.sent = TEMPLATE;
      model.file = WANTED_SETTING;
      return true;
    }
    case 'waitPods':
      for (const name of model.dispatched)
        if (!model.pods.has(name)) {
          model.pods.set(name, model.sent);
          model.settings.set(hostOf(readPlace(name)), model.file);
          startMember(model.keys, hostOf(readPlace(name)), facts.choose);
        }
      return true;
    case 'restartMember': {
      const voters = (model.set.config?.members ?? []).filter(({ votes }) => votes > 0);
      const own = voters.some(({ host }) => host === step.host);
      const away = voters.filter(({ host }) => host !== step.host && model.set.down.has(host));
      if (own && away.length > 0)
        model.offences.push(`${step.host} while ${away.length} voters are down (S2)`);
      // Another than the planned heir was elected: the executor finds its plan superseded.
      if (step.host === model.set.primary && voters.length > 1) return true;
      startBinary(model, facts);
      model.pods.set(placeholderOf(step), model.sent);
      model.settings.set(step.host, model.file);
      model.restarted.push(step.host);
      startMember(model.keys, step.host, facts.choose);
      model.set.down.delete(step.host);
      model.set.synced.add(step.host);
      return false;
    }
    case 'retireMember':
      if (inConfig.has(step.host)) refuse(`${step.host} is still in the configuration (S11)`);
      model.pods.delete(placeholderOf(step));
      model.dispatched.delete(placeholderOf(step));
      return false;
    case 'soak':
      model.soaking = step.version;
      return false;
    case 'wipeMember': {
      const own = model.set.config?.members.find(({ host }) => host === step.host);
      const others = (model.set.config?.members ?? []).filter(({ host }) => host !== step.host);
      if (step.host === model.set.primary) return true;
      if ((own?.votes ?? 0) > 0) model.offences.push(`${step.host} was wiped while it voted`);
      if (others.some(({ host, votes }) => votes > 0 && model.set.down.has(host)))
        model.offences.push(`${step.host} was wiped while another voter was down (S2)`);
      if (!others.some(({ host }) => !model.set.down.has(host) && model.set.synced.has(host)))
        model.offences.push(`${step.host} was wiped and nobody else has the data (S19)`);
      model.set.synced.delete(step.host);
      model.set.down.delete(step.host);
      model.settings.set(step.host, model.file);
      startMember(model.keys, step.host, facts.choose);
      model.rebuilt = true;
      return false;
    }
    case 'setParameter': {
      if (model.set.down.has(step.host)) refuse(`${step.host} is down and cannot be told`);
      const [setting] = step.settings;
      if (setting?.was !== model.settings.get(step.host)) refuse(`${step.host} ran with another value`);
      model.settings.set(step.host, Number(setting?.value));
      return false;
    }
    case 'rotatePasswords':
    case 'writeKeyfile':
    case 'retireKey':
    case 'shareCredentials': {
      const again = turnKeys(model.keys, step, inConfig);
      if (!sharesKeys(model.keys, inConfig)) model.offences.push(`${step.kind} parts members (S23)`);
      return again;
    }
    case 'setFCV':
      if (model.soaking !== step.version) refuse('no soak before');
      if (releasesOf(model, facts).some((release) => release !== step.version))
        refuse(`not every member runs ${step.version}`);
      if (model.featureVersion === undefined || nextRelease(model.featureVersion) !== step.version)
        refuse(`${step.version} after ${model.featureVersion ?? ''}`);
      model.featureVersion = step.version;
      return false;
  }
}
