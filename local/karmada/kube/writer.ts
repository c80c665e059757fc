import { isConflict, isNotFound, type Connection } from './connection';
import { cloneJson, equalJson, type Json, type JsonObject } from './json';
import { collectionPath, objectPath, readObject, type KubeObject, type Resource } from './object';

export const FIELD_MANAGER = 'karmada-controller-manager';
const TRIES = 5;

/** undefined when there is no such object. @throws ApiError */
export async function readLive(
  connection: Connection,
  resource: Resource,
  namespace: string,
  name: string,
): Promise<KubeObject | undefined> {
  try {
    return readObject(await connection.call('GET', objectPath(resource, namespace, name)), resource);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** @throws ApiError */
export async function createObject(
  connection: Connection,
  resource: Resource,
  namespace: string,
  body: JsonObject,
): Promise<KubeObject> {
  const path = `${collectionPath(resource, namespace)}?fieldManager=${FIELD_MANAGER}`;
  return readObject(await connection.call('POST', path, { body }), resource);
}

/** One PUT with the resourceVersion the body carries. @throws ApiError, also when that version is stale */
export async function replaceObject(
  connection: Connection,
  resource: Resource,
  namespace: string,
  name: string,
  body: JsonObject,
): Promise<KubeObject> {
  const path = `${objectPath(resource, namespace, name)}?fieldManager=${FIELD_MANAGER}`;
  return readObject(await connection.call('PUT', path, { body }), resource);
}

/**
 * Changes an object, reading it afresh when the cached version is stale. No call when `change` changes nothing.
 * @param change edits a copy of the whole object in place
 * @returns the newest version, undefined when the object is gone
 * @throws ApiError
 */
export function updateObject(
  connection: Connection,
  resource: Resource,
  object: KubeObject,
  change: (raw: JsonObject) => void,
): Promise<KubeObject | undefined> {
  return update(connection, resource, object, '', change);
}

/** Like {@link updateObject}, for the status subresource. */
export function updateStatus(
  connection: Connection,
  resource: Resource,
  object: KubeObject,
  change: (status: JsonObject) => void,
): Promise<KubeObject | undefined> {
  return update(connection, resource, object, '/status', (raw) => {
    const status: Json | undefined = raw['status'];
    const after: JsonObject =
      typeof status === 'object' && status !== null && !Array.isArray(status) ? status : {};
    change(after);
    if (status !== undefined || Object.keys(after).length > 0) raw['status'] = after;
  });
}

async function update(
  connection: Connection,
  resource: Resource,
  object: KubeObject,
  part: '' | '/status',
  change: (raw: JsonObject) => void,
): Promise<KubeObject | undefined> {
  let current: KubeObject | undefined = object;
  for (let attempt = 1; current !== undefined; attempt += 1) {
    const body = cloneJson(current.raw);
    change(body);
    if (equalJson(body, current.raw)) return current;
    try {
      const path = `${objectPath(resource, current.namespace, current.name)}${part}?fieldManager=${FIELD_MANAGER}`;
      return readObject(await connection.call('PUT', path, { body }), resource);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      if (!isConflict(error) || attempt >= TRIES) throw error;
      const fresh = await readLive(connection, resource, current.namespace, current.name);
      current = fresh?.uid === object.uid ? fresh : undefined;
    }
  }
  return undefined;
}

/** Deletes that very object (uid); no error when it is gone or another. @throws ApiError */
export async function deleteObject(
  connection: Connection,
  resource: Resource,
  object: Pick<KubeObject, 'namespace' | 'name' | 'uid'>,
): Promise<void> {
  try {
    await connection.call('DELETE', objectPath(resource, object.namespace, object.name), {
      body: { propagationPolicy: 'Background', preconditions: { uid: object.uid } },
    });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}
