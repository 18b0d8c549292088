/**
 * Binary frames: octets of a tunnel. PROTOCOL.md, "Tunnels".
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

const TUNNEL_OCTETS = 8;
/** In one frame, and in one direction before the receiver widens it. */
export const MAX_TUNNEL_PART = 16_384;
export const TUNNEL_WINDOW = 131_072;
export const MAX_BINARY: number = TUNNEL_OCTETS + MAX_TUNNEL_PART;

export interface TunnelFrame {
  /** 16 hex digits. */
  readonly tunnel: string;
  readonly octets: Uint8Array;
}

export function encodeTunnelFrame({ tunnel, octets }: TunnelFrame): Uint8Array {
  const frame = new Uint8Array(TUNNEL_OCTETS + octets.length);
  frame.set(hexToBytes(tunnel));
  frame.set(octets, TUNNEL_OCTETS);
  return frame;
}

/** Undefined: too short or too long. `octets` is a view. */
export function decodeTunnelFrame(frame: Uint8Array): TunnelFrame | undefined {
  if (frame.length <= TUNNEL_OCTETS || frame.length > MAX_BINARY) return undefined;
  return {
    tunnel: bytesToHex(frame.subarray(0, TUNNEL_OCTETS)),
    octets: frame.subarray(TUNNEL_OCTETS),
  };
}
