import { Conflict, InvalidInput, NotFound, Unavailable } from "@dagster-operator/engine";
import { CommanderError } from "commander";

/** What dagsterctl's exit code means; printed by `dagsterctl --help`. */
export const EXIT = {
  ok: 0,
  /** The run (or one of them) failed or was canceled; `validate` found something wrong. */
  failed: 1,
  badInput: 2,
  notFound: 3,
  unreachable: 4,
  conflict: 5,
  /** A fault of dagsterctl itself. */
  internal: 70,
  interrupted: 130,
} as const;

export const EXIT_HELP = `Exit codes:
  0    done
  1    the run failed or was canceled, or validate found something wrong
  2    bad input: a flag, a file, run config, a selection
  3    not found: run, job, asset, location, schedule, file
  4    unreachable: no running system answers, or the code location is not ready
  5    conflict: port or storage folder in use, run in the wrong state
  70   a fault of dagsterctl itself
  130  interrupted with Ctrl-C`;

/** Ends a command that was carried out, but whose outcome is not success; the message was printed already when it is empty. */
export class Outcome extends Error {
  override name = "Outcome";
  readonly exitCode: number;
  constructor(exitCode: number, message = "") {
    super(message);
    this.exitCode = exitCode;
  }
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof Outcome) return error.exitCode;
  if (error instanceof InvalidInput) return EXIT.badInput;
  if (error instanceof NotFound) return EXIT.notFound;
  if (error instanceof Unavailable) return EXIT.unreachable;
  if (error instanceof Conflict) return EXIT.conflict;
  // Commander's own errors are wrong flags and arguments; --help and --version end with 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.badInput;
  return EXIT.internal;
}
