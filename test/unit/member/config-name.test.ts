import { metadataSchema, type Manifest, type Metadata } from '../../../src/kube/object';
import { buildMongodConfig } from '../../../src/member/build/config';
import { sampleInstance } from './sample-instance';

const federated = sampleInstance({ control: 'Federated' });
const present = ({ metadata }: Manifest): Metadata =>
  metadataSchema.parse({ ...metadata, uid: `uid-of-${metadata.name}`, resourceVersion: '1' });
const FIRST = 'net:\n  port: 27017\n';
const LOUD = `${FIRST}systemLog:\n  verbosity: 1\n`;
const LOUDER = `${FIRST}systemLog:\n  verbosity: 2\n`;
const OTHER = 'net:\n  port: 27017\n  maxIncomingConnections: 9\n';

describe('the name of the file that pods start by', () => {
  const first = buildMongodConfig(federated, FIRST);

  it('stays when only what mongod takes at run time differs, with the new content under it', () => {
    const loud = buildMongodConfig(federated, LOUD, [present(first)]);
    expect(loud.metadata.name).toBe(first.metadata.name);
    expect(loud).toMatchObject({ data: { 'mongod.yaml': LOUD } });
    const louder = buildMongodConfig(federated, LOUDER, [present(loud)]);
    expect(louder.metadata.name).toBe(first.metadata.name);
  });

  it('is another one for what needs a restart', () => {
    const other = buildMongodConfig(federated, OTHER, [present(first)]);
    expect(other.metadata.name).not.toBe(first.metadata.name);
    expect(buildMongodConfig(federated, OTHER, [present(first), present(other)]).metadata.name).toBe(
      other.metadata.name,
    );
  });

  it('is another one when an option is taken out, also where the old content had this name before', () => {
    const loud = buildMongodConfig(federated, LOUD, [present(first)]);
    const again = buildMongodConfig(federated, FIRST, [present(loud)]);
    expect(again.metadata.name).not.toBe(first.metadata.name);
    expect(again.metadata.name).toMatch(/^orders-mongod-[0-9a-f]{8}$/);
    const next = buildMongodConfig(federated, FIRST, [present(loud), present(again)]);
    expect(next.metadata.name).toBe(again.metadata.name);
  });

  it('is that of the content where nothing was recorded, where another owns it, and where nobody tells members', () => {
    const bare = { ...present(first), annotations: {} };
    expect(buildMongodConfig(federated, FIRST, [bare]).metadata.name).toBe(first.metadata.name);
    const loud = buildMongodConfig(federated, LOUD).metadata.name;
    expect(buildMongodConfig(federated, LOUD, [bare]).metadata.name).toBe(loud);
    const foreign = { ...present(first), ownerReferences: [] };
    expect(buildMongodConfig(federated, LOUD, [foreign]).metadata.name).toBe(loud);
    const local = sampleInstance({ control: 'Local' });
    const own = buildMongodConfig(local, FIRST);
    expect(buildMongodConfig(local, LOUD, [present(own)]).metadata.name).not.toBe(own.metadata.name);
  });
});
