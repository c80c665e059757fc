import {
  buildHostConf,
  buildMongoDBTemplate,
  buildServiceTemplate,
  instanceLabels,
} from '../../../src/karmada/template';
import { makeInstance } from '../../support/custom-resource';

const choices = { image: 'mongo:4.2', hasConfig: true, hasPullSecret: true, affinity: undefined };

describe('buildMongoDBTemplate', () => {
  it('carries what the custom resource asks for, and no member count', () => {
    const cr = makeInstance({
      export: { enable: true, resource: { limits: { cpu: '500m', memory: '512Mi' } } },
      resource: { limits: { cpu: '2', memory: '512Mi' }, requests: { cpu: '1', memory: '512Mi' } },
      storage: { storageClass: 'managed-nfs-storage', storageSize: '1Gi' },
      imageSetting: { image: 'mongo:3.6', imagePullPolicy: 'Always', imagePullSecret: 'my-image-secret' },
      config: { configRef: 'my-custome-configmap', configSet: { LOG_LEVEL: 'debug' } },
      spreadConstraints: {
        nodeSelect: { deploy: 'mongo' },
        topologySpreadConstraints: { zone: '2/DoNotSchedule' },
      },
      scheduler: { tolerations: [{ key: 'db', operator: 'Exists' }] },
    });
    expect(buildMongoDBTemplate(cr, choices)['spec']).toEqual({
      type: 'ReplicaSet',
      control: 'Federated',
      instanceUID: '56c69f88-6c52-4886-a922-9ebf7c156ba5',
      image: 'mongo:4.2',
      imagePullPolicy: 'Always',
      imagePullSecret: 'orders-pull',
      credentialsSecretRef: 'orders-auth',
      memberConfigRef: 'orders-hostconf',
      customConfigRef: 'orders-config',
      config: [{ name: 'LOG_LEVEL', value: 'debug' }],
      resources: { limits: { cpu: '2', memory: '512Mi' }, requests: { cpu: '1', memory: '512Mi' } },
      persistence: {
        storage: '1Gi',
        storageClassName: 'managed-nfs-storage',
        whenDeleted: 'Retain',
        whenScaled: 'Delete',
      },
      metricsExporterSpec: { enable: true, resources: { limits: { cpu: '500m', memory: '512Mi' } } },
      podSpec: {
        nodeSelector: { deploy: 'mongo' },
        tolerations: [{ key: 'db', operator: 'Exists' }],
        topologySpreadConstraints: [
          {
            topologyKey: 'zone',
            maxSkew: 2,
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: { 'app.kubernetes.io/instance': 'orders' } },
          },
        ],
      },
    });
  });

  it('has no password in it', () => {
    const cr = makeInstance({ auth: { rootPasswd: 'hunter2' } });
    expect(JSON.stringify(buildMongoDBTemplate(cr, choices))).not.toContain('hunter2');
  });
});

describe('buildServiceTemplate', () => {
  it('leaves the NodePort to Karmada, so that one number holds in every cluster', () => {
    const service = buildServiceTemplate(makeInstance({}), 1);
    expect(service.metadata.name).toBe('orders-mongodb-1');
    expect(service['spec']).toEqual({
      type: 'NodePort',
      publishNotReadyAddresses: true,
      selector: { 'app.kubernetes.io/instance': 'orders', app: 'orders-mongodb-1' },
      ports: [{ name: 'mongo', port: 27017, targetPort: 27017, protocol: 'TCP' }],
    });
  });
});

describe('buildHostConf', () => {
  it('is a line per host without a trailing newline', () => {
    const conf = buildHostConf(makeInstance({}), {
      datas: ['10.0.0.1:30001', '10.0.0.2:30001'],
      arbiters: [],
    });
    expect(conf['data']).toEqual({ datas: "host:'10.0.0.1:30001'\nhost:'10.0.0.2:30001'", arbiters: '' });
  });
});

describe('instanceLabels', () => {
  it("hand on the user's labels but none of Karmada's", () => {
    const cr = makeInstance(
      {},
      { labels: { team: 'checkout', 'propagationpolicy.karmada.io/permanent-id': 'x' } },
    );
    expect(instanceLabels(cr)).toEqual({
      team: 'checkout',
      'app.kubernetes.io/instance': 'orders',
      'middleware.fedstate.io/instance-uid': '56c69f88-6c52-4886-a922-9ebf7c156ba5',
      'app.kubernetes.io/managed-by': 'fedstate',
    });
  });
});
