#!/usr/bin/env node
/** The `isnkit` program: hands the process to the command line, and sets its exit code. */
import { runProgram } from "./program.ts";
import { processTerminal } from "./terminal.ts";

process.exitCode = await runProgram(process.argv, processTerminal());
