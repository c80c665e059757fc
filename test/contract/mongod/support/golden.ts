import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, EJSON } from 'bson';
import type { Canonical, WireClient } from './wire-client';

/** One recorded exchange with a real mongod 4.2. `trimmed`: fields of the reply that the record leaves out. */
export interface Exchange {
  readonly step: string;
  readonly at: string;
  readonly as: string;
  readonly command: Document;
  readonly trimmed: readonly string[];
  /** The record keeps some fields of the reply only. */
  readonly partial: boolean;
  readonly reply: Canonical | undefined;
  readonly error: Canonical | undefined;
}

const folder = join(__dirname, '../../goldens/mongod');

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const record = (value: unknown): Canonical | undefined => (isRecord(value) ? value : undefined);

/** What each member was seen to be, one view after another. */
export interface Timeline {
  readonly step: string;
  readonly views: readonly Readonly<Record<string, string>>[];
}

const parseLine = (raw: Record<string, unknown>): Exchange => {
  const command: unknown = EJSON.deserialize(record(raw['command']) ?? {}, { relaxed: false });
  const trimmed = raw['trimmed'];
  return {
    step: String(raw['step']),
    at: String(raw['at']),
    as: String(raw['as']),
    command: isRecord(command) ? command : {},
    trimmed: Array.isArray(trimmed) ? trimmed.map(String) : [],
    partial: raw['partial'] === true,
    reply: record(raw['reply']),
    error: record(raw['error']),
  };
};

const parseViews = (views: readonly unknown[]): Timeline['views'] =>
  views.map((view) =>
    Object.fromEntries(Object.entries(record(view) ?? {}).map(([host, state]) => [host, String(state)])),
  );

const readLines = (name: string, address: (number: number) => string): Record<string, unknown>[] =>
  readFileSync(join(folder, `${name}.jsonl`), 'utf8')
    .replaceAll(/127\.0\.4(\d)\.1/g, (_, digit: string) => address(Number(digit)))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const raw: unknown = JSON.parse(line);
      if (!isRecord(raw)) throw new Error('a golden line is an object');
      return raw;
    });

/** The exchanges of a golden file, with the recorded 127.0.4N.1 put to the addresses of this run. */
export const readGolden = (name: string, address: (number: number) => string): Exchange[] =>
  readLines(name, address)
    .filter((raw) => isRecord(raw['command']))
    .map(parseLine);

/** The timelines of a golden file. */
export const readTimelines = (name: string, address: (number: number) => string): Timeline[] =>
  readLines(name, address).flatMap((raw) => {
    const views = raw['timeline'];
    return Array.isArray(views) ? [{ step: String(raw['step']), views: parseViews(views) }] : [];
  });

/** Fields whose value differs from run to run; only their BSON type is compared. */
const volatile = new Set([
  'connectionId',
  'uptime',
  'pingMs',
  'you',
  'version',
  'versionArray',
  'gitVersion',
  'storageEngines',
  'sysInfo',
  'totalLinesWritten',
  'sizeOnDisk',
  'totalSize',
  'id',
  't',
  'size',
  'storageSize',
  'avgObjSize',
  'objects',
  'dataSize',
  'indexSize',
  'totalIndexSize',
  'count',
  'salt',
  'storedKey',
  'serverKey',
  'configVersion',
  'setVersion',
  'argv',
  'parsed',
  'syncingTo',
  'syncSourceHost',
  'syncSourceId',
  'term',
  'fsUsedSize',
  'fsTotalSize',
  'numFiles',
  'n',
  'maxSize',
  'rbid',
]);

const typeMarks = ['$date', '$timestamp', '$oid', '$binary'];
const numberMarks = ['$numberInt', '$numberLong', '$numberDouble'];

const typeOnly = (value: unknown): string => {
  if (Array.isArray(value)) return '<list>';
  if (isRecord(value)) {
    const [mark] = Object.keys(value);
    return mark?.startsWith('$') === true ? `<${mark}>` : '<document>';
  }
  return `<${typeof value}>`;
};

