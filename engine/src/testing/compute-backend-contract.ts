import { afterEach, describe, expect, test } from "@jest/globals";
import type { ComputeBackend, WorkerExit } from "../ports/compute.ts";

type Launch = Parameters<ComputeBackend["launch"]>[0];

/** A backend of its own for each test, and requests whose workers behave in a known way. */
export interface ComputeBackendHarness {
  open(): Promise<ComputeBackend>;
  /** The worker runs until it is canceled, and then ends well at once. */
  patient(runId: string, attempt: number): Promise<Launch>;
  /** The worker does not hear a cancel. */
  stubborn(runId: string, attempt: number): Promise<Launch>;
  /** The worker does its run and ends. */
  quick(runId: string, attempt: number): Promise<Launch>;
  /** The worker ends in a way that is no success, and says `fatal: no luck` on stderr. */
  crashing(runId: string, attempt: number): Promise<Launch>;
  /** Resolves when the worker of this run has begun its work. */
  working(runId: string): Promise<void>;
  /** Kills the worker from outside, with no warning. */
  murder(backend: ComputeBackend, runId: string): Promise<void>;
}

/** What every adapter of the port ComputeBackend does. */
export function computeBackendContract(name: string, harness: ComputeBackendHarness): void {
  describe(`${name} as a compute backend`, () => {
    let backend: ComputeBackend;
    const exits: WorkerExit[] = [];
    const listeners: (() => void)[] = [];
    const open = async () => {
      exits.length = 0;
      backend = await harness.open();
      backend.onExit((exit) => {
        exits.push(exit);
        for (const heard of listeners) heard();
      });
    };
    const exitOf = async (runId: string): Promise<WorkerExit> => {
      for (;;) {
        const exit = exits.find((candidate) => candidate.runId === runId);
        if (exit) return exit;
        await new Promise<void>((heard) => listeners.push(heard));
      }
    };
    afterEach(async () => {
      listeners.length = 0;
      await backend.close();
    });

    test("reports a worker that did its duty as completed, once", async () => {
      await open();
      await backend.launch(await harness.quick("r-quick", 1));
      expect(await exitOf("r-quick")).toMatchObject({ runId: "r-quick", attempt: 1, reason: "completed" });
      expect(await backend.live()).toEqual([]);
      expect(exits).toHaveLength(1);
    }, 30_000);

    test("lists live workers, and launching the same attempt twice starts one", async () => {
      await open();
      const launch = await harness.patient("r-twice", 3);
      await backend.launch(launch);
      await backend.launch(launch);
      expect(await backend.live()).toEqual([{ runId: "r-twice", attempt: 3 }]);
      await harness.working("r-twice");
      await backend.cancel("r-twice", 20_000);
      expect(await exitOf("r-twice")).toMatchObject({ attempt: 3, reason: "completed" });
      expect(exits).toHaveLength(1);
    }, 30_000);

    test("says why a worker crashed, with its last words", async () => {
      await open();
      await backend.launch(await harness.crashing("r-crash", 1));
      const exit = await exitOf("r-crash");
      expect(exit.reason).toBe("crashed");
      expect(exit.message).toContain("fatal: no luck");
    }, 30_000);

    test("names the signal when a worker is killed from outside", async () => {
      await open();
      await backend.launch(await harness.patient("r-killed", 1));
      await harness.working("r-killed");
      await harness.murder(backend, "r-killed");
      const exit = await exitOf("r-killed");
      expect(exit.reason).toBe("killed");
      expect(exit.message).toContain("SIGKILL");
    }, 30_000);

    test("kills a worker that does not stop within the grace period", async () => {
      await open();
      await backend.launch(await harness.stubborn("r-stubborn", 1));
      await harness.working("r-stubborn");
      await backend.cancel("r-stubborn", 300);
      expect((await exitOf("r-stubborn")).reason).toBe("killed");
    }, 30_000);

    test("takes a cancel of a run that it does not have for done", async () => {
      await open();
      await expect(backend.cancel("r-unknown", 100)).resolves.toBeUndefined();
    });

    test("leaves no worker behind when it closes", async () => {
      await open();
      await backend.launch(await harness.patient("r-left", 1));
      await harness.working("r-left");
      await backend.close();
      expect(await backend.live()).toEqual([]);
    }, 30_000);
  });
}
