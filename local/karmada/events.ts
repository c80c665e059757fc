import { createHash } from 'node:crypto';
import { MERGE_PATCH, messageOf, type Connection } from './kube/connection';
import { RESOURCES, collectionPath, objectPath, type KubeObject } from './kube/object';
import { now } from './domain/conditions';
import type { Log } from './hub';

export interface EventRecorder {
  /** Repeats raise the count of the first. Never throws, never waits. */
  warn(object: KubeObject, reason: string, message: string): void;
}

const REMEMBERED = 2_000;

/** Warnings only: a real Karmada also notes every success, which nobody here reads. */
export function createEventRecorder(connection: Connection, log: Log): EventRecorder {
  const seen = new Map<string, { name: string; count: number }>();

  const write = async (object: KubeObject, reason: string, message: string): Promise<void> => {
    const key = createHash('sha1').update(`${object.uid}/${reason}/${message}`).digest('hex').slice(0, 16);
    const namespace = object.namespace === '' ? 'default' : object.namespace;
    const known = seen.get(key);
    if (known !== undefined) {
      known.count += 1;
      await connection.call('PATCH', objectPath(RESOURCES.event, namespace, known.name), {
        contentType: MERGE_PATCH,
        body: { count: known.count, lastTimestamp: now() },
      });
      return;
    }
    const name = `${object.name}.${key}`;
    const oldest = seen.size >= REMEMBERED ? seen.keys().next().value : undefined;
    if (oldest !== undefined) seen.delete(oldest);
    seen.set(key, { name, count: 1 });
    await connection.call('POST', collectionPath(RESOURCES.event, namespace), {
      body: {
        metadata: { name, namespace },
        involvedObject: {
          apiVersion: object.apiVersion,
          kind: object.kind,
          name: object.name,
          namespace: object.namespace,
          uid: object.uid,
        },
        type: 'Warning',
        reason,
        message,
        count: 1,
        firstTimestamp: now(),
        lastTimestamp: now(),
        source: { component: 'karmada-controller-manager' },
      },
    });
  };

  return {
    warn(object, reason, message) {
      write(object, reason, message).catch((error: unknown) =>
        log.debug({ error: messageOf(error) }, 'event not written'),
      );
    },
  };
}
