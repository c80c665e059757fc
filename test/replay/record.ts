import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { TASK_QUEUE } from '../../src/domain/task-queues';
import setup from '../support/temporal-setup';
import teardown from '../support/temporal-teardown';
import { fromSetup } from '../support/temporal-worker';
import { newWorld } from '../support/world';
import { checkTarget, corpusFolder, listVersions, openHistory, replay, type HistoryFile } from './corpus';
import { formatHistory } from './history-json';
import { normalise } from './normalise';
import type { Recording } from './recording';
import { playScenario } from './scenario';
import { SCENARIOS } from './scenarios';

/** Plays every scenario on a development server and keeps the histories: `npm run histories -- v2 [--overwrite]`. */
async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { overwrite: { type: 'boolean', default: false } },
  });
  const version = positionals[0] ?? '';
  checkTarget(listVersions(), version, values.overwrite);
  await setup();
  try {
    const files: HistoryFile[] = [];
    for (const scenario of SCENARIOS) {
      const recordings = normalise(await playScenario(scenario, newWorld(), TASK_QUEUE));
      process.stdout.write(`${scenario.name}: ${recordings.length} histories\n`);
      for (const recording of recordings)
        files.push(openHistory(fileOf(scenario.name, recording), formatHistory(recording.events)));
    }
    await checkReplay(files);
    const folder = join(corpusFolder(), version);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const { name, text } of files) writeFileSync(join(folder, name), text);
    process.stdout.write(`${files.length} histories in ${folder}\n`);
  } finally {
    teardown();
  }
}

/** `creation.op-1-createInstance.1.json`. */
function fileOf(scenario: string, { workflowId, number }: Recording): string {
  const part = workflowId.split('/').slice(4).join('-');
  return `${scenario}.${part === '' ? 'instance' : part}.${number}.json`;
}

/** @throws when what was recorded is no history of these workflows: then nothing is written */
async function checkReplay(files: readonly HistoryFile[]): Promise<void> {
  const failures = await replay(fromSetup('TEMPORAL_TEST_BUNDLE'), files);
  if (failures.size > 0)
    throw new Error([...failures].map(([name, error]) => `${name}: ${error.message}`).join('\n'));
}

main().then(
  // The native runtime would keep the process.
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
