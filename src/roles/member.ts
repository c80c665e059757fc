import { parseImageReplacements } from '../domain/image';
import { createKube } from '../kube/client';
import { startMemberManager } from '../member/manager';
import { never, userAgentOf, type Role, type Surroundings } from './role';

/** The data plane of one cluster: MongoDB objects to pods. */
export async function runMember({ config, kubeConfig, registry, logger }: Surroundings): Promise<Role> {
  const manager = await startMemberManager({
    kube: createKube(kubeConfig, { userAgent: userAgentOf('member') }),
    config: {
      fedstateImage: config.FEDSTATE_IMAGE,
      exporterImage: config.EXPORTER_IMAGE,
      imageReplacements: parseImageReplacements(config.IMAGES_REPLACE),
      imagePullPolicy: config.IMAGE_PULL_POLICY,
      vip: config.VIP,
      leaseNamespace: config.POD_NAMESPACE,
      identity: config.POD_NAME,
    },
    logger,
    registry,
  });
  return { ready: () => manager.ready(), ended: never, stop: () => manager.stop() };
}
