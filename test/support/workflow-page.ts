import type { Client } from '@temporalio/client';
import { z } from 'zod';

const metadataSchema = z.looseObject({ currentDetails: z.string() });

/** What the Temporal UI shows as a workflow's current details, by the query that it asks. */
export async function readPage(client: Client, workflowId: string): Promise<string> {
  const handle = client.workflow.getHandle(workflowId);
  return metadataSchema.parse(await handle.query('__temporal_workflow_metadata')).currentDetails;
}
