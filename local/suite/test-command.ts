import { parseArgs } from 'node:util';
import { IMAGES_REPLACE } from '../install/fedstate';
import { temporalServerPath } from '../programs/temporal';
import { attachStack } from '../stack/attach';
import { ATTACH_FLAGS, readAttachFlags, type Outside } from '../stack/attach-flags';
import { resetStack } from '../stack/down';
import { packageFolder } from '../stack/package-folder';
import { StackError } from '../stack/stack-error';
import { readBaseFolder } from '../stack/stack-registry';
import { bringUp } from '../stack/up';
import { offerPrograms } from './programs';
import { environmentFile, runSuite, type Stage } from './suite';

/** A stack of the suite's own, beside the demo's. */
const STACK = 'test';
const OUTSIDE_STACK = 'test-outside';

const USAGE = `npm test [-- OPTIONS]
  --only e2e                       the end-to-end suite alone
  --long                           also what takes minutes more: neighbours, drift, lost clusters, unused rights
  --karmada KUBECONFIG --member NAME=KUBECONFIG …
  [--image REF] [--images-replace FROM=TO,…] [--image-pull-policy POLICY]
                                   the end-to-end suite on clusters that exist already`;

/** `npm test`: programs first, then every check. Gives the exit code. @throws StackError naming a wrong flag */
export async function runTestCommand(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: 'string' }, long: { type: 'boolean', default: false }, ...ATTACH_FLAGS },
  });
  const { only, long } = values;
  if (only !== undefined && only !== 'e2e') throw new StackError(USAGE, 2);
  const outside = readAttachFlags(values);
  const say = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  const home = packageFolder();
  await offerPrograms(home, say);
  process.env['FEDSTATE_TEMPORAL'] = await temporalServerPath();
  const stage = (): Promise<Stage> => (outside === undefined ? openStage(say) : openOutside(outside, say));
  return runSuite({ home, openStage: stage, say, only, long });
}

/** Clusters of others: what the suite needs of FedState goes there, and stays when it ends. */
async function openOutside(outside: Outside, say: (line: string) => void): Promise<Stage> {
  const base = readBaseFolder(process.env);
  // The samples ask for what is no longer operated: mapped as the local stack does, unless said otherwise.
  const imagesReplace = outside.imagesReplace ?? IMAGES_REPLACE;
  const layout = await attachStack({
    base,
    name: OUTSIDE_STACK,
    outside: { ...outside, imagesReplace },
    tell: say,
  });
  return {
    available: true,
    environmentFile: environmentFile(layout.root),
    close: async () => {
      await resetStack(base, OUTSIDE_STACK);
    },
  };
}

async function openStage(say: (line: string) => void): Promise<Stage> {
  const base = readBaseFolder(process.env);
  try {
    const layout = await bringUp({ base, name: STACK, members: undefined, withRoles: true, tell: say });
    return {
      available: true,
      environmentFile: environmentFile(layout.root),
      close: async () => {
        await resetStack(base, STACK);
      },
    };
  } catch (error) {
    // Code 3: this machine cannot; anything else is a fault that must be seen.
    if (error instanceof StackError && error.exitCode === 3)
      return { available: false, reason: error.message };
    throw error;
  }
}
