import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Child {
  process: ChildProcess;
  /** Lines printed so far, parsed. */
  lines: unknown[];
  /** Resolves when it has printed so many lines. @throws with its stderr when it ends before */
  printed(count: number): Promise<unknown[]>;
  /** Exit code, or the signal that ended it. */
  ended: Promise<number | string>;
}

export function spawnChild(args: string[], env: NodeJS.ProcessEnv): Child {
  const script = fileURLToPath(new URL("./child-process.ts", import.meta.url));
  const child = spawn(process.execPath, ["--no-warnings", "--conditions=source", script, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const lines: unknown[] = [];
  let errors = "";
  let heard = () => {};
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  createInterface(child.stdout).on("line", (line) => {
    lines.push(JSON.parse(line));
    heard();
  });
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | string);
  return {
    process: child,
    lines,
    ended,
    async printed(count) {
      while (lines.length < count) {
        const line = new Promise<"line">((resolve) => {
          heard = () => resolve("line");
        });
        const first = await Promise.race([line, ended]);
        if (first !== "line" && lines.length < count)
          throw new Error(`the child ended with ${first}: ${errors}`);
      }
      return lines;
    },
  };
}
