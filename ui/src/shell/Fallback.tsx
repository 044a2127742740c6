import { Button } from "@mantine/core";
import { IconMapQuestion } from "@tabler/icons-react";
import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { Empty, Problem } from "../design/Feedback.tsx";
import { PageHead } from "../design/Page.tsx";

export function NotFound() {
  return (
    <div className="page">
      <PageHead title="Not found" name="Not found" />
      <Empty icon={<IconMapQuestion size={32} />} title="There is no such page">
        Press <span className="kbd">/</span> to search for an asset, a job or a run, or go to the{" "}
        <Link to="/">overview</Link>.
      </Empty>
    </div>
  );
}

/** Shown instead of a page whose own code threw. */
export function Crashed({ error: thrown }: ErrorComponentProps) {
  const router = useRouter();
  const error: Error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return (
    <div className="page">
      <Problem
        title={`This page failed: ${error.message}`}
        stack={error.stack}
        next="This is a fault of the page, not of your code. Reload it; if it stays, report the text below."
        action={
          <Button variant="default" onClick={() => void router.invalidate()}>
            Try again
          </Button>
        }
      />
    </div>
  );
}
