/** A service as DNS-SD names it (RFC 6763). */
export interface ServiceAdvert {
  /** Instance name for people, at most 63 octets of UTF-8; dots are letters like others (RFC 6763 section 4.1.1). */
  readonly name: string;
  /** `_apple-midi._udp` or `_jam-togthr._tcp`. */
  readonly type: ServiceType;
  readonly port: number;
  /** At most 255 octets per entry as `key=value` (RFC 6763 section 6). */
  readonly txt: Readonly<Record<string, string>>;
  /** The one address that it listens on, and is announced with. Default: it listens on all of this machine's. */
  readonly boundTo?: string;
}
export type ServiceType = '_apple-midi._udp' | '_jam-togthr._tcp';

/** One per name and type, over however many networks and protocols it is seen. */
export interface FoundService extends Omit<ServiceAdvert, 'boundTo'> {
  readonly host: string;
  /** Numeric addresses, those most likely to be reachable first; link-local IPv6 with its interface (`fe80::1%eth0`). */
  readonly addresses: readonly string[];
}

/** Announces and finds services on the local network. Contract: tests/contracts/discovery.contract.ts. */
export interface Discovery extends AsyncDisposable {
  /**
   * Announces until disposed (which says goodbye). A taken name gets a number appended, " (2)" or " #2"; one that is too
   * long is cut. Without a network it resolves too, and is announced when there is one. Rejects with PortError:
   * 'invalid', 'closed'.
   */
  announce(advert: ServiceAdvert): Promise<Announcement>;
  /** Told now and on each change with all services of that type known, sorted by name. Own ones are included. */
  browse(type: ServiceType, listener: (found: readonly FoundService[]) => void): Disposable;
}

export interface Announcement extends AsyncDisposable {
  /** The name that is announced now: after a conflict, then or later, another than the one asked for. */
  readonly name: string;
  /** Replaces the TXT record. */
  update(txt: Readonly<Record<string, string>>): Promise<void>;
}
