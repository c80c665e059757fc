import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import type { Resources } from '../api/shared';
import { isFedStateError } from '../domain/errors';
import { bytes, parseQuantity } from '../domain/quantity';
import { findPasswordFault } from '../mongodb/password';
import { mongodbProfile } from '../scheduler/mongodb-profile';
import { findRequestFault } from '../scheduler/schedule';
import { requestOf } from './schedule-request';

/**
 * The first thing in a spec that no cluster, Secret or ConfigMap could make right and that the API server cannot see:
 * the field and the remedy. Pure. Undefined: nothing.
 */
export function findSpecFault(cr: MultiCloudMongoDB): string | undefined {
  const { spec } = cr;
  const quantity =
    findQuantityFault('spec.resource', spec.resource) ??
    findQuantityFault('spec.export.resource', spec.export.resource) ??
    faultOf('spec.storage.storageSize', () => bytes(spec.storage.storageSize));
  if (quantity !== undefined) return quantity;
  const password = spec.auth.rootPasswd === undefined ? undefined : findPasswordFault(spec.auth.rootPasswd);
  if (password !== undefined) return `spec.auth.rootPasswd cannot be used, as ${password}.`;
  const request = findRequestFault(requestOf(cr, []), mongodbProfile);
  return request === undefined ? undefined : `spec.${request}`;
}

function findQuantityFault(field: string, resources: Resources | undefined): string | undefined {
  for (const part of ['requests', 'limits'] as const) {
    for (const [name, quantity] of Object.entries(resources?.[part] ?? {})) {
      const fault = faultOf(`${field}.${part}.${name}`, () => parseQuantity(quantity));
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

function faultOf(field: string, read: () => number): string | undefined {
  try {
    const value = read();
    return Number.isFinite(value) && value >= 0
      ? undefined
      : `${field} is no size that anything has: write a quantity such as 500m or 1Gi.`;
  } catch (error) {
    if (isFedStateError(error, 'InvalidSpec')) return `${field}: ${error.message}`;
    throw error;
  }
}
