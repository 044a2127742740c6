import { RequestError } from "../graphql/client.ts";
import { SourceError } from "../input/source.ts";
import { EXIT, exitCodeOf } from "./exit.ts";

/** Says on stderr what went wrong; with `--output json` also as one JSON document there. */
export function reportError(error: unknown, argv: readonly string[]): void {
  const message = (error instanceof Error ? error.message : String(error)).replace(/^error: /, "");
  if (message === "") return;
  const code = exitCodeOf(error);
  if (wantsJson(argv)) {
    const places = error instanceof SourceError ? { issues: error.places } : {};
    process.stderr.write(`${JSON.stringify({ error: message, exitCode: code, ...places })}\n`);
    return;
  }
  // What the server could not do is told in its words; our own stack says nothing about it.
  const ours = code === EXIT.internal && !(error instanceof RequestError);
  const stack = ours && error instanceof Error ? error.stack : undefined;
  process.stderr.write(`${stack ?? message}\n`);
  if (stack)
    process.stderr.write("This is a fault of dagsterctl itself; please report it with the lines above.\n");
}

export const wantsJson = (argv: readonly string[]) =>
  argv.some(
    (arg, index) =>
      arg === "--output=json" ||
      arg === "-ojson" ||
      ((arg === "-o" || arg === "--output") && argv[index + 1] === "json"),
  );
