import { Button } from "@mantine/core";
import { IconTestPipe } from "@tabler/icons-react";
import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { Problem, QueryProblem, SkeletonRows } from "../design/Feedback.tsx";
import { PageHead, Panel } from "../design/Page.tsx";
import type { InstigationStateParts, RepositorySelector, TickRow } from "../graphql/generated/operations.ts";
import { useWorkspace } from "../workspace/workspace.ts";
import { TickBars, Toggle } from "./AutomationRow.tsx";
import { TestDialog } from "./TestDialog.tsx";
import { TickList, ticksTitle } from "./TickList.tsx";

/** What schedules and sensors share: switch, test, ticks. `children`: the definition, once there is one. */
export function InstigatorPage({
  kind,
  location,
  name,
  repository,
  query,
  refusal,
  of,
  cursor = null,
  testable = true,
  children,
}: {
  kind: "schedule" | "sensor";
  location: string;
  name: string;
  /** Null while its location is not loaded. */
  repository: RepositorySelector | null;
  query: UseQueryResult<unknown>;
  /** Why the server has none of this name. */
  refusal: string | null;
  of: { description: string | null; state: InstigationStateParts & { ticks: readonly TickRow[] } } | null;
  cursor?: string | null;
  testable?: boolean;
  children: ReactNode;
}) {
  const { query: workspace } = useWorkspace();
  const [testing, setTesting] = useState(false);
  return (
    <div className="page">
      <PageHead
        name={name}
        crumb={
          <>
            <Link to="/automation">Automation</Link> /{" "}
            <Link to="/deployment/$location" params={{ location }}>
              {location}
            </Link>
          </>
        }
        title={name}
        sub={of?.description ?? undefined}
        actions={
          of && repository ? (
            <>
              <Toggle
                kind={kind}
                location={location}
                name={name}
                state={of.state}
                label={of.state.status === "RUNNING" ? "On" : "Off"}
              />
              {testable ? (
                <Button
                  variant="default"
                  leftSection={<IconTestPipe size={15} />}
                  onClick={() => setTesting(true)}
                >
                  Test
                </Button>
              ) : null}
            </>
          ) : null
        }
      />
      {query.error && !query.data ? <QueryProblem error={query.error} retry={query.refetch} /> : null}
      {workspace.data && !repository ? (
        <Problem
          title={`The code location ${location} is not loaded`}
          next={<Link to="/deployment">Its load error is in Deployment</Link>}
        />
      ) : null}
      {refusal !== null ? <Problem title={refusal} next={<Link to="/automation">All {kind}s</Link>} /> : null}
      {!query.data && !query.error ? <SkeletonRows /> : null}
      {of ? (
        <div className="cols-main">
          <Panel
            title={ticksTitle(of.state.ticks)}
            actions={<TickBars ticks={of.state.ticks.slice(0, 30)} />}
          >
            <div className="scroll-x">
              <TickList ticks={of.state.ticks} />
            </div>
          </Panel>
          {children}
        </div>
      ) : null}
      {testing && repository ? (
        <TestDialog
          kind={kind}
          name={name}
          repository={repository}
          cursor={cursor}
          onClose={() => setTesting(false)}
        />
      ) : null}
    </div>
  );
}
