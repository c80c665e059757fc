import { readFileSync, statSync } from 'node:fs';
import { messageOf } from '../error';

/** A keyfile that mongod would not start with; the message is mongod's. */
export class KeyFileError extends Error {}

const checkKey = (key: string, path: string): string => {
  const stripped = key.replaceAll(/\s/g, '');
  const bad = /[^A-Za-z0-9+/=]/.exec(stripped);
  if (bad !== null) throw new KeyFileError(`invalid char in key file ${path}: ${bad[0]}`);
  if (stripped.length < 6 || stripped.length > 1024) {
    throw new KeyFileError(
      `security key in ${path} has length ${stripped.length}, must be between 6 and 1024 chars`,
    );
  }
  return stripped;
};

const splitKeys = (text: string): string[] => {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const isList = lines.length > 0 && lines.every((line) => line.startsWith('- ') || line.startsWith('  '));
  if (!isList) return [text];
  const keys: string[] = [];
  for (const line of lines) {
    if (line.startsWith('- ')) keys.push(line.slice(2).replaceAll(/["']/g, ''));
    else keys.push(`${keys.pop() ?? ''}${line}`);
  }
  return keys;
};

/**
 * Reads the keys of a keyfile: one key, or a YAML list of keys during rotation (S23). The first is used towards others.
 * @throws KeyFileError when mode, characters or length are wrong.
 */
export const readKeyFile = (path: string): [string, ...string[]] => {
  let text: string;
  try {
    const { mode } = statSync(path);
    if ((mode & 0o077) !== 0) throw new KeyFileError(`permissions on ${path} are too open`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof KeyFileError) throw error;
    throw new KeyFileError(`Error reading file ${path}: ${messageOf(error)}`);
  }
  const [first, ...rest] = splitKeys(text).map((key) => checkKey(key, path));
  if (first === undefined)
    throw new KeyFileError(`security key in ${path} has length 0, must be between 6 and 1024 chars`);
  return [first, ...rest];
};
