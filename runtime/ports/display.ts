/** Width and height of the panel's display in pixels (SSD1306, SH1106). */
export const DISPLAY_WIDTH = 128;
export const DISPLAY_HEIGHT = 64;

/**
 * A 1-bit picture of 128 by 64 in the SSD1306's page layout: 1024 octets; octet `page * 128 + x` holds the eight
 * pixels of column x at rows page*8 to page*8+7, lowest row in bit 0 (SSD1306 data sheet, section 8.7).
 */
export type Frame = Uint8Array;
export const FRAME_BYTES: number = (DISPLAY_WIDTH * DISPLAY_HEIGHT) / 8;

/** The panel's display. Contract: tests/contracts/display.contract.ts. */
export interface Display extends AsyncDisposable {
  /**
   * Shows a whole frame (copied before the call returns). Never blocks: frames may be skipped, but the last one is always
   * shown. Throws RangeError when `frame` is not FRAME_BYTES long.
   */
  show(frame: Frame): void;
  /** 0 is off, 1 is full. Values outside are clamped. */
  setBrightness(level: number): void;
}
