/**
 * The thread of a life on a board. A life cannot wait, as its device answers at once; so it has a
 * thread of its own, which stands still while the main thread asks the board.
 */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { Sample } from "../../core/sample.ts";
import type { LifeWitness } from "../../virtual/life.ts";
import type { LifeScript } from "../../virtual/life-script.ts";
import { judgeLife } from "../judge-life.ts";
import { LIFE_RULES } from "../rules/index.ts";
import { StoryTeller } from "../story.ts";
import { BoardOnBench } from "./board-device.ts";
import type { BoardAnswer, BoardRequest } from "./board-request.ts";
import type { BoardLifeNews, BoardLifeWork } from "./replay-on-board.ts";

const port = parentPort;
const { script, signal } = workerData as BoardLifeWork;
const answers = new Int32Array(signal);

function tell(news: BoardLifeNews): void {
  port?.postMessage(news);
}

function ask(request: BoardRequest): BoardAnswer {
  const seen = Atomics.load(answers, 0);
  tell({ request });
  // The answer lies at the port before the count goes up.
  Atomics.wait(answers, 0, seen);
  const received = port === null ? undefined : receiveMessageOnPort(port);
  if (received === undefined) throw new Error("the bench was told to go on, and got no answer");
  return received.message as BoardAnswer;
}

function live({ board, entropy }: LifeScript): void {
  const bench = new BoardOnBench(board, ask);
  const teller = new StoryTeller(script);
  const samples: Sample[] = [];
  const witness: LifeWitness = {
    booted: (boot, timeUs) => {
      teller.booted(boot, timeUs);
      tell({ boot });
    },
    ended: (boot, timeUs, end) => {
      bench.ended(end);
      teller.ended(boot, timeUs, end);
    },
    struck: (kind, boot) => teller.struck(kind, boot),
  };
  const { result, faults } = judgeLife(
    script,
    (own, settings) => bench.device(own, settings, entropy),
    {
      // What the driver does to the part is not told over the console.
      rules: LIFE_RULES.filter(({ id }) => id !== "memory-contract"),
      nvm: bench.memory,
      witness,
      watch: (sample) => {
        samples.push(sample);
        teller.watch(sample);
      },
    },
  );
  bench.powerOff();
  tell({ done: { story: teller.lines, result, samples, faults } });
}

live(script);
