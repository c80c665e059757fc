import { z } from 'zod';
import type { Plane } from './access-grants';

/** What somebody asked of an API server, out of its audit log. */
export interface AccessRequest {
  /** `karmada`, or the member's name. */
  readonly cluster: string;
  readonly plane: Plane;
  /** Ms since the epoch at which it came in. */
  readonly at: number;
  /** Whom the server took the caller for: behind an impersonating proxy the one that was taken on. */
  readonly user: string;
  readonly groups: readonly string[];
  readonly agent: string;
  readonly verb: string;
  readonly target: RequestTarget | { readonly path: string };
  /** HTTP status of the answer; 0 while there was none. */
  readonly code: number;
  /** Why it was allowed or refused, in the server's words. */
  readonly reason: string;
}

export interface RequestTarget {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

const userSchema = z.looseObject({
  username: z.string().default(''),
  groups: z.array(z.string()).default([]),
});
const eventSchema = z.looseObject({
  auditID: z.string(),
  requestURI: z.string(),
  verb: z.string(),
  user: userSchema,
  impersonatedUser: userSchema.optional(),
  userAgent: z.string().default(''),
  objectRef: z
    .looseObject({
      apiGroup: z.string().default(''),
      resource: z.string().default(''),
      subresource: z.string().default(''),
      namespace: z.string().default(''),
      name: z.string().default(''),
    })
    .optional(),
  responseStatus: z
    .looseObject({ code: z.number().default(0), message: z.string().default('') })
    .default({ code: 0, message: '' }),
  requestReceivedTimestamp: z.string(),
  annotations: z.record(z.string(), z.string()).default({}),
});

/**
 * Requests out of the lines of an audit log, each once: a watch is logged when it begins and when it ends.
 * A last line that is still being written is left out, and what came in before `since` (ms since the epoch).
 */
export function readRequests(cluster: string, text: string, since = 0): AccessRequest[] {
  const seen = new Set<string>();
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '' && (since === 0 || arrivalOf(line) > since))
    .flatMap((line) => {
      const event = eventSchema.parse(JSON.parse(line));
      if (seen.has(event.auditID)) return [];
      seen.add(event.auditID);
      return [requestOf(cluster, event)];
    });
}

/** Without parsing the line: most of a log is older than what is looked for. */
const arrivalOf = (line: string): number =>
  Date.parse(/"requestReceivedTimestamp":"([^"]+)"/.exec(line)?.[1] ?? '');

function requestOf(cluster: string, event: z.infer<typeof eventSchema>): AccessRequest {
  const { username, groups } = event.impersonatedUser ?? event.user;
  const { objectRef, responseStatus, annotations } = event;
  return {
    cluster,
    plane: cluster === 'karmada' ? 'karmada' : 'member',
    at: Date.parse(event.requestReceivedTimestamp),
    user: username,
    groups,
    agent: event.userAgent,
    verb: event.verb,
    target:
      objectRef === undefined || objectRef.resource === ''
        ? { path: event.requestURI.replace(/\?.*$/, '') }
        : {
            group: objectRef.apiGroup,
            resource: objectRef.resource,
            subresource: objectRef.subresource,
            namespace: objectRef.namespace,
            name: objectRef.name,
          },
    code: responseStatus.code,
    reason: responseStatus.message || (annotations['authorization.k8s.io/reason'] ?? ''),
  };
}

/** `east fedstate-worker: list pods in shop` */
export function describeRequest(request: AccessRequest): string {
  const { target } = request;
  const who = request.user.replace(/^system:serviceaccount:[^:]+:/, '');
  const what =
    'path' in target
      ? target.path
      : [
          [
            [target.resource, target.subresource].filter((part) => part !== '').join('/'),
            ...(target.group === '' ? [] : [target.group]),
          ].join('.'),
          ...(target.name === '' ? [] : [target.name]),
          ...(target.namespace === '' ? [] : ['in', target.namespace]),
        ].join(' ');
  return `${request.cluster} ${who}: ${request.verb} ${what}`;
}

const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

export const isWrite = ({ verb }: AccessRequest): boolean => WRITES.has(verb);

/** Renewed every two seconds by whoever acts in a member: a sign of life, and no change of anything. */
export const isLeaseRenewal = ({ verb, target }: AccessRequest): boolean =>
  (verb === 'patch' || verb === 'update') &&
  'resource' in target &&
  target.group === 'coordination.k8s.io' &&
  target.resource === 'leases';

/** `3 × east fedstate-member: patch …`, most frequent first. */
export function countRequests(requests: readonly AccessRequest[]): string[] {
  const counts = new Map<string, number>();
  for (const request of requests) {
    const line = describeRequest(request);
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one).map(([line, count]) => `${count} × ${line}`);
}
