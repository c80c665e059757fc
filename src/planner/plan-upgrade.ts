import { compareReleases, mayGoBack, nextRelease, releaseOf } from '../domain/release';
import type { StepFacts, UpgradeCourse } from '../domain/plan';
import { selfHost, type Situation, type Verdict } from './assess';
import type { ServerReleases } from './set-state';

/** What is known of a change of releases beyond what the servers tell. */
export interface UpgradeFacts {
  /** Release that the image's tag names; undefined: only its servers will tell. */
  readonly wanted: string | undefined;
  /** Release whose soak has begun. */
  readonly soaking: string | undefined;
  readonly soakSeconds: number;
  /** False: soak and feature compatibility version are left to an operation of their own. */
  readonly whole: boolean;
}

/** What else the plan does. */
interface Extent {
  readonly restarts: ReadonlySet<string>;
  /** Members come, go or change places, votes or fields. */
  readonly reshapes: boolean;
}

export interface Releases {
  readonly kind: 'releases';
  /** After everything else. */
  readonly steps: readonly StepFacts[];
  readonly course: UpgradeCourse | undefined;
  readonly servers: ServerReleases | undefined;
  readonly warnings: readonly string[];
}

interface Server {
  readonly host: string;
  readonly release: string;
}

const refuse = (rule: 'S12' | 'S21' | 'S22', message: string): Verdict => ({
  kind: 'refusal',
  rule,
  message,
});

/**
 * Whether the servers may go where the image leads, judged by what they report, and what follows once all run it: a
 * soak, then the feature compatibility version (S22).
 */
export function planUpgrade(facts: UpgradeFacts, situation: Situation, extent: Extent): Releases | Verdict {
  const servers = listServers(situation);
  const releases = [...new Set(servers.map(({ release }) => release))].sort(compareReleases);
  const lowest = releases[0] ?? '';
  const highest = releases.at(-1) ?? '';
  const version = featureVersionOf(situation);
  const restarts = extent.restarts.size > 0;
  const mixed = lowest !== highest;
  const changing = restarts && facts.wanted !== undefined && releases.some((one) => one !== facts.wanted);
  const fault =
    changing || mixed
      ? (judgeServers(servers, version, situation) ??
        (changing ? judgeTarget(facts.wanted, highest, version) : undefined) ??
        (extent.reshapes ? refuseBoth(version) : undefined) ??
        (changing && !mixed ? judgeStart(situation, servers) : undefined))
      : undefined;
  if (fault !== undefined) return fault;
  // With a tag that tells nothing, what has begun goes on to where it began to go.
  const becomes = changing ? facts.wanted : mixed && !restarts ? undefined : highest;
  const due = version !== undefined && becomes !== undefined && nextRelease(version) === becomes;
  const open = due && facts.whole ? judgeEnd(situation, servers, extent) : undefined;
  if (open !== undefined) return open;
  const soaked = facts.soaking === becomes && !changing && !mixed;
  return {
    kind: 'releases',
    steps: due && facts.whole ? listEnd(becomes, soaked ? undefined : facts.soakSeconds) : [],
    course:
      restarts && (changing || facts.wanted === undefined)
        ? {
            from: lowest,
            to: facts.wanted,
            proven: facts.wanted === undefined ? mixed : releases.includes(facts.wanted),
          }
        : undefined,
    servers: {
      version,
      becomes,
      releases: new Map(servers.map(({ host, release }) => [host, release])),
    },
    warnings: [
      ...(mixed && !restarts
        ? [
            `Members run ${releases.join(' and ')}, and none is to be restarted: the image's tag has moved. Annotate middleware.fedstate.io/restart.`,
          ]
        : []),
      ...(due && becomes === '5.0'
        ? [
            'From 5.0 on writes that name no write concern are acknowledged by a majority, unless an arbiter prevents it (S17).',
          ]
        : []),
    ],
  };
}

const listEnd = (version: string, seconds: number | undefined): StepFacts[] => [
  ...(seconds === undefined ? [] : [{ kind: 'soak' as const, version, seconds }]),
  { kind: 'setFCV', version },
];

