/** The least that a packet of a lane must be to set out (RFC 3550 section 5.1). */
const HEADER = 12;
/** Fits an SRTP packet into every path that IPv6 allows (RFC 8200 section 5) with room for a TURN channel. */
const MAX_PACKET = 1_200;
const VERSION = 2;
/** What a receiver takes for RTCP when it shares the port (RFC 5761 section 4). */
const FIRST_RTCP = 64;
const LAST_RTCP = 95;

export function isRtpPacket(packet: Uint8Array, length: number = packet.length): boolean {
  if (length < HEADER || length > MAX_PACKET || length > packet.length) return false;
  const type = (packet[1] ?? 0) & 0x7f;
  return (packet[0] ?? 0) >> 6 === VERSION && (type < FIRST_RTCP || type > LAST_RTCP);
}
