import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Kube } from '../../../src/kube/client';
import { KINDS, type Kind } from '../../../src/kube/object';

const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

/** Our own CRD as it is published, and Karmada's two kinds without their schema. */
export async function installCrds(kube: Kube): Promise<void> {
  const file = join(__dirname, '../../../deploy/crds/middleware.fedstate.io_multicloudmongodbs.yaml');
  const ours = manifestSchema.parse(parse(readFileSync(file, 'utf8')));
  for (const manifest of [ours, shapeless(KINDS.cluster), shapeless(KINDS.resourceBinding)]) {
    await kube.apply(
      KINDS.customResourceDefinition,
      { ...manifest, metadata: { name: manifest.metadata.name } },
      { fieldManager: 'test' },
    );
  }
  for (const kind of [KINDS.multiCloudMongoDB, KINDS.cluster, KINDS.resourceBinding]) {
    const deadline = Date.now() + 30_000;
    while (!(await kube.serves(kind))) {
      if (Date.now() > deadline) throw new Error(`${kind.plural} is not served`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function shapeless(kind: Kind) {
  return manifestSchema.parse({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${kind.group}` },
    spec: {
      group: kind.group,
      scope: kind.namespaced ? 'Namespaced' : 'Cluster',
      names: { plural: kind.plural, kind: kind.kind },
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  });
}
