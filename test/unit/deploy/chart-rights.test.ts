import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { readDeployedRights, readRights, userOfAccount, type Plane } from '../../support/access-grants';

const ROOT = join(__dirname, '../../..');
const CHART = join(ROOT, 'deploy/chart/fedstate');
const read = (...parts: string[]): string => readFileSync(join(...parts), 'utf8');

const PLANES = ['karmada', 'member'] as const;
const OTHER = 'databases';

/** `plane` and `file` of each manifest that the chart's template puts in, and the namespace that it writes into it. */
function includedManifests(): { plane: string; file: string; replaced: string }[] {
  const pattern =
    /\{\{- if \.Values\.roles\.(\w+) \}\}\s*\{\{ \.Files\.Get "([^"]+)" \| replace "([^"]+)" \.Release\.Namespace \}\}\s*\{\{- end \}\}/g;
  return [...read(CHART, 'templates/rights.yaml').matchAll(pattern)].map(
    ([, plane = '', file = '', replaced = '']) => ({ plane, file, replaced }),
  );
}

test('the chart puts in the manifests of deploy/rbac, each for its API server', () => {
  expect(includedManifests()).toEqual(
    PLANES.map((plane) => ({ plane, file: `files/rbac/${plane}.yaml`, replaced: 'fedstate-system' })),
  );
  expect(readdirSync(join(CHART, 'files/rbac')).sort()).toEqual(
    readdirSync(join(ROOT, 'deploy/rbac')).sort(),
  );
});

test.each(PLANES)('in another namespace %s has the same rights, of the accounts there', (plane: Plane) => {
  const { file, replaced } = includedManifests().find((one) => one.plane === plane) ?? {
    file: '',
    replaced: '',
  };
  const rendered = readRights(plane, read(CHART, file).replaceAll(replaced, OTHER));
  const deployed = readDeployedRights()[plane];
  const moved = (text: string): string => text.replaceAll('fedstate-system', OTHER);
  expect(rendered.accounts).toEqual(deployed.accounts.map(moved));
  expect(rendered.grants).toEqual(
    deployed.grants.map((grant) => ({
      ...grant,
      subject: moved(grant.subject),
      namespace: grant.namespace === undefined ? undefined : OTHER,
    })),
  );
  expect(rendered.grants.filter(({ namespace }) => namespace !== undefined).length).toBe(
    plane === 'member' ? 3 : 0,
  );
});

test('no other template gives a right', () => {
  const givers = readdirSync(join(CHART, 'templates')).filter((name) =>
    /rbac\.authorization\.k8s\.io|\brules:|ServiceAccount\b/.test(read(CHART, 'templates', name)),
  );
  expect(givers).toEqual([]);
});

test('the manager runs as the account that has the rights, in the chart and without it', () => {
  const { accounts } = readDeployedRights().member;
  const account =
    /"role" "member" .*"account" "([^"]+)"/.exec(read(CHART, 'templates/member.yaml'))?.[1] ?? '';
  expect(accounts).toContain(userOfAccount('fedstate-system', account));
  const deployment = z
    .object({
      spec: z.object({ template: z.object({ spec: z.object({ serviceAccountName: z.string() }) }) }),
    })
    .parse(parse(read(ROOT, 'deploy/member/deployment.yaml')));
  expect(deployment.spec.template.spec.serviceAccountName).toBe(account);
});
