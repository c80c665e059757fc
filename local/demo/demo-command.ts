import { obtainPrograms } from '../programs/obtain';
import { packageFolder } from '../stack/package-folder';
import { readStackName } from '../stack/stack-name';
import { readBaseFolder } from '../stack/stack-registry';
import { bringUp } from '../stack/up';
import { runDemo } from './demo';

/** From nothing to a healthy sample: stack, installation, sample, proof. @throws StackError */
export async function runDemoCommand(args: readonly string[]): Promise<void> {
  const started = Date.now();
  const tell = (line: string): void => {
    process.stdout.write(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
  };
  const home = packageFolder();
  const layout = await bringUp({
    base: readBaseFolder(process.env),
    name: readStackName(process.env),
    members: undefined,
    withRoles: true,
    tell,
  });
  const programs = await obtainPrograms({ packageFolder: home, tell });
  await runDemo({
    kubectl: programs.kubectl,
    home,
    karmadaKubeconfig: layout.karmada.kubeconfig,
    temporalUi: layout.temporal.uiUrl,
    sample: args.includes('--full') ? 'full' : 'walkthrough',
    tell,
  });
}
