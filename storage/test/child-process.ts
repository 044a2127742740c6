/** A process of its own for tests: `child-process.ts COMMAND TARGET [ARGUMENT]`. Prints a JSON line for each thing done. */
import type { NewRun } from "@dagster-operator/engine";
import type { RunEvent } from "@dagster-operator/sdk/internal";
import { openStorage } from "../src/open-storage.ts";

const [command, target = "", argument = ""] = process.argv.slice(2);
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
const storage = await openStorage(target);
say("open");

function run(idempotencyKey: string): NewRun {
  return {
    runId: crypto.randomUUID(),
    location: "examples",
    job: "nightly",
    assets: null,
    checks: null,
    steps: null,
    runConfig: {},
    tags: {},
    partition: null,
    parentRunId: null,
    rootRunId: null,
    known: { outputsFrom: {}, mappingKeys: {} },
    codeVersion: null,
    idempotencyKey,
  };
}

switch (command) {
  case "hold":
    setInterval(() => undefined, 1000);
    break;
  /** Appends batches of ten to run ARGUMENT until it is killed; prints the highest number acknowledged. */
  case "append":
    for (let seq = 1; ; seq += 10) {
      const events = Array.from({ length: 10 }, (_, n) => {
        const event: RunEvent = {
          type: "STEP_START",
          ts: seq + n,
          level: "INFO",
          message: "",
          stepKey: `s${seq + n}`,
        };
        return { seq: seq + n, event };
      });
      const batch = { runId: argument, producer: "worker:1", attempt: 1, events };
      say((await storage.events.append(batch)).acceptedThrough);
    }
  /** Submits the same keys as everybody, dequeues and claims until nothing is left; prints what it got. */
  case "race": {
    const submitted = await storage.runs.submit(Array.from({ length: 50 }, (_, n) => run(`key ${n}`)));
    const created = submitted.filter((each) => each.created).map(({ runId }) => runId);
    const dequeued: string[] = [];
    const claimed: string[] = [];
    for (let idle = 0; idle < 3; ) {
      const taken = await storage.runs.dequeue({ maxConcurrentRuns: 40, tagLimits: [] }, 3);
      const requests = await storage.compute.claim(`process ${process.pid}`, 2, 600_000);
      dequeued.push(...taken);
      claimed.push(...requests.map(({ runId }) => runId));
      idle = taken.length + requests.length === 0 ? idle + 1 : 0;
    }
    say({ created, dequeued, claimed });
    await storage.close();
    break;
  }
  default:
    throw new Error(`unknown command ${command}`);
}
