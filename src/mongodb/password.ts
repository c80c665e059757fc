import { saslprep } from '@mongodb-js/saslprep';

const MAX_CHARACTERS = 1024;

/**
 * Why nobody could sign in with a password: SCRAM-SHA-256 prepares it by RFC 4013 on both sides, here with the driver's
 * own code. Undefined: it is sound. The message never quotes it.
 */
export function findPasswordFault(password: string): string | undefined {
  if (password === '') return 'it is empty: give at least one character';
  if (Array.from(password).length > MAX_CHARACTERS)
    return `it has more than ${MAX_CHARACTERS} characters: shorten it`;
  if (/[\r\n]$/.test(password))
    return 'it ends with a line break, which is part of it: write it without, e.g. with kubectl create secret generic --from-literal';
  if (isPreparable(password)) return undefined;
  return (
    'it holds characters that no client may send (RFC 4013): line breaks and other control characters, emoji and ' +
    'what else is newer than Unicode 3.2, or letters of both writing directions: choose others'
  );
}

function isPreparable(password: string): boolean {
  try {
    return saslprep(password) !== '';
  } catch {
    return false;
  }
}
