import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command';
import { StackError } from './stack-error';

/**
 * Bundles the compiled workflows for the worker unless the bundle is of these very sources: about 7 s.
 * @throws StackError when the product is not compiled
 */
export async function bundleWorkflows(packageFolder: string): Promise<void> {
  const dist = join(packageFolder, 'dist');
  const program = join(dist, 'src', 'bundle.js');
  if (!existsSync(program)) throw new StackError(`${program} is missing: run npm run build.`);
  const stamp = join(dist, '.fedstate-bundle');
  const wanted = fingerprint(packageFolder);
  const isMade = existsSync(stamp) && existsSync(join(dist, 'workflow-bundle.js'));
  if (isMade && readFileSync(stamp, 'utf8') === wanted) return;
  await runCommand(process.execPath, [program], { cwd: packageFolder, timeoutMs: 300_000 });
  writeFileSync(stamp, wanted);
}

/** Workflows may import nothing but the domain; the rest of a bundle is the SDK's. */
function fingerprint(packageFolder: string): string {
  const hash = createHash('sha256').update(readFileSync(join(packageFolder, 'package-lock.json')));
  for (const room of ['workflows', 'domain']) {
    const folder = join(packageFolder, 'dist', 'src', room);
    for (const name of readdirSync(folder).sort()) {
      if (name.endsWith('.js')) hash.update(`${name}\n`).update(readFileSync(join(folder, name)));
    }
  }
  return hash.digest('hex');
}
