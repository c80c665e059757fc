import { z } from 'zod';
import { OBJECT_NAME } from '../domain/syntax';
import { isObject } from './json';
import { eitherShape } from './shared';

/** Text or object: the API server lets anything pass, {@link readPullSecretWish} says what it means. */
export const pullSecretSchema = z.unknown().meta(eitherShape);

/** What an `imagePullSecret` asks for. */
export type PullSecretWish =
  | { readonly kind: 'none' }
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'login'; readonly username: string; readonly password: string }
  | { readonly kind: 'refused'; readonly message: string };

/** @param names what the two fields of the login are called in this kind */
export function readPullSecretWish(
  value: unknown,
  names: { readonly user: string; readonly password: string },
): PullSecretWish {
  const either = `the name of a Secret, or an object with ${names.user} and ${names.password}`;
  if (value === undefined || value === null || value === '') return { kind: 'none' };
  if (typeof value === 'string') {
    return new RegExp(OBJECT_NAME).test(value) && value.length <= 253
      ? { kind: 'named', name: value }
      : refuse(`"${value.slice(0, 60)}" is no name of a Secret: use a-z, 0-9, - and .`);
  }
  if (!isObject(value)) return refuse(`it must be ${either}`);
  const strange = Object.keys(value).find((key) => key !== names.user && key !== names.password);
  if (strange !== undefined) return refuse(`it has a field ${strange.slice(0, 60)}: give ${either}`);
  const { [names.user]: username = '', [names.password]: password = '' } = value;
  if (typeof username !== 'string' || typeof password !== 'string')
    return refuse(`${names.user} and ${names.password} must be text: put them in quotes`);
  if (username === '' && password === '') return { kind: 'none' };
  if (username === '' || password === '')
    return refuse(`it needs both ${names.user} and ${names.password}, or neither: give both`);
  if (username.includes(':'))
    return refuse(`${names.user} holds a colon, which ends a user's name at a registry: take it out`);
  return { kind: 'login', username, password };
}

const refuse = (message: string): PullSecretWish => ({ kind: 'refused', message });
