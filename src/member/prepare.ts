import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What must be true before mongod starts, with its own uid: a keyfile that only it can read, and a data folder it can
 * write. Runs as an init container, alone: no imports but Node's.
 * @throws Error with a sentence that names the file and the remedy
 */
export function preparePod(source: string, keyfile: string, dataFolder: string): void {
  const text = readFileSync(source, 'utf8');
  if (!isKeyfile(text)) {
    throw new Error(
      `${source} is no keyfile: it must hold 6 to 1024 base64 characters. Correct "keyfile" in the credentials Secret.`,
    );
  }
  // A restarted init container finds its own file, which it may not write.
  rmSync(keyfile, { force: true });
  writeFileSync(keyfile, text, { mode: 0o400 });
  chmodSync(keyfile, 0o400);
  const probe = join(dataFolder, '.fedstate-writable');
  try {
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    throw new Error(
      `${dataFolder} cannot be written by uid ${process.getuid?.() ?? -1}: set podSpec.securityContext.fsGroup or ` +
        'the ownership of the volume.',
      { cause: error },
    );
  }
}

// One key, or while keys are changed a YAML list of two (mongod 4.2).
function isKeyfile(text: string): boolean {
  const listed = [...text.matchAll(/^\s*-\s+["']?([^"'\n]*)["']?\s*$/gm)].map((match) => match[1] ?? '');
  const keys = listed.length > 0 ? listed : [text];
  return keys.every((key) => {
    const characters = key.replace(/\s/g, '');
    return /^[A-Za-z0-9+/=]{6,1024}$/.test(characters);
  });
}

if (require.main === module) {
  const [source, keyfile, dataFolder] = process.argv.slice(2);
  if (source === undefined || keyfile === undefined || dataFolder === undefined) {
    process.stderr.write('usage: prepare.js KEYFILE_SOURCE KEYFILE DATA_FOLDER\n');
    process.exit(2);
  }
  try {
    preparePod(source, keyfile, dataFolder);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}
