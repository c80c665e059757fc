import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { makeAccountKubeconfig } from './account';
import { accountOf } from './control-plane';
import { createKubectl } from './kubectl';

export interface MemberInstall {
  readonly kubectl: string;
  readonly home: string;
  readonly cluster: string;
  readonly kubeconfig: string;
  readonly karmadaKubeconfig: string;
  /** Environment of the member manager beyond the manifest's own. */
  readonly environment: Readonly<Record<string, string>>;
  /** Changes when the image's content does: the same tag would not roll the Deployment. */
  readonly imageDigest: string;
  /** Image of the manager, where it is not the manifest's own. */
  readonly image?: string | undefined;
}

const deploymentSchema = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      metadata: z.looseObject({ annotations: z.record(z.string(), z.string()).optional() }),
      spec: z.looseObject({
        containers: z.tuple([
          z.looseObject({ env: z.array(z.looseObject({ name: z.string() })).default([]) }),
        ]),
      }),
    }),
  }),
});

/** Definitions, rights and the member manager in one member, and the way there as a Secret on Karmada. */
export async function installMember(facts: MemberInstall): Promise<void> {
  const kubectl = createKubectl(facts.kubectl, facts.kubeconfig);
  const deploy = (...parts: string[]): string => join(facts.home, 'deploy', ...parts);
  await kubectl.apply([deploy('member', 'namespace.yaml'), deploy('crds'), deploy('rbac', 'member.yaml')]);
  await kubectl.applyText(renderDeployment(readFileSync(deploy('member', 'deployment.yaml'), 'utf8'), facts));
  const access = await makeAccountKubeconfig(kubectl, facts.kubeconfig, accountOf('worker'));
  await createKubectl(facts.kubectl, facts.karmadaKubeconfig).applyText(
    stringify({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `fedstate-member-${facts.cluster}`, namespace: 'fedstate-system' },
      type: 'Opaque',
      data: { kubeconfig: Buffer.from(access).toString('base64') },
    }),
  );
}

/** Waits until the manager of a member is ready. @throws StackError with kubectl's words */
export async function awaitMember(
  kubectlProgram: string,
  kubeconfig: string,
  seconds: number,
): Promise<void> {
  const kubectl = createKubectl(kubectlProgram, kubeconfig);
  await kubectl.run([
    'rollout',
    'status',
    'deployment/fedstate-member',
    '-n',
    'fedstate-system',
    `--timeout=${seconds}s`,
  ]);
}

/** The manifest with these variables, and a mark that rolls it when the image changes. */
export function renderDeployment(
  text: string,
  facts: Pick<MemberInstall, 'environment' | 'imageDigest' | 'image'>,
): string {
  const deployment = deploymentSchema.parse(parse(text));
  const { template } = deployment.spec;
  const [container] = template.spec.containers;
  const added = Object.entries(facts.environment).map(([name, value]) => ({ name, value }));
  const image = facts.image === undefined ? {} : { image: facts.image };
  const kept = container.env.filter((variable) => facts.environment[variable.name] === undefined);
  return stringify({
    ...deployment,
    spec: {
      ...deployment.spec,
      template: {
        ...template,
        metadata: {
          ...template.metadata,
          annotations: { ...template.metadata.annotations, 'fedstate.io/image-digest': facts.imageDigest },
        },
        spec: { ...template.spec, containers: [{ ...container, ...image, env: [...kept, ...added] }] },
      },
    },
  });
}
