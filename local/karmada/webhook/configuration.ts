import type { JsonObject } from '../kube/json';
import { LABELS } from '../domain/marks';

interface Hook {
  readonly name: string;
  readonly path: string;
  readonly group: string;
  readonly resource: string;
  readonly scope: string;
  readonly operations: readonly string[];
  readonly objectSelector?: JsonObject;
}

const policy = (name: string, verb: string, resource: string): Hook => ({
  name: `${name}.karmada.io`,
  path: `/${verb}-${name}`,
  group: 'policy.karmada.io',
  resource,
  scope: 'Namespaced',
  operations: ['CREATE', 'UPDATE'],
});

/**
 * Both webhook configurations, as a real Karmada names them, for the kinds that are served here.
 * @param url `https://host:port` of the webhook
 * @param caBundle base64 of the PEM that its certificate is checked against
 */
export function webhookConfigurations(url: string, caBundle: string): JsonObject[] {
  const configuration = (kind: string, name: string, hooks: readonly Hook[]): JsonObject => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name, labels: { app: 'karmada-webhook' } },
    webhooks: hooks.map((hook) => ({
      name: hook.name,
      rules: [
        {
          operations: [...hook.operations],
          apiGroups: [hook.group],
          apiVersions: ['*'],
          resources: [hook.resource],
          scope: hook.scope,
        },
      ],
      clientConfig: { url: `${url}${hook.path}`, caBundle },
      failurePolicy: 'Fail',
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      timeoutSeconds: 3,
      ...(hook.objectSelector === undefined ? {} : { objectSelector: hook.objectSelector }),
    })),
  });
  return [
    configuration('MutatingWebhookConfiguration', 'mutating-config', [
      policy('propagationpolicy', 'mutate', 'propagationpolicies'),
      policy('overridepolicy', 'mutate', 'overridepolicies'),
    ]),
    configuration('ValidatingWebhookConfiguration', 'validating-config', [
      policy('propagationpolicy', 'validate', 'propagationpolicies'),
      policy('overridepolicy', 'validate', 'overridepolicies'),
      {
        name: 'resourcedeletionprotection.karmada.io',
        path: '/validate-resourcedeletionprotection',
        group: '*',
        resource: '*',
        scope: '*',
        operations: ['DELETE'],
        objectSelector: {
          matchExpressions: [{ key: LABELS.deletionProtected, operator: 'Exists' }],
        },
      },
    ]),
  ];
}
