// Patterns that JavaScript and CEL (RE2) read alike: no back-reference, no look-around, no apostrophe.

const LABEL_PART = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const DNS_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const DNS_NAME = `${DNS_LABEL}([.]${DNS_LABEL})*`;

/** Kubernetes: "Labels and Selectors". */
export const LABEL_KEY = `^(${DNS_NAME}/)?${LABEL_PART}$`;
/** What a label's key must fit as well. */
export const LABEL_KEY_SIZE = '^([^/]{1,253}/)?[^/]{1,63}$';
/** May be empty. */
export const LABEL_VALUE = `^(${LABEL_PART})?$`;

/** Kubernetes: "Object Names and IDs", DNS subdomain; at most 253 characters. */
export const OBJECT_NAME = `^${DNS_NAME}$`;
export const OBJECT_NAME_OR_EMPTY = `^(${DNS_NAME})?$`;
/** Key in the data of a Secret or ConfigMap. */
export const DATA_KEY = '^[-._a-zA-Z0-9]{1,253}$';

const HOST_LABEL = '[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?';
const HOST = `(${HOST_LABEL}([.]${HOST_LABEL})*|\\[[0-9a-fA-F:]+\\])`;
const PATH = '[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*';
const DIGEST = '(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})';

/** The distribution project's reference: `[registry[:port]/]repository[:tag][@digest]`. */
export const IMAGE_REFERENCE = `^(${HOST}(:[0-9]{1,5})?/)?${PATH}(/${PATH})*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@${DIGEST})?$`;

/** MongoDB manual: "Naming Restrictions", names of databases. */
export const DATABASE_NAME = '^[^/\\\\. "$*<>:|?\\x00-\\x1f]{1,63}$';

const cronField = (value: string): string => {
  const range = `${value}(-${value})?`;
  const item = `([*]|${range})(/[1-9][0-9]?)?`;
  return `${item}(,${item})*`;
};

/** Five fields of crontab(5): minute, hour, day of month, month, day of week. */
export const CRON_SCHEDULE = `^${[
  '[0-5]?[0-9]',
  '([01]?[0-9]|2[0-3])',
  '(0?[1-9]|[12][0-9]|3[01])',
  '(0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)',
  '([0-7]|SUN|MON|TUE|WED|THU|FRI|SAT)',
]
  .map(cronField)
  .join(' ')}$`;

/** Value of `topologySpreadConstraints`: maxSkew, and what happens when it cannot be had. */
export const TOPOLOGY_SPREAD = '^([1-9][0-9]{0,8})(?:/(ScheduleAnyway|DoNotSchedule))?$';
