import { cancellationSignal } from '@temporalio/activity';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { isFedStateError, type FedStateError } from '../domain/errors';
import { done, waitFor, type StageResult } from '../domain/operation';
import type { SurroundingStepFacts } from '../domain/plan';
import type { ReplicaSetObservation } from '../domain/replica-set';
import type { RuntimeSetting, SettingChange } from '../domain/settings';
import { namespaceOf } from '../karmada/template';
import type { Access } from '../mongodb/connect';
import { applySettings, readSettings } from '../mongodb/runtime-settings';
import type { SettingChanges } from '../planner/plan-settings';
import type { ActivityContext } from './context';
import { readCredentials } from './credentials';
import { withHeartbeat } from './heartbeat';
import { accessOf } from './replica-set';

const SILENT = ['Unreachable', 'Unauthorized', 'NotReady', 'NotPrimary'] as const;
const isSilent = (error: unknown): error is FedStateError =>
  SILENT.some((kind) => isFedStateError(error, kind));

/**
 * What members run with otherwise than the configuration says. Who does not answer is told once it does; an arbiter, to which
 * drivers do not sign in, reads its file when it starts again.
 */
export async function findSettingChanges(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  { reports }: ReplicaSetObservation,
  wanted: readonly RuntimeSetting[],
): Promise<SettingChanges> {
  if (wanted.length === 0) return new Map();
  const access = accessOf(await readCredentials(context, cr));
  const asked = reports.filter(
    ({ membership, stateName }) => membership === 'member' && stateName !== 'ARBITER',
  );
  const found = await Promise.all(
    asked.map(async ({ host }) => [host, await findChanges(host, access, wanted)] as const),
  );
  return new Map(found);
}

async function findChanges(
  host: string,
  access: Access,
  wanted: readonly RuntimeSetting[],
): Promise<readonly SettingChange[]> {
  try {
    const options = wanted.map(({ option }) => option);
    const told = await readSettings(host, access, options);
    return wanted
      .filter(({ option, value }) => told.get(option) !== value)
      .map((setting) => ({ ...setting, was: told.get(setting.option) }));
  } catch (error) {
    if (isSilent(error)) return [];
    throw error;
  }
}

/** One member is told; what it refuses is the spec's to correct, before another member hears of it. */
export async function setParameters(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  { host, settings }: Extract<SurroundingStepFacts, { kind: 'setParameter' }>,
): Promise<StageResult<string>> {
  const { credentials } = accessOf(await readCredentials(context, cr));
  const access = { credentials, options: { signal: cancellationSignal() } };
  try {
    return done(await withHeartbeat('setParameter', () => applySettings(host, access, settings)));
  } catch (error) {
    if (isFedStateError(error, 'Refused')) {
      const option = String(error.facts['option'] ?? '');
      const message = `${fieldOf(cr, option)}: ${error.message}. Correct the value, or take it out. No further member is told, and the file by which members start is as it was.`;
      return waitFor({ code: 'SpecRefused', message });
    }
    if (isSilent(error)) return waitFor({ code: 'MembersUnreachable', message: error.message });
    throw error;
  }
}

/** Where the option stands. */
function fieldOf(cr: MultiCloudMongoDB, option: string): string {
  const { configSet, configRef } = cr.spec.config;
  const word = option === 'systemLog.verbosity' ? 'LOG_LEVEL' : option;
  const named = [option, word].find((name) => configSet?.[name] !== undefined);
  return named === undefined
    ? `spec.config.configRef: ConfigMap ${namespaceOf(cr)}/${configRef ?? ''}`
    : `spec.config.configSet.${named}`;
}
