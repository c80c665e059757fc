import { cancellationSignal } from '@temporalio/activity';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { isFedStateError } from '../domain/errors';
import { done, waitFor, type StageResult } from '../domain/operation';
import { raiseVersion } from '../mongodb/feature-version';
import type { ActivityContext } from './context';
import { readCredentials } from './credentials';
import { withHeartbeat } from './heartbeat';
import { observeSet } from './observed-set';

/** The step without return (S22): sent once every member is seen to run the release, and read back. */
export async function raiseFeatureVersion(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  version: string,
): Promise<StageResult<string>> {
  const set = await observeSet(context, cr);
  if (set?.state.primaryHost === undefined)
    return waitFor({ code: 'ReplicaSet', message: 'No primary that a majority follows.' });
  const { config, state } = set;
  const hosts = config.members.map(({ host }) => host);
  const down = hosts.filter((host) => state.down.has(host));
  if (down.length > 0) {
    const message = `${down.join(', ')} is down: the feature compatibility version is raised when every member is healthy (S22).`;
    return waitFor({ code: 'MembersUnreachable', message });
  }
  const { keyfile } = await readCredentials(context, cr);
  try {
    return done(
      await withHeartbeat('setFCV', (tell) =>
        raiseVersion(
          config.members,
          { credentials: { kind: 'keyfile', key: keyfile }, options: { signal: cancellationSignal() } },
          version,
          tell,
        ),
      ),
    );
  } catch (error) {
    if (!isFedStateError(error, 'Refused') && !isFedStateError(error, 'NotReady')) throw error;
    return waitFor({
      code: 'ReplicaSet',
      message: `Feature compatibility version ${version}: ${error.message}`,
    });
  }
}
