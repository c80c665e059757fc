import { setHandler } from '@temporalio/workflow';
import { ANNOTATIONS } from '../domain/marks';
import { quick } from './activities';
import { rebuildUpdate, rotateUpdate, type RebuildRequest, type RotateRequest } from './commands';
import { refuse, requireAsker, type EntityControl } from './entity-control';

/** Commands that renew what an instance has: its credentials, or one member's data. */
export function handleUpkeepCommands(entity: EntityControl): void {
  const { ref } = entity;
  setHandler(
    rotateUpdate,
    async ({ what, by, why }) => {
      const now = new Date().toISOString();
      const request = what === undefined ? now : `${what}/${now}`;
      await quick.steerInstance({
        instance: ref,
        annotations: { [ANNOTATIONS.rotate]: request },
        by,
        why,
      });
      entity.wake();
      return request;
    },
    {
      validator: (request: RotateRequest) => {
        requireAsker(request);
        const what: unknown = request.what;
        if (what !== undefined && what !== 'passwords' && what !== 'keyfile')
          throw refuse('what is passwords or keyfile; leave it out for both');
      },
    },
  );
  setHandler(
    rebuildUpdate,
    async (request) => {
      const written = await quick.requestRebuild({ instance: ref, ...request, at: new Date().toISOString() });
      entity.wake();
      return written;
    },
    {
      validator: (request: RebuildRequest) => {
        requireAsker(request);
        const { cluster, ordinal }: { cluster: unknown; ordinal: unknown } = request;
        const names = typeof cluster === 'string' && cluster !== '';
        if (!names || typeof ordinal !== 'number' || !Number.isInteger(ordinal) || ordinal < 0)
          throw refuse('name the member, e.g. {"cluster":"east","ordinal":0,"by":"you"}');
      },
    },
  );
}
