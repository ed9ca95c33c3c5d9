/** Texts of IPv4 addresses, made once each. */
import { ipv4 } from "../core/address.ts";

const TEXTS_MAX = 4096;
const texts = new Map<number, string>();

/** The few addresses of a capture come again and again. */
export function ipv4Text(value: number): string {
  let text = texts.get(value);
  if (text === undefined) {
    if (texts.size >= TEXTS_MAX) texts.clear();
    text = ipv4(value).text;
    texts.set(value, text);
  }
  return text;
}