const normalText = (text: string): string =>
  text
    .replaceAll(/[0-9a-f]{24}/g, '<id>')
    .replaceAll(/Timestamp\(\d+, \d+\)/g, '<ts>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.+Z-]+/g, '<date>')
    .replaceAll(/new configuration (version )?\d+/g, 'new configuration $1<n>')
    .replaceAll(/but \d+ is not greater than \d+/g, 'but <n> is not greater than <n>')
    .replaceAll(/^Request \d+ timed out, .*$/g, 'Request <n> timed out');

/** A reply as lines `path = value`, in field order, with everything that differs from run to run put to its type. */
export const normalise = (value: unknown, path = ''): string[] => {
  const key = path.slice(path.lastIndexOf('.') + 1);
  if (volatile.has(key)) return [`${path} = ${typeOnly(value)}`];
  if (Array.isArray(value)) {
    return value.length === 0
      ? [`${path} = []`]
      : value.flatMap((item: unknown, index) => normalise(item, `${path}[${index}]`));
  }
  if (!isRecord(value)) return [`${path} = ${typeof value === 'string' ? normalText(value) : String(value)}`];
  const fields = Object.entries(value);
  const [first] = fields;
  if (first === undefined) return [`${path} = {}`];
  const [mark, content] = first;
  if (typeMarks.includes(mark)) return [`${path} = <${mark}>`];
  if (numberMarks.includes(mark)) return [`${path} = ${mark} ${String(content)}`];
  return fields.flatMap(([name, item]) => normalise(item, path === '' ? name : `${path}.${name}`));
};

const ours = new Set(['$clusterTime', 'operationTime', 'standIn']);

/** Commands of whose replies the record keeps a part only. */
const partly = new Set([
  'serverStatus',
  'getCmdLineOpts',
  'top',
  'hostInfo',
  'connPoolStats',
  'currentOp',
  'getLog',
]);

/** The reply without what the record left out. */
const comparable = (reply: Canonical, kept: (name: string) => boolean): Canonical =>
  Object.fromEntries(Object.entries(reply).filter(([name]) => !ours.has(name) && kept(name)));

const errorFields = ['ok', 'errmsg', 'code', 'codeName'];

export interface Compared {
  readonly reply: Canonical;
  readonly actual: string[];
  readonly recorded: string[];
}

/** Puts the documents of a batch in order of their text: a find without sort gives them in any. */
const sortBatch = (reply: Canonical): Canonical => {
  const cursor = record(reply['cursor']);
  const batch = cursor?.['firstBatch'];
  if (cursor === undefined || !Array.isArray(batch)) return reply;
  const sorted = batch
    .map((document) => JSON.stringify(document))
    .sort()
    .map((text): unknown => JSON.parse(text));
  return { ...reply, cursor: { ...cursor, firstBatch: sorted } };
};

export interface Comparison {
  /** The record keeps some fields only. */
  readonly partial?: boolean | undefined;
  /** The order of documents does not matter. */
  readonly unordered?: boolean | undefined;
}

/** Sends a recorded command and gives both answers in comparable form. */
export const replay = async (
  client: WireClient,
  exchange: Exchange,
  { partial = false, unordered = false }: Comparison = {},
): Promise<Compared> => {
  const reply = await client.exact(exchange.command);
  const recorded = exchange.error ?? exchange.reply ?? {};
  const [name = ''] = Object.keys(exchange.command);
  const isPartial = partial || exchange.partial || partly.has(name) || Object.keys(recorded).length === 1;
  const kept = (field: string): boolean => {
    if (exchange.error !== undefined) return errorFields.includes(field);
    return isPartial ? field in recorded : !exchange.trimmed.includes(field);
  };
  const linesOf = (answer: Canonical): string[] =>
    normalise(comparable(unordered ? sortBatch(answer) : answer, kept));
  return { reply, actual: linesOf(reply), recorded: linesOf(recorded) };
};
