import { isFedStateError } from '../domain/errors';
import type { Wait } from '../domain/instance';
import { FIELD_MANAGER } from '../domain/marks';
import type { ActivityContext } from './context';
import type { Built } from './manifests';

/** The first template that the API server would not take, asked before anything is made: nothing may stay half made. */
export async function findRefusedTemplate(
  context: ActivityContext,
  templates: readonly Built[],
): Promise<Wait | undefined> {
  for (const { kind, manifest } of templates) {
    try {
      await context.karmada.apply(kind, manifest, {
        fieldManager: FIELD_MANAGER,
        force: true,
        dryRun: true,
      });
    } catch (error) {
      if (!isFedStateError(error, 'InvalidSpec')) throw error;
      return {
        code: 'SpecRefused',
        message: `${kind.kind} ${manifest.metadata.name}, made of the spec, would be refused: ${error.message}. Correct the field that this came from.`,
      };
    }
  }
  return undefined;
}
