/** The board on the desk that `--board` means, for the commands that speak to one. */
import { readBench } from "../boards/bench-file.ts";
import { isDeskSelector, needsBench, parseBoardSelector } from "../boards/board-selector.ts";
import { UsageError } from "../core/errors.ts";
import { type Desk, type DeskBoard, findDeskBoard, openDesk } from "../desk/desk-board.ts";
import { flagOf, type Settings } from "./settings.ts";

export interface DeskChoice {
  readonly desk: Desk;
  readonly board: DeskBoard;
}

/** UsageError without a board, or for one that is no real one; BenchError when it is not attached. */
export async function chooseDeskBoard(settings: Settings, what: string): Promise<DeskChoice> {
  const setting = settings.get("board");
  if (setting === undefined || setting.text === "") {
    throw new UsageError(
      "no-board",
      `which board to ${what} is not said (command line)`,
      "add --board: a port such as /dev/ttyACM0, usb:<vid>:<pid>, or a name of bench.json; `isnkit boards` lists them",
    );
  }
  const bench = await readBench(settings.get("bench")?.text);
  const names = { generators: [], bench: [...bench.boards.keys()] };
  const selector = needsBench(setting.text)
    ? parseBoardSelector(setting.text, setting.place, names)
    : undefined;
  if (selector === undefined || !isDeskSelector(selector)) {
    throw new UsageError(
      "no-desk-board",
      `${JSON.stringify(setting.text)} is no board on a desk (${setting.place})`,
      `${flagOf("board")} wants a serial port, usb:<vid>:<pid> or a name of bench.json here; \`isnkit check\` reboots simulated and emulated boards`,
    );
  }
  const desk = await openDesk(bench);
  return { desk, board: await findDeskBoard(selector, desk) };
}
