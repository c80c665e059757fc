/**
 * The keys of a keyfile: one, or a YAML list of two while keys are changed (mongod 4.2 and later; manual: "Rotate Keys").
 * The first is what a member uses towards others; it takes both from them.
 */
export function readKeys(text: string): [string, ...string[]] {
  const listed = [...text.matchAll(/^\s*-\s+["']?([^"'\n]*)["']?\s*$/gm)].map((match) => match[1] ?? '');
  const [first = text, ...rest] = listed;
  return [first, ...rest];
}

export const formatKeys = (keys: readonly string[]): string =>
  keys.length === 1 ? (keys[0] ?? '') : keys.map((key) => `- ${key}\n`).join('');
