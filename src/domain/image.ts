import { FedStateError } from './errors';
import { IMAGE_REFERENCE } from './syntax';

/** One rule of `images.replace`: an image asked for, and the image that runs in its place. */
export interface ImageReplacement {
  readonly from: string;
  readonly to: string;
}

export type ImageVerdict =
  | { readonly outcome: 'resolved'; readonly image: string; readonly replaced?: ImageReplacement }
  | { readonly outcome: 'refused'; readonly message: string };

/** Oldest server that is operated: below it the driver does not connect (mongodb 7.5.0, wire version 8). */
const OLDEST = { major: 4, minor: 2 };

const DOCKER_HUB = 'docker.io';

/**
 * The rules written as `from=to`, parted by commas: `mongo:3.6=mongo:4.2`.
 * @throws FedStateError InvalidSpec naming the rule that has no two sides, or no image to run
 */
export function parseImageReplacements(text: string): ImageReplacement[] {
  return text
    .split(',')
    .map((rule) => rule.trim())
    .filter((rule) => rule !== '')
    .map((rule) => {
      const [from, to, ...rest] = rule.split('=').map((side) => side.trim());
      if (from === undefined || from === '' || to === undefined || to === '' || rest.length > 0) {
        throw new FedStateError(
          'InvalidSpec',
          `images.replace: "${rule}" is not of the form from=to, e.g. mongo:3.6=mongo:4.2.`,
        );
      }
      if (!isImageReference(to)) {
        throw new FedStateError(
          'InvalidSpec',
          `images.replace: "${to}" is no image: write [registry[:port]/]repository[:tag][@digest], the repository in lower case.`,
        );
      }
      return { from, to };
    });
}

const isImageReference = (text: string): boolean => new RegExp(IMAGE_REFERENCE).test(text);

/** The image that runs when `image` is asked for, or why none may. Short and full names of one image are equal. */
export function resolveImage(image: string, rules: readonly ImageReplacement[]): ImageVerdict {
  const asked = fullImageName(image);
  const rule = rules.find((candidate) => fullImageName(candidate.from) === asked);
  const chosen = rule?.to ?? image;
  const version = imageVersion(chosen);
  if (version !== undefined && isOlder(version, OLDEST)) {
    return {
      outcome: 'refused',
      message:
        `Image ${chosen} is older than MongoDB 4.2, the oldest that is operated. Ask for mongo:4.2 or newer, ` +
        `or map it in the configuration: images.replace "${chosen}=mongo:4.2".`,
    };
  }
  return rule === undefined
    ? { outcome: 'resolved', image }
    : { outcome: 'resolved', image: rule.to, replaced: rule };
}

/** The key under which a registry's credentials stand in a dockerconfigjson Secret. */
export function registryServer(image: string): string {
  const { registry } = parseImage(image);
  return registry === DOCKER_HUB ? 'https://index.docker.io/v1/' : registry;
}

/** The version that a MongoDB image's tag names; undefined for other images, digests and words like `latest`. */
export function imageVersion(image: string): { major: number; minor: number } | undefined {
  const { repository, tag } = parseImage(image);
  if (!/mongo[^/]*$/.test(repository)) return undefined;
  const match = /^v?(\d+)(?:\.(\d+))?(?:[.-]|$)/.exec(tag);
  if (match?.[1] === undefined) return undefined;
  // A tag with the major number alone is the newest of that line.
  return { major: Number(match[1]), minor: match[2] === undefined ? 99 : Number(match[2]) };
}

function isOlder(version: { major: number; minor: number }, than: { major: number; minor: number }): boolean {
  return version.major < than.major || (version.major === than.major && version.minor < than.minor);
}

function fullImageName(image: string): string {
  const { registry, repository, tag, digest } = parseImage(image);
  return `${registry}/${repository}:${tag}${digest === undefined ? '' : `@${digest}`}`;
}

interface ImageParts {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest?: string | undefined;
}

function parseImage(image: string): ImageParts {
  const [named = '', digest] = image.split('@');
  const slash = named.indexOf('/');
  const first = slash === -1 ? '' : named.slice(0, slash);
  const hasRegistry = first.includes('.') || first.includes(':') || first === 'localhost';
  const registry = hasRegistry ? first.replace(/^(index|registry-1)\.docker\.io$/, DOCKER_HUB) : DOCKER_HUB;
  const rest = hasRegistry ? named.slice(slash + 1) : named;
  const colon = rest.lastIndexOf(':');
  const path = colon === -1 ? rest : rest.slice(0, colon);
  const tag = colon === -1 ? (digest === undefined ? 'latest' : '') : rest.slice(colon + 1);
  const repository = registry === DOCKER_HUB && !path.includes('/') ? `library/${path}` : path;
  return { registry, repository, tag, digest };
}
