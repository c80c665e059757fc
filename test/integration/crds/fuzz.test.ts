import fc from 'fast-check';
import type { z } from 'zod';
import { kubeOf } from '../../../local/stack/kubeconfig';
import { mongoDBSchema } from '../../../src/api/mongodb';
import { multiCloudMongoDBSchema } from '../../../src/api/multicloudmongodb';
import { isFedStateError } from '../../../src/domain/errors';
import { collectionPath, type Kube } from '../../../src/kube/client';
import { KINDS, type Kind, type Manifest } from '../../../src/kube/object';
import { startApiServer, type ApiServer } from '../../support/api-server';
import { applyDefinitions } from '../../support/federation';
import { skipReason } from '../../support/programs';
import { consumeMongoDB, consumeMultiCloud } from './consumers';
import { hostileMongoDB, hostileMultiCloudMongoDB, type HostileResource } from './hostile-specs';

const reason = skipReason(['etcd', 'kube-apiserver']);
const SEED = Number(process.env['FEDSTATE_SEED'] ?? 20260102);
const RUNS_OF_EACH_KIND = 500;

jest.setTimeout(600_000);

(reason === undefined ? describe : describe.skip)(`hostile custom resources ${reason ?? ''}`, () => {
  let server: ApiServer;
  let kube: Kube;
  let count = 0;
  const seen = { refused: 0, taken: 0, faulty: 0, built: 0 };

  beforeAll(async () => {
    console.info(`FEDSTATE_SEED=${SEED}`);
    server = await startApiServer({ name: 'fuzz' });
    kube = kubeOf(server.kubeconfigPath);
    await applyDefinitions(kube);
  });
  afterAll(async () => {
    kube.transport.close();
    await server.stop();
  });
  beforeEach(() => Object.assign(seen, { refused: 0, taken: 0, faulty: 0, built: 0 }));

  /** The object as stored, by its name; undefined when the API server refused it, saying which field is wrong. */
  async function store(kind: Kind, { metadata, spec }: HostileResource): Promise<string | undefined> {
    count += 1;
    const name = `f${count}`;
    const body = {
      apiVersion: `${kind.group}/${kind.version}`,
      kind: kind.kind,
      metadata: { ...metadata, name },
      spec,
    };
    try {
      // Neither strict nor warned about: what is not known is pruned, as with any client but kubectl.
      const path = `${collectionPath(kind, 'default')}?fieldValidation=Ignore`;
      await kube.transport.request({ method: 'POST', path, body: JSON.stringify(body) });
      seen.taken += 1;
      return name;
    } catch (error) {
      if (!isFedStateError(error, 'InvalidSpec')) throw error;
      expect(error.message).toMatch(/\bspec\b|metadata\.(labels|annotations)/);
      seen.refused += 1;
      return undefined;
    }
  }

  async function read<T>(kind: Kind, name: string, schema: z.ZodType<T>): Promise<T> {
    const found = await kube.get({ kind, namespace: 'default', name }, schema);
    if (found === undefined) throw new Error(`${name} is not there`);
    return found;
  }

  /** Whether a real API server would take it; its refusal must be told from a failure. */
  async function isTaken({ kind, manifest }: { kind: Kind; manifest: Manifest }): Promise<true | string> {
    try {
      await kube.apply(kind, manifest, { fieldManager: 'fuzz', force: true, dryRun: true });
      return true;
    } catch (error) {
      if (!isFedStateError(error, 'InvalidSpec')) throw error;
      return `${kind.kind} ${manifest.metadata.name}: ${error.message}`;
    }
  }

  test('a MultiCloudMongoDB is refused by field, or read; and what is made of it is taken everywhere, or nothing is made', async () => {
    await fc.assert(
      fc.asyncProperty(hostileMultiCloudMongoDB, async (resource) => {
        const name = await store(KINDS.multiCloudMongoDB, resource);
        if (name === undefined) return;
        const cr = await read(KINDS.multiCloudMongoDB, name, multiCloudMongoDBSchema);
        const { fault, objects } = consumeMultiCloud(cr);
        if (fault !== undefined) {
          // A field and words about it, or a want of room.
          expect(fault).toMatch(/^(spec\.\w.* \S|replicaset \d+ |the arbiter fits nowhere)/);
          seen.faulty += 1;
          return;
        }
        seen.built += 1;
        for (const object of objects) {
          expect(await isTaken(object)).toBe(true);
          if (object.kind !== KINDS.mongoDB) continue;
          // As a member gets it: with the count that its override adds.
          const { manifest } = object;
          const member = { ...manifest, metadata: { ...manifest.metadata, name: `${name}m` } };
          await kube.apply(KINDS.mongoDB, member, { fieldManager: 'fuzz', force: true });
          const mongoDB = await read(KINDS.mongoDB, `${name}m`, mongoDBSchema);
          for (const made of consumeMongoDB(mongoDB)) expect(await isTaken(made)).toBe(true);
        }
      }),
      { numRuns: RUNS_OF_EACH_KIND, seed: SEED },
    );
    console.info(`MultiCloudMongoDB: ${JSON.stringify(seen)}`);
    expect(seen.refused + seen.taken).toBe(RUNS_OF_EACH_KIND);
    for (const number of Object.values(seen)) expect(number).toBeGreaterThan(RUNS_OF_EACH_KIND / 20);
  });

  test('a MongoDB is refused by field, or read; and what is made of it is taken or refused, never worse', async () => {
    const refusals = new Set<string>();
    await fc.assert(
      fc.asyncProperty(hostileMongoDB, async (resource) => {
        const name = await store(KINDS.mongoDB, resource);
        if (name === undefined) return;
        const mongoDB = await read(KINDS.mongoDB, name, mongoDBSchema);
        const made = consumeMongoDB(mongoDB);
        const answers = await Promise.all(made.map(isTaken));
        const refused = answers.filter((answer) => answer !== true);
        // Only pods can be refused, for what `podSpec` passes on: the manager asks for them before it makes anything.
        for (const answer of refused) expect(answer).toMatch(/^StatefulSet /);
        if (refused.length > 0 || made.length === 0) seen.faulty += 1;
        else seen.built += 1;
        for (const answer of refused) refusals.add(answer);
      }),
      { numRuns: RUNS_OF_EACH_KIND, seed: SEED },
    );
    console.info(`MongoDB: ${JSON.stringify(seen)}, ${refusals.size} kinds of refused pods`);
    expect(seen.refused + seen.taken).toBe(RUNS_OF_EACH_KIND);
    for (const number of Object.values(seen)) expect(number).toBeGreaterThan(RUNS_OF_EACH_KIND / 20);
  });
});
