import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

/** Which API server a right is given on. */
export type Plane = 'karmada' | 'member';

/** The smallest part of a rule: one verb on one resource or path, held by one user or group. */
export interface Grant {
  readonly plane: Plane;
  /** Name of a user, as API servers call it, or of a group. */
  readonly subject: string;
  /** Undefined: in all namespaces, and outside of them. */
  readonly namespace: string | undefined;
  readonly verb: string;
  readonly target: ResourceTarget | { readonly path: string };
}

export interface ResourceTarget {
  readonly group: string;
  /** `pods`, `pods/exec`, `*`, `*\/scale` */
  readonly resource: string;
  /** Undefined: objects of every name. */
  readonly name: string | undefined;
}

const names = z.array(z.string()).default([]);
const ruleSchema = z.strictObject({
  apiGroups: names,
  resources: names,
  resourceNames: names,
  nonResourceURLs: names,
  verbs: z.array(z.string()),
});
const metadataSchema = z.looseObject({ name: z.string(), namespace: z.string().optional() });
const subjectSchema = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('ServiceAccount'), name: z.string(), namespace: z.string() }),
  z.looseObject({ kind: z.literal('Group'), name: z.string() }),
  z.looseObject({ kind: z.literal('User'), name: z.string() }),
]);
const documentSchema = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('ServiceAccount'), metadata: metadataSchema }),
  z.looseObject({
    kind: z.enum(['Role', 'ClusterRole']),
    metadata: metadataSchema,
    rules: z.array(ruleSchema),
  }),
  z.looseObject({
    kind: z.enum(['RoleBinding', 'ClusterRoleBinding']),
    metadata: metadataSchema,
    roleRef: z.looseObject({ kind: z.enum(['Role', 'ClusterRole']), name: z.string() }),
    subjects: z.array(subjectSchema),
  }),
]);
type Subject = z.infer<typeof subjectSchema>;
type Rule = z.infer<typeof ruleSchema>;

/** What manifests give to whom, and the accounts that they make. */
export interface Rights {
  readonly grants: readonly Grant[];
  /** User names of the ServiceAccounts. */
  readonly accounts: readonly string[];
}

export const userOfAccount = (namespace: string, name: string): string =>
  `system:serviceaccount:${namespace}:${name}`;

/** @throws when a binding names a role that is not in the text, or something stands there that is not about rights */
export function readRights(plane: Plane, text: string): Rights {
  const documents = parseAllDocuments(text).map((document) => {
    const value: unknown = document.toJS();
    return documentSchema.parse(value);
  });
  const roles = new Map(
    documents.flatMap((document) =>
      document.kind === 'Role' || document.kind === 'ClusterRole'
        ? [[`${document.kind} ${document.metadata.name}`, document.rules] as const]
        : [],
    ),
  );
  const grants = documents.flatMap((document) => {
    if (document.kind !== 'RoleBinding' && document.kind !== 'ClusterRoleBinding') return [];
    const rules = roles.get(`${document.roleRef.kind} ${document.roleRef.name}`);
    if (rules === undefined)
      throw new Error(`${document.metadata.name} binds an unknown ${document.roleRef.name}`);
    const namespace = document.kind === 'RoleBinding' ? document.metadata.namespace : undefined;
    return document.subjects.flatMap((subject) =>
      rules.flatMap((rule) =>
        expandRule(rule).map((part) => ({ plane, subject: nameOf(subject), namespace, ...part })),
      ),
    );
  });
  const accounts = documents.flatMap(({ kind, metadata }) =>
    kind === 'ServiceAccount' ? [userOfAccount(metadata.namespace ?? 'default', metadata.name)] : [],
  );
  return { grants, accounts };
}

function nameOf(subject: Subject): string {
  return subject.kind === 'ServiceAccount' ? userOfAccount(subject.namespace, subject.name) : subject.name;
}

function expandRule(rule: Rule): Pick<Grant, 'verb' | 'target'>[] {
  const objectNames = rule.resourceNames.length === 0 ? [undefined] : rule.resourceNames;
  const targets: Grant['target'][] = [
    ...rule.apiGroups.flatMap((group) =>
      rule.resources.flatMap((resource) => objectNames.map((name) => ({ group, resource, name }))),
    ),
    ...rule.nonResourceURLs.map((path) => ({ path })),
  ];
  return targets.flatMap((target) => rule.verbs.map((verb) => ({ verb, target })));
}

const RBAC_FOLDER = join(__dirname, '../../deploy/rbac');

/** What deploy/rbac gives on Karmada and in the members. */
export function readDeployedRights(): Readonly<Record<Plane, Rights>> {
  const read = (plane: Plane): Rights =>
    readRights(plane, readFileSync(join(RBAC_FOLDER, `${plane}.yaml`), 'utf8'));
  return { karmada: read('karmada'), member: read('member') };
}

/** `pods`, `clusters/proxy.cluster.karmada.io`, `leases.coordination.k8s.io fedstate-member-manager` */
export function describeTarget(target: Grant['target']): string {
  if ('path' in target) return target.path;
  const { group, resource, name } = target;
  return `${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : ` ${name}`}`;
}

/** One line, which also names the grant in a list of exceptions. */
export function describeGrant(grant: Grant): string {
  const who = grant.subject.replace(/^system:serviceaccount:[^:]+:/, '');
  const where = grant.namespace === undefined ? '' : ` in ${grant.namespace}`;
  return `${grant.plane} ${who}: ${grant.verb} ${describeTarget(grant.target)}${where}`;
}
