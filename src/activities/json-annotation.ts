import type { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';

/** What somebody has garbled counts as absent: whoever keeps the record writes it anew. */
export function readJsonAnnotation<T>(
  cr: MultiCloudMongoDB,
  key: string,
  schema: z.ZodType<T>,
  absent: T,
): T {
  try {
    const parsed = schema.safeParse(JSON.parse(cr.metadata.annotations[key] ?? 'null'));
    return parsed.success ? parsed.data : absent;
  } catch {
    return absent;
  }
}
