/** Values through the file IO manager, beside plain `fs` that writes and reads the same bytes with the same promise to the disk. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { fsIoManager, type InputContext, type IoManager, type OutputContext } from "@dagster-operator/sdk";
import { type Line, median } from "../line.ts";

const ROUNDS = 5;

interface Size {
  what: string;
  count: number;
  value: unknown;
  /** As an op's output, for which nobody waits for the disk. */
  op?: boolean;
}
const rows = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ n, name: `row ${n}`, amount: n / 7, paid: n % 2 === 0 }));
const sizes: Size[] = [
  { what: "200 assets of 50 kB", count: 200, value: rows(1000) },
  { what: "4 assets of 50 MB", count: 4, value: new Uint8Array(50_000_000).fill(7) },
  { what: "2,000 outputs of ops of 500 bytes", count: 2000, value: rows(10), op: true },
];

const address = (n: number, op = false): InputContext & OutputContext =>
  ({
    assetKey: op ? undefined : ["bench", `asset_${n}`],
    runId: "bench",
    stepKey: `step_${n}`,
    outputName: "result",
    metadata: () => undefined,
  }) as unknown as InputContext & OutputContext;

/** Milliseconds of doing it, by one and the other in turn for each value, so that what else the machine does hits both. */
async function compare(
  count: number,
  ours: (n: number) => unknown,
  theirs: (n: number) => unknown,
): Promise<{ ours: number; theirs: number }> {
  const spent = { ours: 0, theirs: 0 };
  const time = async (who: keyof typeof spent, work: (n: number) => unknown, n: number) => {
    const from = performance.now();
    await work(n);
    spent[who] += performance.now() - from;
  };
  for (let n = 0; n < count; n++) {
    if (n % 2 === 0) await time("ours", ours, n);
    await time("theirs", theirs, n);
    if (n % 2 !== 0) await time("ours", ours, n);
  }
  return spent;
}

export async function run(): Promise<Line[]> {
  const lines: Line[] = [];
  for (const { what, count, value, op } of sizes) {
    const folder = mkdtempSync(join(tmpdir(), "bench-io-"));
    const plain = join(folder, "plain");
    mkdirSync(plain);
    const manager = fsIoManager({ folder }).create?.(undefined as never) as IoManager;
    const write = async (n: number) => {
      const path = join(plain, `${n}`);
      await writeFile(`${path}.tmp`, serialize(value), { flush: !op });
      await rename(`${path}.tmp`, path);
    };
    const store = (n: number) => manager.handleOutput(address(n, op), value);
    const read = (n: number) => deserialize(readFileSync(join(plain, `${n}`)));
    const load = (n: number) => manager.loadInput(address(n, op));
    // The first round makes the folders; every later one replaces values, as a pipeline does day by day.
    await compare(count, store, write);
    const stored: Awaited<ReturnType<typeof compare>>[] = [];
    const loaded: Awaited<ReturnType<typeof compare>>[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      stored.push(await compare(count, store, write));
      loaded.push(await compare(count, load, read));
    }
    rmSync(folder, { recursive: true });
    const line = (name: string, rounds: typeof stored): Line => ({
      name,
      ours: median(rounds.map((round) => round.ours)),
      peer: { what: "plain fs", value: median(rounds.map((round) => round.theirs)) },
      goal: "≤ 1.2 ×",
      unit: "ms",
    });
    lines.push(line(`store ${what}`, stored), line(`load ${what}`, loaded));
  }
  return lines;
}
