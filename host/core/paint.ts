/** How text for people sets words off. */

/** How to set words off; each function returns its text unchanged where there is no colour. */
export interface Paint {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly open: (text: string) => string;
  readonly faint: (text: string) => string;
}

const plain = (text: string) => text;
export const NO_PAINT: Paint = { good: plain, bad: plain, open: plain, faint: plain };
