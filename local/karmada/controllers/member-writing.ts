import { differs, isManaged, releaseManifest, retainFields } from '../domain/manifest';
import { ANNOTATIONS } from '../domain/marks';
import { isConflict, isNotFound } from '../kube/connection';
import { stringAt, type JsonObject } from '../kube/json';
import { objectPath, type KubeObject, type Resource } from '../kube/object';
import { createObject, replaceObject } from '../kube/writer';
import type { Member } from '../members';

const CONFLICT_TRIES = 5;
const CONFLICT_WAIT_MS = 20;

/** Resource versions of our own last writes: their events need no second look. Lost on restart, which only costs a comparison. */
export interface VersionRecord {
  isOurs(member: string, object: KubeObject): boolean;
  note(member: string, object: KubeObject): void;
  forget(member: string, object: KubeObject): void;
}

export function createVersionRecord(): VersionRecord {
  const versions = new Map<string, string>();
  const key = (member: string, object: KubeObject): string => `${member}/${object.uid}`;
  return {
    isOurs: (member, object) => versions.get(key(member, object)) === object.resourceVersion,
    note: (member, object) => void versions.set(key(member, object), object.resourceVersion),
    forget: (member, object) => void versions.delete(key(member, object)),
  };
}

export interface Target {
  readonly member: Member;
  readonly resource: Resource;
  readonly manifest: JsonObject;
  readonly namespace: string;
  readonly name: string;
  readonly versions: VersionRecord;
}

/**
 * Makes the object or brings it in line with the manifest.
 * @throws ApiError with the member's own words; Error when the object there is not Karmada's and may not be taken (facts 33, 41)
 */
export async function applyToMember(target: Target): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const observed = await target.member.read(target.resource, target.namespace, target.name);
    try {
      if (observed === undefined) await createInMember(target);
      else await bringInLine(target, observed);
      return;
    } catch (error) {
      if (!isConflict(error) || attempt >= CONFLICT_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, CONFLICT_WAIT_MS * attempt));
    }
  }
}

/** @throws ApiError */
export async function createInMember({
  member,
  resource,
  manifest,
  namespace,
  versions,
}: Target): Promise<void> {
  versions.note(member.name, await createObject(member.connection, resource, namespace, manifest));
}

/** Repairs drift; no call when nothing differs. @throws as {@link applyToMember} */
export async function bringInLine(target: Target, observed: KubeObject): Promise<void> {
  const { member, manifest } = target;
  const overwrite =
    stringAt(manifest, 'metadata', 'annotations', ANNOTATIONS.conflictResolution) === 'overwrite';
  if (!isManaged(observed) && !overwrite) {
    throw new Error(
      `resource(kind=${observed.kind}, ${observed.namespace}/${observed.name}) already exists in the cluster ${member.name} ` +
        `and the ${ANNOTATIONS.conflictResolution} strategy value is empty, Karmada will not manage this resource`,
    );
  }
  await put(target, observed, manifest);
}

/**
 * Takes every mark of Karmada off an object that stays (fact 26).
 * @throws Error when there is no such object or it is not Karmada's: the Work then hangs (fact 35)
 */
export async function releaseInMember(target: Target): Promise<void> {
  const observed = await target.member.read(target.resource, target.namespace, target.name);
  if (observed === undefined) {
    throw new Error(`${target.resource.plural} "${target.name}" not found`);
  }
  await bringInLine({ ...target, manifest: releaseManifest(target.manifest) }, observed);
}

/** Objects that are not Karmada's stay (fact 34); finalizers there are not waited for (fact 36). @throws ApiError */
export async function deleteInMember(target: Target): Promise<void> {
  const { member, resource, namespace, name, versions } = target;
  const observed = await member.read(resource, namespace, name);
  if (observed === undefined || !isManaged(observed)) return;
  versions.forget(member.name, observed);
  try {
    await member.connection.call('DELETE', objectPath(resource, namespace, name), {
      body: { propagationPolicy: 'Background' },
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function put(target: Target, observed: KubeObject, manifest: JsonObject): Promise<void> {
  const { member, resource, namespace, name, versions } = target;
  const wanted = retainFields(manifest, observed);
  versions.note(
    member.name,
    differs(wanted, observed)
      ? await replaceObject(member.connection, resource, namespace, name, wanted)
      : observed,
  );
}
