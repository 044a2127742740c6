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
import type { Services } from "../services.ts";
import { Gone } from "./http-errors.ts";
import { bodyOf, MAX_BODY, waitOf } from "./run-api-request.ts";
import { waitForChange } from "./wait-for-change.ts";

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
    const step = bodyOf(request, PostStep, "the step is not as it should be");
    const { runId, attempt: given } = step.request.run;
    if (runId !== run.runId || given !== attempt)
      throw new InvalidInput(
        `the step is of attempt ${given} of run ${runId}, the token is for attempt ${attempt} of ${run.runId}`,
      );
    await services().storage.steps.request(step);
    return reply.code(204).send();
  });

  app.get(
    "/runs/:runId/steps/:stepKey/:stepAttempt",
    async (request) => (await known(await keyOf(request))).request,
  );

  app.get("/runs/:runId/steps/:stepKey/:stepAttempt/result", async (request) => {
    const key = await keyOf(request);
    const { result } = await waitForChange({
      storage: services().storage,
      clock,
      runId: key.runId,
      read: () => known(key),
      enough: ({ result }) => result !== null,
      ms: waitOf(request),
      signal: closing,
    });
    return { result };
  });

  app.post(
    "/runs/:runId/steps/:stepKey/:stepAttempt/result",
    { bodyLimit: MAX_BODY },
    async (request, reply) => {
      const key = await keyOf(request);
      const result = bodyOf(request, StepResult, "the result is not as it should be");
      await known(key);
      await services().storage.steps.finish(key, result);
      return reply.code(204).send();
    },
  );
}
