import { KeyFileError } from './auth/keyfile';
import { messageOf } from './error';
import { openLog } from './log';
import { type Dialect, chooseDialect } from './options/dialect';
import { OptionsError, readOptions } from './options/options';
import { exitCode, startServer } from './server/server';
import { UpgradeError } from './storage/feature-version';
import { LockError } from './storage/lock-file';

const fail = (message: string, code: number): never => {
  process.stderr.write(`${message}\n`);
  process.exit(code);
};

const pickDialect = (wanted: string): Dialect => {
  try {
    return chooseDialect(wanted);
  } catch (error) {
    return fail(messageOf(error), exitCode.options);
  }
};

const printVersion = (dialect: Dialect): void => {
  process.stdout.write(
    `db version v${dialect.version}\ngit version: ${dialect.gitVersion}\nstandIn: fedstate\nmodules: none\n`,
  );
};

const codeOf = (error: unknown): number => {
  if (error instanceof KeyFileError) return exitCode.failure;
  if (error instanceof LockError) return exitCode.uncaught;
  if (error instanceof UpgradeError) return exitCode.needUpgrade;
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' ? 48 : exitCode.abrupt;
};

const main = async (): Promise<void> => {
  const options = readOptions(process.argv.slice(2), process.env);
  const dialect = pickDialect(options.dialect);
  if ('showVersion' in options) {
    printVersion(dialect);
    return;
  }
  const log = openLog(dialect.safeReconfig, options.logPath);
  log('CONTROL', 'MongoDB starting', {
    pid: process.pid,
    port: options.port,
    dbpath: options.dbPath,
    version: dialect.version,
    standIn: 'fedstate',
  });
  try {
    const server = await startServer(options, dialect, log, (code) => process.exit(code));
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => void server.stop(`got signal ${signal}`));
    }
  } catch (error) {
    log('CONTROL', messageOf(error), {}, 'F');
    fail(messageOf(error), codeOf(error));
  }
};

main().catch((error: unknown) => {
  if (error instanceof OptionsError) {
    fail(`${error.message}\ntry 'mongod --help' for more information`, exitCode.options);
  }
  fail(messageOf(error), exitCode.abrupt);
});
