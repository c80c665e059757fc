import { StackError } from './stack-error';
import { parseMemberKubeconfigs } from './stack-name';

/** Flags that name clusters of others, as `parseArgs` takes them. */
export const ATTACH_FLAGS = {
  karmada: { type: 'string' },
  member: { type: 'string', multiple: true },
  image: { type: 'string' },
  'images-replace': { type: 'string' },
  'image-pull-policy': { type: 'string' },
} as const;

/** What {@link ATTACH_FLAGS} may hold. */
export interface AttachFlags {
  readonly karmada?: string | undefined;
  readonly member?: readonly string[] | undefined;
  readonly image?: string | undefined;
  readonly 'images-replace'?: string | undefined;
  readonly 'image-pull-policy'?: string | undefined;
}

/** Clusters that run already, and what runs in them. */
export interface Outside {
  /** Administrator's kubeconfig of a Karmada API server that runs already. */
  readonly karmada: string;
  /** Administrators' kubeconfigs by the name under which Karmada knows the member. */
  readonly members: ReadonlyMap<string, string>;
  /** Image of the member manager in these clusters' registry. */
  readonly image: string | undefined;
  /** As IMAGES_REPLACE of the configuration, e.g. `mongo:3.6=mongo:4.2`. */
  readonly imagesReplace: string | undefined;
  /** Pull policy in place of what resources ask for: for clusters whose images are loaded by hand. */
  readonly imagePullPolicy: string | undefined;
}

/** undefined when no flag names a cluster. @throws StackError (2) naming the flag that is missing or wrong */
export function readAttachFlags(flags: AttachFlags): Outside | undefined {
  const { karmada, member } = flags;
  if (karmada === undefined && member === undefined) return undefined;
  if (karmada === undefined || member === undefined) {
    throw new StackError('--karmada KUBECONFIG and --member NAME=KUBECONFIG belong together.', 2);
  }
  return {
    karmada,
    members: parseMemberKubeconfigs(member),
    image: flags.image,
    imagesReplace: flags['images-replace'],
    imagePullPolicy: flags['image-pull-policy'],
  };
}
