import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { readChange } from '../activities/change-plan';
import type { ActivityContext } from '../activities/context';
import { readPlacement } from '../activities/placement';
import { listObjectChanges } from '../activities/object-changes';
import { multiCloudMongoDBSchema, type MultiCloudMongoDB } from '../api/multicloudmongodb';
import { FedStateError } from '../domain/errors';
import { KINDS, type Manifest } from '../kube/object';
import { describeDryRun } from './describe-dry-run';

const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});

/**
 * What `kubectl apply -f FILE` would come to: placement with reasons, steps with margins, objects that would change.
 * Asks Karmada's API server for a dry run, so that defaults and rules are its own; writes nothing anywhere.
 * @param context over a Kube that refuses to write
 * @returns text for people
 * @throws FedStateError InvalidSpec naming what is wrong with the file
 */
export async function dryRun(context: ActivityContext, file: string, namespace: string): Promise<string> {
  const cr = await rehearse(context, readManifest(file, namespace));
  const change = await readChange(context, cr, undefined);
  if (!change.done) {
    return `${titleOf(cr)}\nNothing would be done yet (${change.wait.code}): ${change.wait.message}\n`;
  }
  const { layout, references } = change.value;
  const objects = await listObjectChanges(context, cr, layout, references);
  const standing = await readPlacement(context, cr);
  return `${titleOf(cr)}\n${describeDryRun(change.value, objects, standing.done ? standing.value.warnings : [])}`;
}

const titleOf = ({ metadata }: MultiCloudMongoDB): string =>
  `MultiCloudMongoDB ${metadata.namespace ?? 'default'}/${metadata.name}`;

function readManifest(file: string, namespace: string): Manifest {
  const documents = parseAllDocuments(readFileSync(file, 'utf8'));
  const found = documents.flatMap((document) => {
    const read = manifestSchema.safeParse(document.toJS());
    return read.success && read.data.kind === KINDS.multiCloudMongoDB.kind ? [read.data] : [];
  });
  const [manifest] = found;
  if (manifest === undefined || found.length > 1) {
    throw new FedStateError(
      'InvalidSpec',
      `${file} holds ${found.length} objects of kind MultiCloudMongoDB: give a file with one.`,
    );
  }
  return {
    ...manifest,
    metadata: { ...manifest.metadata, namespace: manifest.metadata.namespace ?? namespace },
  };
}

async function rehearse(context: ActivityContext, manifest: Manifest): Promise<MultiCloudMongoDB> {
  const rehearsed = await context.karmada.apply(KINDS.multiCloudMongoDB, manifest, {
    fieldManager: 'fedstate-plan',
    force: true,
    dryRun: true,
  });
  return multiCloudMongoDBSchema.parse(rehearsed);
}
