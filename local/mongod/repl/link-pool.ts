import { type Keys, MemberLink } from '../wire/link';

/** Connections to other members, one for each purpose, so that a slow answer holds up nothing else. */
export class LinkPool {
  private readonly links = new Map<string, MemberLink>();

  constructor(private readonly keys: Keys) {}

  get(host: string, purpose: string): MemberLink {
    const key = `${purpose} ${host}`;
    let link = this.links.get(key);
    if (link === undefined) {
      link = new MemberLink(host, this.keys);
      this.links.set(key, link);
    }
    return link;
  }

  /** Keeps a connection made elsewhere, unless there is one for this purpose already. */
  offer(link: MemberLink, purpose: string): void {
    const key = `${purpose} ${link.host}`;
    if (this.links.has(key)) link.close();
    else this.links.set(key, link);
  }

  drop(host: string, purpose: string): void {
    const key = `${purpose} ${host}`;
    this.links.get(key)?.close();
    this.links.delete(key);
  }

  close(): void {
    for (const link of this.links.values()) link.close();
  }
}
