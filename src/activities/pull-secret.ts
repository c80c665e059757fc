import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { readPullSecretWish, type PullSecretWish } from '../api/pull-secret';
import { registryServer } from '../domain/image';
import { metadataSchema } from '../kube/object';

export const secretSchema = z.looseObject({
  metadata: metadataSchema,
  type: z.string().optional(),
  data: z.record(z.string(), z.string()).default({}),
});
export type Secret = z.infer<typeof secretSchema>;

/** What `imagePullSecret` asks for; a login is called so in this kind. */
export const readPullSecretOf = (cr: MultiCloudMongoDB): PullSecretWish =>
  readPullSecretWish(cr.spec.imageSetting.imagePullSecret, { user: 'user', password: 'passwd' });

/** `.dockerconfigjson` (base64) for a user and password at the registry of an image. */
export function makeDockerConfig(image: string, username: string, password: string): string {
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  const auths = { [registryServer(image)]: { username, password, auth } };
  return Buffer.from(JSON.stringify({ auths })).toString('base64');
}
