import { describe, expect, test } from "@jest/globals";
import type { PoolSlots } from "../src/execution/pool-gate.ts";
import { drive } from "./orchestrated.ts";
import { graph, op, snapshot } from "./snapshot-builder.ts";

/** Slots of a pool in memory; a slot goes when the step that held it has ended. */
class Slots implements PoolSlots {
  readonly taken: string[] = [];
  readonly waiting: { stepKey: string; priority: number; give: () => void }[] = [];
  most = 0;
  free: number;

  constructor(free: number) {
    this.free = free;
  }

  async take(...[step, waits, signal]: Parameters<PoolSlots["take"]>): Promise<void> {
    const { stepKey, priority } = step;
    if (this.free === 0) {
      waits();
      await new Promise<void>((resolve) => {
        this.waiting.push({ stepKey, priority, give: resolve });
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      if (signal.aborted) return;
    } else this.free--;
    this.taken.push(`${stepKey}#${step.attempt}`);
    this.most = Math.max(this.most, ++this.held);
  }

  held = 0;

  release(): void {
    this.held--;
    const next = this.waiting.shift();
    if (next) next.give();
    else this.free++;
  }
}

describe("steps in a pool", () => {
  const pooled = (names: string[]) =>
    snapshot({
      nodes: [
        op("x", { pool: "db" }),
        op("free", {}),
        graph("main", {
          ...Object.fromEntries(names.map((name) => [name, { def: "x" }])),
          other: { def: "free" },
        }),
      ],
      jobs: [{}],
    });

  test("start with a slot of it, the others meanwhile, and the events say who waits", async () => {
    const slots = new Slots(2);
    const names = ["a", "b", "c", "d", "e"];
    const works = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      slots.release();
      return {};
    };
    const script = Object.fromEntries(names.map((name) => [name, works]));
    const run = await drive(pooled(names), script, { slots, maxConcurrent: 10 });
    expect(run.outcome).toBe("SUCCESS");
    expect(slots.most).toBe(2);
    expect(slots.taken.map((key) => key.slice(0, 1)).sort()).toEqual(names);
    expect(run.started.indexOf("other")).toBeLessThan(3);
    const told = run.events.filter(({ type }) => type === "ENGINE_EVENT").map(({ message }) => message);
    expect(told).toContain("Step c waits for a slot of pool db: all of them are taken.");
    expect(told).toContain("Step c has a slot of pool db after 0 ms.");
    expect(told.filter((message) => message.startsWith("Step a"))).toEqual([]);
  });

  test("do not take slots that they could not use", async () => {
    const slots = new Slots(5);
    const names = ["a", "b", "c"];
    let most = 0;
    const works = () => {
      most = Math.max(most, slots.held);
      slots.release();
      return {};
    };
    const script = Object.fromEntries(names.map((name) => [name, works]));
    await drive(pooled(names), script, { slots, maxConcurrent: 1 });
    expect(most).toBe(1);
  });

  test("ask again for each retry", async () => {
    const slots = new Slots(1);
    let tries = 0;
    const run = await drive(
      pooled(["a"]),
      {
        a: () => {
          slots.release();
          return ++tries < 3
            ? { kind: "retry", error: { name: "E", message: "" }, seconds: 0, maxRetries: 5 }
            : {};
        },
      },
      { slots },
    );
    expect(run.outcome).toBe("SUCCESS");
    expect(slots.taken).toEqual(["a#1", "a#2", "a#3"]);
  });

  test("that wait are let go when the run is canceled", async () => {
    const controller = new AbortController();
    const slots = new Slots(0);
    const canceled = drive(pooled(["a", "b"]), {}, { slots, signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    const run = await canceled;
    expect(run.outcome).toBe("CANCELED");
    expect(run.started).toEqual(["other"]);
  });

  test("whose slots nobody can tell of end the loop with the reason", async () => {
    const slots: PoolSlots = { take: () => Promise.reject(new Error("fenced")) };
    await expect(drive(pooled(["a"]), {}, { slots })).rejects.toThrow("fenced");
  });
});
