import { join } from 'node:path';
import { packageFolder } from '../stack/package-folder';
import type { ProcessSpec } from '../stack/process-spec';
import { StackError } from '../stack/stack-error';
import { socketOf, type ChaosStack } from './chaos-stack';
import { SOCKET_VARIABLE } from './report';

/** So that an instance whose entity Temporal has lost is found within the patience of a run. */
const RESYNC_SECONDS = '15';

/** Replaces the stack's worker by the same with the hook around its activities. */
export async function hookWorker(stack: ChaosStack): Promise<void> {
  const spec = await needSpec(stack, 'worker');
  const program = join(packageFolder(), 'dist', 'local', 'chaos', 'worker-main.js');
  await stack.supervisor.ensure({
    ...spec,
    command: [process.execPath, '--enable-source-maps', program],
    env: { ...spec.env, [SOCKET_VARIABLE]: socketOf(stack.layout) },
  });
}

/** Has the controller compare instances and entities every few seconds. */
export async function hastenController(stack: ChaosStack): Promise<void> {
  const spec = await needSpec(stack, 'controller');
  await stack.supervisor.ensure({ ...spec, env: { ...spec.env, RESYNC_SECONDS } });
}

/** The roles as the product starts them, also after a run that could not clean up. */
export async function restoreRoles(stack: ChaosStack): Promise<void> {
  for (const role of ['worker', 'controller'] as const) {
    const spec = await needSpec(stack, role);
    const env = Object.fromEntries(
      Object.entries(spec.env).filter(([name]) => name !== SOCKET_VARIABLE && name !== 'RESYNC_SECONDS'),
    );
    const program = join(packageFolder(), 'dist', 'src', 'main.js');
    await stack.supervisor.ensure({
      ...spec,
      command: [process.execPath, '--enable-source-maps', program, role],
      env,
    });
  }
}

async function needSpec({ supervisor, layout }: ChaosStack, name: string): Promise<ProcessSpec> {
  const record = (await supervisor.list()).find(({ spec }) => spec.name === name);
  if (record === undefined)
    throw new StackError(`Stack ${layout.name} has no ${name}: npm run local -- up`, 1);
  return record.spec;
}
