import { WorkflowUpdateFailedError } from '@temporalio/client';

/** Why an Update was refused. @throws Error when it was taken */
export async function refusalOf(update: Promise<unknown>): Promise<string> {
  try {
    await update;
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) return error.cause?.message ?? '';
    throw error;
  }
  throw new Error('the Update was taken');
}
