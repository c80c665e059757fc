import { createWriteStream } from 'node:fs';

export type Severity = 'I' | 'W' | 'E' | 'F';

/** Writes the server's log: JSON lines from 4.4 on, plain lines before. Keeps the last lines for getLog. */
export interface Log {
  (component: string, message: string, attributes?: Record<string, unknown>, severity?: Severity): void;
  readonly recent: readonly string[];
  written(): number;
}

const keptLines = 1024;

const plainLine = (
  now: Date,
  severity: Severity,
  component: string,
  message: string,
  attributes: Record<string, unknown>,
) => {
  const tail = Object.keys(attributes).length === 0 ? '' : ` ${JSON.stringify(attributes)}`;
  return `${now.toISOString().replace('Z', '+0000')} ${severity}  ${component.padEnd(8)} [main] ${message}${tail}`;
};

const jsonLine = (
  now: Date,
  severity: Severity,
  component: string,
  message: string,
  attributes: Record<string, unknown>,
) =>
  JSON.stringify({
    t: { $date: now.toISOString() },
    s: severity,
    c: component,
    id: 0,
    ctx: 'main',
    msg: message,
    ...(Object.keys(attributes).length === 0 ? {} : { attr: attributes }),
  });

/** A log to a file, or to standard output when no path is given. */
export const openLog = (structured: boolean, path: string | undefined): Log => {
  const out = path === undefined ? process.stdout : createWriteStream(path, { flags: 'a' });
  const recent: string[] = [];
  let count = 0;
  const write = (
    component: string,
    message: string,
    attributes: Record<string, unknown> = {},
    severity: Severity = 'I',
  ): void => {
    const line = (structured ? jsonLine : plainLine)(new Date(), severity, component, message, attributes);
    count += 1;
    recent.push(line);
    if (recent.length > keptLines) recent.splice(0, recent.length - keptLines);
    out.write(`${line}\n`);
  };
  return Object.assign(write, { recent, written: () => count });
};
