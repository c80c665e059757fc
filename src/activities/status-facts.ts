import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import type { HealthVerdict } from '../domain/health';
import type { OperationProgress, OperationRecord } from '../domain/instance';
import type { StageResult } from '../domain/operation';
import type { Placement } from '../domain/placement';
import type { ClusterReport } from '../karmada/binding';

/** The election of the present primary; what it cost is read only when it is another than the status knows. */
export interface SeenElection {
  readonly term: number;
  readonly host: string;
  readonly at: string;
  readonly reason?: string | undefined;
  readonly outageSeconds?: number | undefined;
}

/** Everything the status is made of, read at one moment. */
export interface StatusFacts {
  readonly cr: MultiCloudMongoDB;
  readonly now: string;
  readonly annotation: string | undefined;
  readonly placement: StageResult<Placement>;
  readonly reports: ReadonlyMap<string, ClusterReport>;
  /** Absent until members have addresses. */
  readonly health: HealthVerdict | undefined;
  /** Of the present primary; absent: it does not tell, or there is none. */
  readonly election?: SeenElection | undefined;
  /** Undefined leaves what stands; null says that nothing is in hand. */
  readonly progress: OperationProgress | null | undefined;
  readonly record: OperationRecord | undefined;
  readonly created: boolean;
  readonly connectionString: string | undefined;
  readonly warnings: readonly string[];
  readonly image: string | undefined;
  /** Clusters that hold members and have lost their registration or address: a sentence for each. */
  readonly strayed: readonly string[];
  /** Objects on Karmada that are not as they were made; undefined: not looked at this time. */
  readonly deviations: readonly string[] | undefined;
}
