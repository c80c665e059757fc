import fc from 'fast-check';
import { readPullSecretWish } from '../../../src/api/pull-secret';

const names = { user: 'username', password: 'password' };
const read = (value: unknown) => readPullSecretWish(value, names);

test.each([undefined, null, '', {}, { username: '' }, { username: '', password: '' }])(
  '%j asks for none',
  (value) => expect(read(value)).toEqual({ kind: 'none' }),
);

test('a name and a login are read', () => {
  expect(read('my-registry.x')).toEqual({ kind: 'named', name: 'my-registry.x' });
  expect(read({ username: 'me', password: 'p:@/ \u00e9' })).toEqual({
    kind: 'login',
    username: 'me',
    password: 'p:@/ \u00e9',
  });
});

test('whatever JSON stands there, it is read or refused with words, never worse', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const wish = read(value);
      if (wish.kind === 'refused') expect(wish.message).toMatch(/: (give|put|use|take)|must be/);
    }),
  );
});
