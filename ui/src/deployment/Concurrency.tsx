import { NumberInput, TextInput } from "@mantine/core";
import { IconTrafficLights } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { WriteButton } from "../access/WriteButton.tsx";
import { Empty, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { Panel } from "../design/Page.tsx";
import { Badge } from "../design/Status.tsx";
import { TimeAgo } from "../design/Time.tsx";
import {
  DeletePoolLimit,
  FreePoolSlots,
  Pools,
  type PoolsResult,
  SetPoolLimit,
} from "../graphql/generated/operations.ts";
import { LIVE, useGraphQL, useSend } from "../graphql/hooks.ts";
import { reportFailure } from "../runs/actions.ts";

type Instance = PoolsResult["instance"];
type Pool = Instance["concurrencyLimits"][number];
/** Of those who wait, so many are named. */
const SHOWN = 20;

/** Pools with their slots, who holds one and who waits, and the limits of the queue. */
export function Concurrency() {
  const query = useGraphQL(Pools, {}, { every: LIVE });
  if (query.error && !query.data) return <QueryProblem error={query.error} retry={query.refetch} />;
  if (!query.data) return <SkeletonRows />;
  const { instance } = query.data;
  return (
    <div className="stack">
      <Queue instance={instance} />
      <Panel title="Pools" padded>
        <p className="dim" style={{ marginTop: 0 }}>
          {instance.poolConfig?.poolGranularity === "run"
            ? "A run that has a step in a pool takes one of its slots."
            : "Each step of a pool takes one of its slots while it runs."}{" "}
          A pool without a limit of its own has{" "}
          {instance.poolConfig?.defaultPoolLimit == null
            ? "none"
            : slotsText(instance.poolConfig.defaultPoolLimit)}
          .
        </p>
        <LimitForm instance={instance} />
        {instance.concurrencyLimits.length === 0 ? (
          <Empty
            icon={<IconTrafficLights size={28} />}
            title="No pools"
            code={'asset("orders", { pool: "database" }, …)'}
          >
            An op or asset names its pool; over all runs as many of them run at once as the pool has slots.
          </Empty>
        ) : (
          instance.concurrencyLimits.map((pool) => <PoolCard key={pool.concurrencyKey} pool={pool} />)
        )}
      </Panel>
    </div>
  );
}

function Queue({ instance: { runQueueConfig: queue } }: { instance: Instance }) {
  return (
    <Panel title="Run queue" padded>
      <dl className="kv">
        <dt>Runs at once</dt>
        <dd>
          {!queue || queue.maxConcurrentRuns < 0
            ? "no limit"
            : queue.maxConcurrentRuns || "0: the queue is paused"}
        </dd>
        <dt>By tag</dt>
        <dd>
          {queue?.tagConcurrencyLimitsYaml ? (
            <pre style={{ margin: 0 }}>{queue.tagConcurrencyLimitsYaml}</pre>
          ) : (
            "no limits"
          )}
        </dd>
      </dl>
    </Panel>
  );
}

function LimitForm({ instance }: { instance: Instance }) {
  const [pool, setPool] = useState("");
  const [limit, setLimit] = useState<number | "">(1);
  const set = useSend(SetPoolLimit, [Pools]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (pool.trim() === "" || limit === "") return;
    set.mutate({ pool: pool.trim(), limit }, { onError: reportFailure, onSuccess: () => setPool("") });
  };
  return (
    <form className="row wrap" onSubmit={submit} aria-label="Set a limit">
      <TextInput
        aria-label="Pool"
        placeholder="pool"
        value={pool}
        onChange={(event) => setPool(event.currentTarget.value)}
      />
      <NumberInput
        aria-label="Slots"
        min={instance.minConcurrencyLimitValue}
        max={instance.maxConcurrencyLimitValue}
        allowDecimal={false}
        value={limit}
        onChange={(value) => setLimit(typeof value === "number" ? value : "")}
        w={100}
      />
      <WriteButton type="submit" loading={set.isPending} disabled={pool.trim() === "" || limit === ""}>
        Set limit
      </WriteButton>
    </form>
  );
}

function PoolCard({ pool }: { pool: Pool }) {
  const { concurrencyKey: name, limit, claimedSlots: held, pendingSteps: waiting } = pool;
  const set = useSend(SetPoolLimit, [Pools]);
  const remove = useSend(DeletePoolLimit, [Pools]);
  const onError = reportFailure;
  const paused = limit === 0;
  return (
    <article className="location-card" aria-label={name}>
      <div className="row wrap">
        <strong className="mono">{name}</strong>
        <Badge tone={paused ? "warn" : held.length > 0 ? "run" : "none"}>
          {paused
            ? "Paused"
            : limit === null
              ? `${held.length} in use, no limit`
              : `${held.length} of ${limit} in use`}
        </Badge>
        {waiting.length > 0 ? <Badge tone="warn">{waiting.length} waiting</Badge> : null}
        <span className="faint">{pool.usingDefaultLimit ? "default limit" : ""}</span>
        <span className="spacer" />
        {paused ? null : (
          <WriteButton
            variant="default"
            loading={set.isPending}
            onClick={() => set.mutate({ pool: name, limit: 0 }, { onError })}
          >
            Pause
          </WriteButton>
        )}
        {pool.usingDefaultLimit ? null : (
          <WriteButton
            variant="default"
            loading={remove.isPending}
            onClick={() => remove.mutate({ pool: name }, { onError })}
          >
            Use default limit
          </WriteButton>
        )}
      </div>
      {held.length + waiting.length > 0 ? (
        <table className="grid">
          <thead>
            <tr>
              <th>Run</th>
              <th>Step</th>
              <th>Slot</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {held.map((slot) => (
              <tr key={`${slot.runId} ${slot.stepKey}`}>
                <RunCell runId={slot.runId} />
                <td className="mono">{slot.stepKey}</td>
                <td>holds one</td>
                <td>{slot.stepKey ? <FreeButton runId={slot.runId} stepKey={slot.stepKey} /> : null}</td>
              </tr>
            ))}
            {waiting.slice(0, SHOWN).map((slot) => (
              <tr key={`${slot.runId} ${slot.stepKey}`}>
                <RunCell runId={slot.runId} />
                <td className="mono">{slot.stepKey}</td>
                <td className="dim">
                  waits since <TimeAgo at={slot.enqueuedTimestamp * 1000} />
                </td>
                <td />
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
      {waiting.length > SHOWN ? <p className="faint">and {waiting.length - SHOWN} more</p> : null}
    </article>
  );
}

function RunCell({ runId }: { runId: string }) {
  return (
    <td>
      <Link to="/runs/$runId" params={{ runId }} className="mono">
        {runId.slice(0, 8)}
      </Link>
    </td>
  );
}

function FreeButton({ runId, stepKey }: { runId: string; stepKey: string }) {
  const free = useSend(FreePoolSlots, [Pools]);
  return (
    <WriteButton
      variant="subtle"
      loading={free.isPending}
      title="Takes the slot away; the step goes on"
      onClick={() => free.mutate({ runId, stepKey }, { onError: reportFailure })}
    >
      Free
    </WriteButton>
  );
}

const slotsText = (slots: number) => (slots === 1 ? "1 slot" : `${slots} slots`);
