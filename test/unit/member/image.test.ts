import {
  imageVersion,
  parseImageReplacements,
  registryServer,
  resolveImage,
} from '../../../src/domain/image';

describe('parseImageReplacements', () => {
  test('reads pairs parted by commas, with or without blanks', () => {
    expect(parseImageReplacements(' mongo:3.6=mongo:4.2, a/b:1=c:5000/d:2 ,')).toEqual([
      { from: 'mongo:3.6', to: 'mongo:4.2' },
      { from: 'a/b:1', to: 'c:5000/d:2' },
    ]);
    expect(parseImageReplacements('')).toEqual([]);
  });

  test.each(['mongo:3.6', 'a=', '=b', 'a=b=c'])('refuses %s and says what a rule looks like', (text) => {
    expect(() => parseImageReplacements(text)).toThrow(
      /images\.replace: .*from=to, e\.g\. mongo:3\.6=mongo:4\.2/,
    );
  });
});

test.each(['mongo:3.6=Mongo:6.0', 'mongo:3.6=mongo:6.0:1', 'mongo:3.6=https://docker.io/mongo'])(
  'images.replace refuses %s, which no node could pull',
  (text) => {
    expect(() => parseImageReplacements(text)).toThrow(/images\.replace: ".*" is no image: write \[registry/);
  },
);

describe('resolveImage', () => {
  const rules = parseImageReplacements('mongo:3.6=mongo:4.2');

  test('an image that no rule names is taken as it is', () => {
    expect(resolveImage('mongo:6.0', rules)).toEqual({ outcome: 'resolved', image: 'mongo:6.0' });
  });

  test.each([
    'mongo:3.6',
    'docker.io/library/mongo:3.6',
    'index.docker.io/library/mongo:3.6',
    'library/mongo:3.6',
  ])('the rule for mongo:3.6 holds for %s', (image) => {
    expect(resolveImage(image, rules)).toEqual({
      outcome: 'resolved',
      image: 'mongo:4.2',
      replaced: { from: 'mongo:3.6', to: 'mongo:4.2' },
    });
  });

  test('another tag or another registry is another image', () => {
    expect(resolveImage('mongo:3.6.1', rules).outcome).toBe('refused');
    expect(resolveImage('registry.example:5000/library/mongo:3.6', rules).outcome).toBe('refused');
  });

  test.each(['mongo:3.6', 'mongo:4.0.28', 'mongo:3', 'bitnami/mongodb:4.0', 'mongo:3.6-xenial'])(
    'unmapped %s is refused with the remedy',
    (image) => {
      const verdict = resolveImage(image, []);
      expect(verdict).toEqual({
        outcome: 'refused',
        message: expect.stringContaining(`images.replace "${image}=mongo:4.2"`) as string,
      });
    },
  );

  test('a replacement that is too old itself is refused', () => {
    expect(resolveImage('mongo:3.6', parseImageReplacements('mongo:3.6=mongo:4.0')).outcome).toBe('refused');
  });

  test.each(['mongo', 'mongo:latest', 'mongo:4', 'mongo:4.2', 'mongo@sha256:abc', 'acme/documents:1.0'])(
    '%s is accepted: its tag does not say that it is too old',
    (image) => {
      expect(resolveImage(image, [])).toEqual({ outcome: 'resolved', image });
    },
  );
});

test('imageVersion reads MongoDB tags only', () => {
  expect(imageVersion('mongo:7.0.12-jammy')).toEqual({ major: 7, minor: 0 });
  expect(imageVersion('percona/percona-server-mongodb:6.0')).toEqual({ major: 6, minor: 0 });
  expect(imageVersion('percona/mongodb_exporter:0.40')).toEqual({ major: 0, minor: 40 });
  expect(imageVersion('nginx:1.25')).toBeUndefined();
  expect(imageVersion('mongo:latest')).toBeUndefined();
});

test.each([
  ['mongo:4.2', 'https://index.docker.io/v1/'],
  ['acme/mongo:4.2', 'https://index.docker.io/v1/'],
  ['docker.io/library/mongo:4.2', 'https://index.docker.io/v1/'],
  ['registry.example/acme/mongo:4.2', 'registry.example'],
  ['localhost/mongo', 'localhost'],
  ['registry.example:5000/mongo@sha256:00', 'registry.example:5000'],
])('credentials for %s stand under %s', (image, server) => {
  expect(registryServer(image)).toBe(server);
});
