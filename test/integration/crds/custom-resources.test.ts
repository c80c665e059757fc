import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { kubeOf } from '../../../local/stack/kubeconfig';
import { mongoDBSpecSchema } from '../../../src/api/mongodb';
import { multiCloudMongoDBSpecSchema } from '../../../src/api/multicloudmongodb';
import { messageOf } from '../../../src/domain/errors';
import { buildConfigCopy } from '../../../src/karmada/template';
import { collectionPath, objectPath, type Kube } from '../../../src/kube/client';
import { KINDS, metadataSchema } from '../../../src/kube/object';
import { mergeMongodConfig } from '../../../src/mongodb/mongod-config';
import { makeInstance } from '../../support/custom-resource';
import { startApiServer, type ApiServer } from '../../support/api-server';
import { findProgram, skipReason } from '../../support/programs';
import { BAD_RESOURCES, type BadResource } from './bad-resources';
import { GOOD_RESOURCES } from './good-resources';

const ROOT = join(__dirname, '../../..');
const CRDS = join(ROOT, 'deploy/crds');
const sample = (name: string): string => join(ROOT, 'deploy/samples', `${name}.yaml`);

const objectSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.record(z.string(), z.unknown()),
});
const writtenSchema = z.looseObject({ metadata: metadataSchema, spec: z.record(z.string(), z.unknown()) });
const crdListSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })) }),
    }),
  ),
});

const reason = skipReason(['etcd', 'kube-apiserver', 'kubectl']);

