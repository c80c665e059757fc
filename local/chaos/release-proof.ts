import { z } from 'zod';
import { releaseOf } from '../../src/domain/release';
import { withMember } from './replica-set-proof';

const buildSchema = z.looseObject({ version: z.string() });
const featureSchema = z.looseObject({ featureCompatibilityVersion: z.looseObject({ version: z.string() }) });

/** What one member tells of itself. */
interface ToldRelease {
  readonly host: string;
  readonly version: string;
  readonly featureVersion: string;
}

/** Asks each member for itself. @returns what is wrong when each must run `release`, its data too */
export async function proveRelease(
  uri: string,
  hosts: readonly string[],
  release: string,
): Promise<readonly string[]> {
  const told: ToldRelease[] = [];
  for (const host of hosts) {
    await withMember(uri, host, async (ask) => {
      const { version } = buildSchema.parse(await ask({ buildInfo: 1 }));
      const answer = await ask({ getParameter: 1, featureCompatibilityVersion: 1 });
      const featureVersion = featureSchema.parse(answer).featureCompatibilityVersion.version;
      told.push({ host, version, featureVersion });
    });
  }
  return judgeReleases(told, release);
}

export const judgeReleases = (told: readonly ToldRelease[], release: string): readonly string[] =>
  told.flatMap(({ host, version, featureVersion }) => [
    ...(releaseOf(version) === release ? [] : [`${host} runs ${version}, not ${release}`]),
    ...(featureVersion === release
      ? []
      : [`${host} has feature compatibility version ${featureVersion}, not ${release}`]),
  ]);
