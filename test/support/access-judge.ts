import type { Grant, Plane, ResourceTarget, Rights } from './access-grants';
import type { AccessRequest, RequestTarget } from './access-requests';

/** What a run asked of the API servers, held against what was given. */
export interface AccessVerdict {
  /** Answered with 403. Who gets 401 has no name: the token of a pod that was deleted a moment ago, for one. */
  readonly refused: readonly AccessRequest[];
  /** A role that came as somebody else, somebody else that came as a role, or an account that no manifest makes. */
  readonly strangers: readonly AccessRequest[];
  /** Allowed, but by no grant: there is a right from elsewhere. */
  readonly beyond: readonly AccessRequest[];
  readonly unused: readonly Grant[];
}

/** What every client may ask that has signed in (ClusterRole system:discovery). */
const PUBLIC_PATHS = ['/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez', '/readyz', '/version'];

/** A person's dry run comes to a member by the kubeconfig that Karmada keeps for the worker, and only looks. */
const isDryRun = ({ plane, agent, verb }: AccessRequest): boolean =>
  plane === 'member' && agent === 'fedstate-plan' && (verb === 'get' || verb === 'list');

const ROLE_AGENT = /^fedstate-(?:controller|worker|member)$/;

/** Only what concerns `namespace`'s accounts, or a role under whatever name, is judged. */
export function judgeAccess(
  rights: Readonly<Record<Plane, Rights>>,
  requests: readonly AccessRequest[],
  namespace: string,
): AccessVerdict {
  const ours = requests.filter(
    (request) =>
      !isDryRun(request) &&
      (request.groups.includes(`system:serviceaccounts:${namespace}`) || ROLE_AGENT.test(request.agent)),
  );
  const grants = [...rights.karmada.grants, ...rights.member.grants];
  const used = new Set<Grant>();
  const beyond = new Set<AccessRequest>();
  const isStranger = ({ plane, user, agent }: AccessRequest): boolean =>
    !rights[plane].accounts.includes(user) || user !== `system:serviceaccount:${namespace}:${agent}`;
  const asked = ours.filter((request) => !isRefused(request) && !isStranger(request));
  for (const request of asked) {
    for (const verb of verbsNeeded(request)) {
      const covering = grants.filter((grant) => coversRequest(grant, request, verb));
      for (const grant of covering) used.add(grant);
      if (covering.length === 0 && !isPublic(request)) beyond.add(request);
    }
  }
  return {
    refused: ours.filter(isRefused),
    strangers: ours.filter((request) => request.code !== 401 && isStranger(request)),
    beyond: [...beyond],
    unused: grants.filter((grant) => !used.has(grant)),
  };
}

const isRefused = ({ code }: AccessRequest): boolean => code === 403;

/** Server-side apply and update are judged once more, as `create`, when nothing stood there. */
function verbsNeeded({ verb, code }: AccessRequest): string[] {
  return code === 201 && (verb === 'patch' || verb === 'update') ? [verb, 'create'] : [verb];
}

function isPublic({ verb, target }: AccessRequest): boolean {
  return verb === 'get' && 'path' in target && PUBLIC_PATHS.some((path) => matchesPath(path, target.path));
}

/**
 * Whether this grant lets the request through, under this verb.
 * Source: Kubernetes, pkg/apis/rbac/v1/evaluation_helpers.go.
 */
export function coversRequest(grant: Grant, request: AccessRequest, verb = request.verb): boolean {
  if (grant.plane !== request.plane) return false;
  if (grant.subject !== request.user && !request.groups.includes(grant.subject)) return false;
  if (grant.verb !== '*' && grant.verb !== verb) return false;
  const { target } = request;
  if ('path' in grant.target || 'path' in target)
    return 'path' in grant.target && 'path' in target && matchesPath(grant.target.path, target.path);
  // A RoleBinding reaches only what lies in its namespace.
  if (grant.namespace !== undefined && grant.namespace !== target.namespace) return false;
  return matchesResource(grant.target, target);
}

function matchesResource(granted: ResourceTarget, asked: RequestTarget): boolean {
  if (granted.group !== '*' && granted.group !== asked.group) return false;
  if (granted.name !== undefined && granted.name !== asked.name) return false;
  const combined = asked.subresource === '' ? asked.resource : `${asked.resource}/${asked.subresource}`;
  if (granted.resource === '*' || granted.resource === combined) return true;
  return asked.subresource !== '' && granted.resource === `*/${asked.subresource}`;
}

function matchesPath(granted: string, asked: string): boolean {
  if (granted === '*' || granted === asked) return true;
  return granted.endsWith('*') && asked.startsWith(granted.slice(0, -1));
}
