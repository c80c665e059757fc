import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import type { Wait } from '../domain/instance';
import type { UserSpec } from '../mongodb/users';
import type { ActivityContext } from './context';
import { readPassword } from './secret-value';

/** `spec.users` with their passwords; or the first reason why one cannot be made. */
export async function readApplicationUsers(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<
  { readonly users: readonly UserSpec[]; readonly versions: readonly string[] } | { readonly wait: Wait }
> {
  const users: UserSpec[] = [];
  const versions: string[] = [];
  for (const { name, passwordSecretRef, roles } of cr.spec.users ?? []) {
    const password = await readPassword(
      context,
      cr,
      `spec.users "${name}" passwordSecretRef`,
      passwordSecretRef,
    );
    if ('wait' in password) return password;
    users.push({ name, password: password.value, roles });
    versions.push(password.version);
  }
  return { users, versions };
}
