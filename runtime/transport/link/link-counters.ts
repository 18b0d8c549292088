import type { LinkEnd } from './link-state.ts';

/** What the links of one box have seen; shared by all of them. */
export class LinkCounters {
  framesIn = 0;
  framesOut = 0;
  octetsIn = 0;
  octetsOut = 0;
  refused = 0;
  /** Refusals by this box, by reason; the same links as in `refused`. */
  readonly refusals: Record<string, number> = {};
  /** Packets that came before the link was open. */
  packetsDropped = 0;
  /** Peers cut off, by reason. Reasons are words of ours, so that the table stays small. */
  readonly cut: Record<string, number> = {};

  noteEnd(end: LinkEnd): void {
    if (end.kind === 'refusing') {
      this.refused++;
      this.refusals[end.code] = (this.refusals[end.code] ?? 0) + 1;
    } else if (end.kind === 'cut') this.cut[end.reason] = (this.cut[end.reason] ?? 0) + 1;
    else if (end.kind === 'silent' || end.kind === 'backlog') {
      this.cut[end.kind] = (this.cut[end.kind] ?? 0) + 1;
    }
  }
}
