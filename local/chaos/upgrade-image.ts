import { imageRelease, nextRelease } from '../../src/domain/release';
import { MONGO_RELEASES } from '../images/image-catalog';
import { StackError } from '../stack/stack-error';

/** The image of the release after that of `image`. @throws StackError when the tag names none that another follows */
export function followingImage(image: string): string {
  return image.replace(/:[^:/@]+(@.*)?$/, `:${followingRelease(image)}`);
}

/** @throws StackError as {@link followingImage} */
export function followingRelease(image: string): string {
  const release = imageRelease(image);
  const next = release === undefined ? undefined : nextRelease(release);
  if (next === undefined)
    throw new StackError(`--image ${image} names no release that another follows: e.g. mongo:4.2.`, 2);
  return next;
}

/**
 * An upgrade takes both images from the stack, and both of one engine: neither reads the other's files.
 * @param found releases of true mongods on this machine: all others are the stand-in's
 * @throws StackError saying which one is missing
 */
export function checkUpgradeImages(image: string, found: readonly string[]): void {
  const next = followingRelease(image);
  const known: readonly string[] = [...MONGO_RELEASES, ...found];
  if (!known.includes(next)) throw new StackError(`upgrade needs mongo:${next}, which the stack has not.`, 2);
  const isTrue = found.includes(imageRelease(image) ?? '');
  if (isTrue === found.includes(next)) return;
  const missing = isTrue ? next : imageRelease(image);
  throw new StackError(
    `upgrade needs both releases of one engine: name a mongod of ${missing} in MONGOD too, or none.`,
    2,
  );
}
