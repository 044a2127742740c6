import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, test } from "@jest/globals";
import type { ComputeBackend, WorkerExit } from "../ports/compute.ts";

type Launch = Parameters<ComputeBackend["launch"]>[0];

/** A backend of its own for each test, and requests whose workers behave in a known way. Run ids are UUIDs. */
export interface ComputeBackendHarness {
  open(): Promise<ComputeBackend>;
  /** True: workers are somebody else's, and go on when the backend closes; a later one finds them. */
  outlived?: boolean;
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
  /** Notes in storage that the run is to be canceled, where workers look: as everybody does who asks a backend for it. */
  canceling?(runId: string): Promise<void>;
  /** Kills the worker from outside, with no warning. */
  murder(backend: ComputeBackend, runId: string): Promise<void>;
}

/** Only ends a test that hangs: a busy machine may take its time. */
const LIMIT_MS = 600_000;

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
      // As the compute loop does first.
      await backend.live();
    };
    const told = (runId: string) => exits.filter((exit) => exit.runId === runId);
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

    test(
      "reports a worker that did its duty as completed, once",
      async () => {
        await open();
        const runId = randomUUID();
        await backend.launch(await harness.quick(runId, 1));
        expect(await exitOf(runId)).toMatchObject({ runId, attempt: 1, reason: "completed" });
        expect(await backend.live()).toEqual([]);
        expect(told(runId)).toHaveLength(1);
      },
      LIMIT_MS,
    );

    test(
      "lists live workers, and launching the same attempt twice starts one",
      async () => {
        await open();
        const runId = randomUUID();
        const launch = await harness.patient(runId, 3);
        await backend.launch(launch);
        await backend.launch(launch);
        expect(await backend.live()).toEqual([{ runId, attempt: 3 }]);
        await harness.working(runId);
        await harness.canceling?.(runId);
        await backend.cancel(runId, 20_000);
        expect(await exitOf(runId)).toMatchObject({ attempt: 3, reason: "completed" });
        expect(told(runId)).toHaveLength(1);
      },
      LIMIT_MS,
    );

    test(
      "says why a worker crashed, with its last words",
      async () => {
        await open();
        const runId = randomUUID();
        await backend.launch(await harness.crashing(runId, 1));
        const exit = await exitOf(runId);
        expect(exit.reason).toBe("crashed");
        expect(exit.message).toContain("fatal: no luck");
      },
      LIMIT_MS,
    );

    test(
      "names the signal when a worker is killed from outside",
      async () => {
        await open();
        const runId = randomUUID();
        await backend.launch(await harness.patient(runId, 1));
        await harness.working(runId);
        await harness.murder(backend, runId);
        const exit = await exitOf(runId);
        expect(exit.reason).toBe("killed");
        expect(exit.message).toContain("SIGKILL");
      },
      LIMIT_MS,
    );

    test(
      "kills a worker that does not stop within the grace period",
      async () => {
        await open();
        const runId = randomUUID();
        await backend.launch(await harness.stubborn(runId, 1));
        await harness.working(runId);
        await backend.cancel(runId, 300);
        expect((await exitOf(runId)).reason).toBe("killed");
      },
      LIMIT_MS,
    );

    test("takes a cancel of a run that it does not have for done", async () => {
      await open();
      await expect(backend.cancel(randomUUID(), 100)).resolves.toBeUndefined();
    });

    test(
      harness.outlived
        ? "leaves workers to the next one when it closes"
        : "leaves no worker behind when it closes",
      async () => {
        await open();
        const runId = randomUUID();
        await backend.launch(await harness.patient(runId, 1));
        await harness.working(runId);
        await backend.close();
        if (harness.outlived) await open();
        expect(await backend.live()).toEqual(harness.outlived ? [{ runId, attempt: 1 }] : []);
      },
      LIMIT_MS,
    );
  });
}
