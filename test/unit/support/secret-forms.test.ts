import fc from 'fast-check';
import { listSecretForms } from '../../support/secret-forms';

const found = (text: string, secret: string): boolean =>
  listSecretForms(secret).some((form) => text.includes(form));
const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
const secrets = fc.string({ unit: 'binary', minLength: 8, maxLength: 40 });

describe('listSecretForms finds a secret', () => {
  test.each<[string, (text: string) => string]>([
    ['plain', (text) => text],
    ['in JSON', (text) => JSON.stringify({ text })],
    ['in a URL', (text) => `mongodb://root:${encodeURIComponent(text)}@h:1/`],
    ['in base64', base64],
    [
      'in base64 of JSON that holds a base64 of it, as of a Secret',
      (text) => base64(JSON.stringify({ data: base64(text) })),
    ],
  ])('%s, wherever it stands', (_where, write) => {
    fc.assert(
      fc.property(secrets, fc.string(), fc.string(), (secret, before, after) => {
        expect(found(write(`${before}${secret}${after}`), secret)).toBe(true);
      }),
    );
  });

  test('and nothing where it is not', () => {
    expect(found(`${base64('something else')} mongodb://root@h:1/ {"a":1}`, 'correct-horse')).toBe(false);
  });
});