const wait = (reason: string, waitingFor: readonly string[]): Verdict => ({
  kind: 'wait',
  reason,
  waitingFor,
});

/** Members that answer, also those that are only to join, at the address by which the set knows them. */
const listServers = ({ reports }: Situation): Server[] =>
  [...reports.values()]
    .filter(({ membership }) => membership !== 'removed')
    .map((report) => ({ host: selfHost(report), release: releaseOf(report.version) }));

const featureVersionOf = ({ primaryHost, reports }: Situation): string | undefined =>
  [...reports.values()].find((report) => selfHost(report) === primaryHost)?.featureCompatibilityVersion;

/** The data of a feature compatibility version is for that release and the next one. */
function judgeServers(
  servers: readonly Server[],
  version: string | undefined,
  { primaryHost }: Situation,
): Verdict | undefined {
  if (version === undefined)
    return wait(`${primaryHost} does not tell its feature compatibility version.`, [primaryHost]);
  const next = nextRelease(version);
  const stranger = servers.find(({ release }) => release !== version && release !== next);
  if (stranger === undefined) return undefined;
  const fitting = next === undefined ? version : `${version} or ${next}`;
  return refuse(
    'S22',
    `${stranger.host} runs ${stranger.release}, and with feature compatibility version ${version} members may run ${fitting}: set spec.imageSetting.image to one of these.`,
  );
}

function judgeTarget(
  wanted: string | undefined,
  highest: string,
  version: string | undefined,
): Verdict | undefined {
  if (version === undefined || wanted === undefined) return undefined;
  const next = nextRelease(version);
  if (wanted === next) return undefined;
  if (wanted === version) {
    return mayGoBack(highest)
      ? undefined
      : refuse(
          'S22',
          `members run ${highest}, from which binaries do not go back to ${wanted}: restore a backup into a new instance, and set spec.imageSetting.image back to ${highest}.`,
        );
  }
  if (compareReleases(wanted, version) < 0) {
    return refuse(
      'S22',
      `members run ${highest} with feature compatibility version ${version}: ${wanted} cannot read their data. Restore a backup into a new instance, and set spec.imageSetting.image back to ${highest}.`,
    );
  }
  if (next === undefined)
    return refuse(
      'S22',
      `no release that follows ${version} is known: set spec.imageSetting.image back to ${version}.`,
    );
  return highest === next
    ? refuse(
        'S22',
        `the upgrade to ${next} is not at its end, the feature compatibility version is still ${version}: set spec.imageSetting.image back to ${next}, let it end, then ask for the next one.`,
      )
    : refuse('S22', `${wanted} does not follow ${version}: set spec.imageSetting.image to ${next} first.`);
}

const refuseBoth = (version: string | undefined): Verdict =>
  refuse(
    'S21',
    `members come, go or change while binaries are of two releases (feature compatibility version ${version ?? 'unknown'}): take back either the image or the other change, and ask for it when the first is carried out (S12).`,
  );

/** A change of releases begins with everybody there. */
function judgeStart(situation: Situation, servers: readonly Server[]): Verdict | undefined {
  const missing = listMissing(situation, servers);
  return missing.length === 0
    ? undefined
    : wait(
        `${missing.join(', ')} is down: with a new release no further member is restarted before every one is healthy (S22). Its cluster's report says why; to give the release up set spec.imageSetting.image back.`,
        missing,
      );
}

/** What is to be restarted may be down now: it is the first to be mended. */
function judgeEnd(
  situation: Situation,
  servers: readonly Server[],
  { restarts }: Extent,
): Verdict | undefined {
  const missing = listMissing(situation, servers).filter((host) => !restarts.has(host));
  return missing.length === 0
    ? undefined
    : wait(
        `${missing.join(', ')} is down: the feature compatibility version is raised when every member is healthy and runs the new release (S22).`,
        missing,
      );
}

const listMissing = ({ config, down }: Situation, servers: readonly Server[]): string[] =>
  config.members
    .map(({ host }) => host)
    .filter((host) => down.has(host) || !servers.some((server) => server.host === host));
