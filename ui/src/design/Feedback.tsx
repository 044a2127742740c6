import { Button } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { RequestError } from "../graphql/client.ts";
import type { PythonErrorParts } from "../graphql/generated/operations.ts";
import { Snippet } from "./Copyable.tsx";

/** An error with its stack, and what to do next. */
export function Problem(props: {
  title: string;
  stack?: string | undefined;
  next?: ReactNode;
  tone?: "fail" | "warn";
  action?: ReactNode;
}) {
  return (
    <div className={`problem ${props.tone === "warn" ? "warn" : ""}`} role="alert">
      <div className="what">
        <IconAlertTriangle size={18} style={{ flex: "none", marginTop: 1 }} />
        <span>{props.title}</span>
      </div>
      {props.next ? <p className="next">{props.next}</p> : null}
      {props.stack ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by keyboard
        <pre tabIndex={0}>{props.stack}</pre>
      ) : null}
      {props.action ? <div style={{ marginTop: 10 }}>{props.action}</div> : null}
    </div>
  );
}

type Causes = PythonErrorParts["causes"][number];

/** The stack of an error and of its causes as one text. */
function stackText(error: PythonErrorParts): string {
  const one = (e: Causes) => e.stack.join(e.stack.some((line) => line.endsWith("\n")) ? "" : "\n").trimEnd();
  const own = one(error);
  return [own, ...error.causes.map((cause) => `Caused by: ${one(cause) || cause.message}`)]
    .filter(Boolean)
    .join("\n\n");
}

const EXCERPT = /^ *\d+ \| /m;

/** An error of user code or of the framework, as the server reports it. */
export function ServerProblem({
  error,
  title,
  next,
}: {
  error: PythonErrorParts;
  title?: string;
  next?: ReactNode;
}) {
  const named =
    error.className && !error.message.startsWith(error.className)
      ? `${error.className}: ${error.message}`
      : error.message;
  // Lines of a file with carets under a place stand only where all letters are as wide.
  const [what = "", ...more] = EXCERPT.test(named) ? named.trim().split("\n") : [named.trim()];
  const detail = [more.join("\n"), stackText(error) ?? ""].filter((text) => text.trim() !== "").join("\n\n");
  return <Problem title={title ? `${title}: ${what}` : what} stack={detail || undefined} next={next} />;
}

/** Why a query failed, with a way to try again. */
export function QueryProblem({ error, retry }: { error: Error; retry?: () => unknown }) {
  const detail = error instanceof RequestError ? error.detail : error.stack;
  const away = error instanceof RequestError && error.status === 0;
  return (
    <Problem
      title={error.message}
      stack={detail && detail !== error.message ? detail : undefined}
      next={
        away
          ? "The page keeps trying and continues by itself once the server is back."
          : "If it stays, look at the webserver's log: it has this error with its request id."
      }
      action={
        retry ? (
          <Button variant="default" onClick={() => retry()}>
            Try again
          </Button>
        ) : null
      }
    />
  );
}

/** What is missing here, why, and the exact code or command that makes it appear. */
export function Empty({
  icon,
  title,
  children,
  code,
  action,
}: {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
  code?: string;
  action?: ReactNode;
}) {
  return (
    <div className="empty">
      {icon ? <span className="icon">{icon}</span> : null}
      <strong>{title}</strong>
      {children ? <p>{children}</p> : null}
      {code ? <Snippet code={code} /> : null}
      {action}
    </div>
  );
}

const WIDTHS = [62, 45, 78, 54, 70, 38, 66, 50];

/** Grey lines in place of rows that are on their way. */
export function SkeletonRows({ rows = 6, height = 38 }: { rows?: number; height?: number }) {
  return (
    <div aria-busy="true" role="status" aria-label="Loading">
      {WIDTHS.concat(WIDTHS)
        .slice(0, rows)
        .map((width, index) => (
          <div
            // biome-ignore lint/suspicious/noArrayIndexKey: static
            key={index}
            style={{ height, display: "flex", alignItems: "center", gap: 24, padding: "0 16px" }}
          >
            <div className="skeleton" style={{ width: `${width * 0.6}%` }} />
            <div className="skeleton" style={{ width: "14%" }} />
          </div>
        ))}
    </div>
  );
}
