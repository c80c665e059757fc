import { join } from 'node:path';
import type { StackLayout } from '../stack/layout';
import { STAGE, type ProcessRequest } from '../stack/process-spec';
import { revisionOfFolders } from '../stack/revision';
import type { ControlRole, RoleKubeconfigs } from './control-plane';

export interface RoleFacts {
  readonly layout: StackLayout;
  readonly home: string;
  readonly roleKubeconfigs: RoleKubeconfigs;
  readonly imagesReplace: string;
}

/** Controller and worker as processes of this machine; the member managers run in their clusters. */
export function roleSpecs(facts: RoleFacts): ProcessRequest[] {
  return [roleSpec(facts, 'controller', 0), roleSpec(facts, 'worker', 1)];
}

function roleSpec(facts: RoleFacts, role: ControlRole, index: number): ProcessRequest {
  const { layout, home } = facts;
  return {
    name: role,
    command: [process.execPath, '--enable-source-maps', join(home, 'dist/src/main.js'), role],
    cwd: home,
    env: {
      KUBECONFIG: facts.roleKubeconfigs[role],
      TEMPORAL_ADDRESS: layout.temporal.address,
      IMAGES_REPLACE: facts.imagesReplace,
      // The stack's own loopback address: fixed ports never meet those of another stack.
      HEALTH_ADDRESS: `${layout.loopback}:${8090 + index}`,
      METRICS_ADDRESS: `${layout.loopback}:${8080 + index}`,
      ...(role === 'worker' ? { WORKFLOW_BUNDLE: join(home, 'dist/workflow-bundle.js') } : {}),
    },
    revision: revisionOfFolders([join(home, 'dist', 'src')]),
    stage: STAGE.role,
    graceSeconds: 25,
  };
}
