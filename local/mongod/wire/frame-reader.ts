import { WireError, maxMessageBytes } from './message';

/** Cuts a byte stream into wire frames; holds what is incomplete. */
export class FrameReader {
  private chunks: Buffer[] = [];
  private held = 0;

  /**
   * Adds what arrived and returns the frames that are complete now.
   * @throws WireError when a length is out of range.
   */
  push(chunk: Buffer): Buffer[] {
    this.chunks.push(chunk);
    this.held += chunk.length;
    const frames: Buffer[] = [];
    let length = this.nextLength();
    while (length !== undefined && this.held >= length) {
      frames.push(this.take(length));
      length = this.nextLength();
    }
    return frames;
  }

  private nextLength(): number | undefined {
    if (this.held < 4) return undefined;
    let [first] = this.chunks;
    if (first === undefined || first.length < 4) {
      first = Buffer.concat(this.chunks);
      this.chunks = [first];
    }
    const length = first.readInt32LE(0);
    if (length < 16 || length > maxMessageBytes)
      throw new WireError(`message length ${length} is out of range`);
    return length;
  }

  private take(length: number): Buffer {
    const all = this.chunks.length === 1 ? this.chunks[0] : undefined;
    const bytes = all ?? Buffer.concat(this.chunks);
    this.held -= length;
    this.chunks = this.held > 0 ? [bytes.subarray(length)] : [];
    return bytes.subarray(0, length);
  }
}
