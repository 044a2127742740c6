/** The part of the run API by which steps run in pods of their own. */
import {
  type Clock,
  InvalidInput,
  isEnded,
  NotFound,
  PostStep,
  type RunRecord,
  type StepLaunchKey,
} from "@dagster-operator/engine";
import { StepResult } from "@dagster-operator/sdk/internal";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Services } from "../services.ts";
import { Gone } from "./http-errors.ts";

const MAX_BODY = 16 * 1024 * 1024;
const MAX_WAIT_S = 30;
/** Wake-ups are lost while the database is away. */
const RECHECK_MS = 2_000;

export interface StepRoutesDeps {
  services: () => Services;
  clock: Clock;
  closing: AbortSignal;
  authorized: (request: FastifyRequest) => Promise<{ run: RunRecord; attempt: number }>;
}

export function stepRoutes(
  app: FastifyInstance,
  { services, clock, closing, authorized }: StepRoutesDeps,
): void {
  const keyOf = async (request: FastifyRequest): Promise<StepLaunchKey> => {
    const { run, attempt } = await authorized(request);
    const { stepKey, stepAttempt } = request.params as { stepKey: string; stepAttempt: string };
    return { runId: run.runId, attempt, stepKey, stepAttempt: Number(stepAttempt) };
  };
  const known = async (key: StepLaunchKey) => {
    const step = await services().storage.steps.get(key);
    if (!step)
      throw new NotFound(
        "step",
        key.stepKey,
        `run ${key.runId} did not ask for its attempt ${key.stepAttempt}`,
      );
    return step;
  };

  app.post("/runs/:runId/steps", { bodyLimit: MAX_BODY }, async (request, reply) => {
    const { run, attempt } = await authorized(request);
    if (isEnded(run.status)) throw new Gone(`run ${run.runId} has ended (${run.status})`);
    const body = PostStep.safeParse(request.body);
    if (!body.success)
      throw new InvalidInput(`the step is not as it should be: ${z.prettifyError(body.error)}`);
    const { runId, attempt: given } = body.data.request.run;
    if (runId !== run.runId || given !== attempt)
      throw new InvalidInput(
        `the step is of attempt ${given} of run ${runId}, the token is for attempt ${attempt} of ${run.runId}`,
      );
    await services().storage.steps.request(body.data);
    return reply.code(204).send();
  });

  app.get(
    "/runs/:runId/steps/:stepKey/:stepAttempt",
    async (request) => (await known(await keyOf(request))).request,
  );

  app.get("/runs/:runId/steps/:stepKey/:stepAttempt/result", async (request) => {
    const key = await keyOf(request);
    const wait = Math.min(
      Math.max(Number((request.query as { wait?: string }).wait ?? 0) || 0, 0),
      MAX_WAIT_S,
    );
    const until = clock.now() + wait * 1000;
    let wake = new AbortController();
    const unsubscribe = services().storage.subscribe("run", (id) => {
      if (id === key.runId || id === "") wake.abort();
    });
    try {
      for (;;) {
        const waiting = new AbortController();
        wake = waiting;
        const { result } = await known(key);
        const left = until - clock.now();
        if (result || left <= 0 || closing.aborted) return { result };
        await clock.sleep(Math.min(left, RECHECK_MS), AbortSignal.any([waiting.signal, closing]));
      }
    } finally {
      unsubscribe();
    }
  });

  app.post(
    "/runs/:runId/steps/:stepKey/:stepAttempt/result",
    { bodyLimit: MAX_BODY },
    async (request, reply) => {
      const key = await keyOf(request);
      const result = StepResult.safeParse(request.body);
      if (!result.success)
        throw new InvalidInput(`the result is not as it should be: ${z.prettifyError(result.error)}`);
      await known(key);
      await services().storage.steps.finish(key, result.data);
      return reply.code(204).send();
    },
  );
}
