import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import type { StackLayout } from './layout';
import { StackError } from './stack-error';
import { logPath } from './supervisor';

/** Prints the end of a process's log and, if asked, what is added; without a name the names of all logs. */
export async function showLogs(
  layout: StackLayout,
  name: string | undefined,
  follow: boolean,
): Promise<void> {
  const names = existsSync(layout.logFolder)
    ? readdirSync(layout.logFolder)
        .filter((file) => file.endsWith('.log'))
        .map((file) => file.replace(/\.log$/, ''))
        .sort()
    : [];
  if (name === undefined) {
    process.stdout.write(`${names.join('\n')}\n`);
    return;
  }
  if (!names.includes(name)) {
    throw new StackError(`No log is named "${name}". There are: ${names.join(', ')}.`, 2);
  }
  const args = [...(follow ? ['-F'] : []), '-n', follow ? '50' : '500', logPath(layout.logFolder, name)];
  await new Promise<void>((resolve) => {
    spawn('tail', args, { stdio: 'inherit' }).once('close', () => resolve());
  });
}
