/**
 * Connections that are over, as plain numbers in pages. As objects, 100,000 of them would be moved
 * about by the garbage collector again and again; here they cost it nothing, and an eighth of the
 * memory. All words are 32 bits wide and most connections take few of them, because memory that is
 * touched for the first time is dear: frames and times count from the connection's first packet.
 */
import { BRIEF_WORDS, isBrief, readBrief, writeBrief } from "./brief-record.ts";
import type { Incarnation } from "./flow.ts";
import type { FlowPool } from "./flow-pool.ts";
import { FULL_WORDS, readFull, writeFull } from "./full-record.ts";

const PAGE_RECORDS = 4096;

export class IncarnationRecords {
  readonly #brief = new RecordPages(BRIEF_WORDS);
  readonly #full = new RecordPages(FULL_WORDS);

  /** Stores an incarnation that is plain (full-record.ts); gives the number of its record. */
  add(incarnation: Incarnation): number {
    if (isBrief(incarnation)) {
      const record = this.#brief.occupy();
      writeBrief(incarnation, this.#brief.page(record), this.#brief.at(record));
      return 2 * record;
    }
    const record = this.#full.occupy();
    writeFull(incarnation, this.#full.page(record), this.#full.at(record));
    return 2 * record + 1;
  }

  /** The incarnation as it was when it was added, in an object of the pool; its record is free. */
  take(number: number, pool: FlowPool): Incarnation {
    const pages = this.#pagesOf(number);
    const record = number >> 1;
    const read = pages === this.#brief ? readBrief : readFull;
    const incarnation = read(pages.page(record), pages.at(record), pool);
    pages.free(record);
    return incarnation;
  }

  /** Frees a record without reading it. */
  drop(number: number): void {
    this.#pagesOf(number).free(number >> 1);
  }

  #pagesOf(number: number): RecordPages {
    return (number & 1) === 0 ? this.#brief : this.#full;
  }
}

/** Records of one size. Pages are made when they are needed, and stay. */
class RecordPages {
  readonly #words: number;
  readonly #pages: Int32Array[] = [];
  readonly #free: number[] = [];
  #used = 0;

  constructor(words: number) {
    this.#words = words;
  }

  /** The number of a record that nobody uses. */
  occupy(): number {
    return this.#free.pop() ?? this.#used++;
  }

  free(record: number): void {
    this.#free.push(record);
  }

  /** The page that holds a record, and its first word in there. */
  page(record: number): Int32Array {
    const number = Math.floor(record / PAGE_RECORDS);
    let page = this.#pages[number];
    if (!page) {
      page = new Int32Array(PAGE_RECORDS * this.#words);
      this.#pages[number] = page;
    }
    return page;
  }

  at(record: number): number {
    return (record % PAGE_RECORDS) * this.#words;
  }
}