(reason === undefined ? describe : describe.skip)(
  `custom resources on a real API server ${reason ?? ''}`,
  () => {
    let server: ApiServer;
    let kube: Kube;

    const kubectl = (args: readonly string[], input?: string): string =>
      execFileSync(findProgram('kubectl') ?? 'kubectl', ['--kubeconfig', server.kubeconfigPath, ...args], {
        encoding: 'utf8',
        input,
      });
    /** What the API server says to a write that it must refuse, strictly validated as kubectl does. */
    const refusalOf = async (bad: BadResource, name: string): Promise<string> => {
      const version = bad.before === undefined ? undefined : await write(bad.kind, name, bad.before);
      return write(bad.kind, name, bad.spec, version).then(
        () => 'accepted',
        (error: unknown) => messageOf(error),
      );
    };
    const write = async (
      kind: BadResource['kind'],
      name: string,
      spec: BadResource['spec'],
      resourceVersion?: string,
    ): Promise<string> => {
      const { metadata } = await ask(kind, name, spec, resourceVersion);
      return metadata.resourceVersion;
    };
    const ask = async (
      kind: BadResource['kind'],
      name: string,
      spec: BadResource['spec'],
      resourceVersion: string | undefined,
      validation = 'Strict',
    ) => {
      const ref = {
        kind: kind === 'MongoDB' ? KINDS.mongoDB : KINDS.multiCloudMongoDB,
        namespace: 'default',
        name,
      };
      const isNew = resourceVersion === undefined;
      const path = isNew ? collectionPath(ref.kind, ref.namespace) : objectPath(ref);
      const answer = await kube.transport.request({
        method: isNew ? 'POST' : 'PUT',
        path: `${path}?fieldValidation=${validation}`,
        body: resource(kind, name, spec, resourceVersion),
      });
      return writtenSchema.parse(JSON.parse(answer));
    };

    beforeAll(async () => {
      server = await startApiServer({ name: 'crds' });
      kubectl(['apply', '--server-side', '-f', CRDS]);
      kube = kubeOf(server.kubeconfigPath);
      kubectl(['wait', '--for=condition=Established', '--timeout=30s', 'crd', '--all']);
    }, 120_000);

    afterAll(async () => {
      kube.transport.close();
      await server.stop();
    });

    test('both definitions are structural, established and their names accepted', () => {
      const { items } = crdListSchema.parse(JSON.parse(kubectl(['get', 'crd', '-o', 'json'])));
      const seen = items.map((crd) => ({
        name: crd.metadata.name,
        true: crd.status.conditions.filter((one) => one.status === 'True').map((one) => one.type),
      }));
      expect(seen).toEqual([
        { name: 'mongodbs.middleware.fedstate.io', true: ['NamesAccepted', 'Established'] },
        { name: 'multicloudmongodbs.middleware.fedstate.io', true: ['NamesAccepted', 'Established'] },
      ]);
    });

    test.each([
      ['multicloudmongodb-full', multiCloudMongoDBSpecSchema],
      ['multicloudmongodb-walkthrough', multiCloudMongoDBSpecSchema],
      ['mongodb-single-cluster', mongoDBSpecSchema],
    ])('the published sample %s is accepted unchanged, and defaults are those of zod', (name, schema) => {
      const written = objectSchema.parse(parse(readFileSync(sample(name), 'utf8')));
      const read = objectSchema.parse(
        JSON.parse(
          kubectl(['create', '--dry-run=server', '--validate=strict', '-o', 'json', '-f', sample(name)]),
        ),
      );
      expect(read.spec).toMatchObject(written.spec);
      expect(read.spec).toEqual(schema.parse(written.spec));
    });

    test('the walk-through gets the defaults of the original article', () => {
      const read = objectSchema.parse(
        JSON.parse(
          kubectl([
            ...['create', '--dry-run=server', '-o', 'json', '-f'],
            sample('multicloudmongodb-walkthrough'),
          ]),
        ),
      );
      expect(read.spec).toMatchObject({
        replicaset: 5,
        auth: {},
        config: {},
        member: {},
        spreadConstraints: {},
        scheduler: { schedulerMode: 'Uniform', schedulerName: 'multicloud-middleware-scheduler' },
        storage: { storageClass: 'managed-nfs-storage', storageSize: '1Gi' },
        imageSetting: { image: 'mongo:3.6', imagePullPolicy: 'Always' },
      });
    });

    test('a size may grow in other units, and both forms of a pull secret are accepted', () => {
      const written = (storageSize: string, imagePullSecret: unknown): string =>
        JSON.stringify({
          apiVersion: 'middleware.fedstate.io/v1alpha1',
          kind: 'MultiCloudMongoDB',
          metadata: { name: 'grows', namespace: 'default' },
          spec: { replicaset: 3, storage: { storageSize }, imageSetting: { imagePullSecret } },
        });
      kubectl(['create', '--validate=strict', '-f', '-'], written('1Gi', 'registry'));
      kubectl(['replace', '--validate=strict', '-f', '-'], written('1025Mi', { user: 'me', passwd: 'x' }));
      const read = objectSchema.parse(JSON.parse(kubectl(['get', 'mcm', 'grows', '-o', 'json'])));
      expect(read.spec).toMatchObject({
        storage: { storageSize: '1025Mi' },
        imageSetting: { imagePullSecret: { user: 'me', passwd: 'x' } },
      });
    });

    test('a bare MongoDB, as a member has when its override is gone, keeps members absent', () => {
      const read = objectSchema.parse(
        JSON.parse(
          kubectl(['create', '--dry-run=server', '-o', 'json', '-f', '-'], resource('MongoDB', 'bare', {})),
        ),
      );
      expect(read.spec).not.toHaveProperty('members');
      expect(read.spec).not.toHaveProperty('retired');
    });

    test('status is a subresource: a spec write cannot claim health', () => {
      const claimed = JSON.stringify({
        apiVersion: 'middleware.fedstate.io/v1alpha1',
        kind: 'MultiCloudMongoDB',
        metadata: { name: 'claims', namespace: 'default' },
        spec: { replicaset: 3 },
        status: { state: 'Health' },
      });
      expect(kubectl(['create', '-o', 'jsonpath={.status.state}', '-f', '-'], claimed)).toBe('');
      expect(
        kubectl([
          ...[
            'patch',
            'mcm',
            'claims',
            '--subresource=status',
            '--type=merge',
            '-o',
            'jsonpath={.status.state}',
          ],
          ...['-p', '{"status":{"state":"UnKnown"}}'],
        ]),
      ).toBe('UnKnown');
    });

    test('kubectl get shows what matters, by the short names', () => {
      kubectl(['create', '-f', '-'], resource('MongoDB', 'shown', { members: 1 }));
      const headings = (kind: string): string[] => (kubectl(['get', kind]).split('\n')[0] ?? '').split(/\s+/);
      kubectl(['create', '-f', '-'], resource('MultiCloudMongoDB', 'shown', { replicaset: 3 }));
      expect(headings('mcm')).toEqual(
        expect.arrayContaining([
          'NAME',
          'STATE',
          'SIZE',
          'READY',
          'PRIMARY',
          'MARGIN',
          'OPERATION',
          'STEP',
          'WAITING',
          'AGE',
        ]),
      );
      expect(headings('mdb')).toEqual(
        expect.arrayContaining(['NAME', 'STATE', 'MEMBERS', 'READY', 'PRIMARY', 'WAITING', 'AGE']),
      );
      expect(kubectl(['get', 'fedstate', '-o', 'name']).split('\n')).toEqual(
        expect.arrayContaining([
          'mongodb.middleware.fedstate.io/shown',
          'multicloudmongodb.middleware.fedstate.io/shown',
        ]),
      );
    });

    test('kubectl explain describes a field', () => {
      expect(kubectl(['explain', 'mcm.spec.storage.storageSize'])).toContain('may only grow');
    });

    test('the table holds a hundred bad resources of both kinds', () => {
      expect(BAD_RESOURCES.length).toBeGreaterThanOrEqual(100);
      for (const kind of ['MultiCloudMongoDB', 'MongoDB'] as const)
        expect(BAD_RESOURCES.filter((bad) => bad.kind === kind).length).toBeGreaterThanOrEqual(25);
    });

    test.each(BAD_RESOURCES.map((bad, index) => ({ ...bad, index })))(
      '$kind with $what is refused, and the answer names field and remedy',
      async (bad) => {
        const refusal = await refusalOf(bad, bad.name ?? `bad-${bad.index}`);
        for (const words of bad.says) expect(refusal).toContain(words);
      },
    );

    test.each(GOOD_RESOURCES.map((good, index) => ({ ...good, index })))(
      '$kind with $what is taken as it is, and read alike by zod',
      async (good) => {
        const { spec } = await ask(good.kind, good.name ?? `good-${good.index}`, good.spec, undefined);
        expect(spec).toMatchObject(good.spec);
        const schema = good.kind === 'MongoDB' ? mongoDBSpecSchema : multiCloudMongoDBSpecSchema;
        expect(schema.parse(spec)).toEqual(spec);
      },
    );

    test('a configuration of as much as a ConfigMap takes is taken with our copy of it, and not a byte more', async () => {
      const cr = makeInstance({}, { name: `n${'0'.repeat(43)}`, namespace: 'default' });
      const head = 'net: {maxIncomingConnections: 5}\n';
      const textOf = (bytes: number): string => `${head}${'#'.repeat(bytes - head.length)}`;
      const rehearse = (bytes: number) =>
        kube.apply(KINDS.configMap, buildConfigCopy(cr, textOf(bytes)), {
          fieldManager: 'test',
          force: true,
          dryRun: true,
        });
      await rehearse(1_048_576);
      await expect(rehearse(1_048_577)).rejects.toThrow(/may not be more than 1048576 bytes/);
      const custom = { source: 'ConfigMap mine', text: textOf(1_048_576) };
      expect(mergeMongodConfig({ custom, settings: [], image: '', memoryBytes: undefined })).toMatchObject({
        outcome: 'merged',
        yaml: expect.stringContaining('maxIncomingConnections: 5') as string,
      });
    });

    test('a field that there is not is pruned where nobody asks for strictness', async () => {
      const asked = { members: 1, replicas: 3, persistence: { storage: '1Gi', colour: 'blue' } };
      const { spec } = await ask('MongoDB', 'pruned', asked, undefined, 'Ignore');
      expect(spec).not.toHaveProperty('replicas');
      expect(spec['persistence']).toEqual({ storage: '1Gi', whenDeleted: 'Retain', whenScaled: 'Delete' });
    });
  },
);

function resource(kind: string, name: string, spec: BadResource['spec'], resourceVersion?: string): string {
  return JSON.stringify({
    apiVersion: 'middleware.fedstate.io/v1alpha1',
    kind,
    metadata: { name, namespace: 'default', resourceVersion },
    spec,
  });
}
