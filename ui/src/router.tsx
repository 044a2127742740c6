import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { RUN_STATUSES } from "./design/Status.tsx";
import { LogLevelNames } from "./run/levels.ts";
import { list, oneOf, present, someOf, text, whole } from "./search-params.ts";
import { Crashed, NotFound } from "./shell/Fallback.tsx";
import { Frame } from "./shell/Frame.tsx";

// Every filter lives in the URL, typed and validated here, so that each view can be linked.
const root = createRootRoute({ component: Frame, notFoundComponent: NotFound, errorComponent: Crashed });

const overview = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: (s: Record<string, unknown>) => present({ hours: oneOf(text(s.hours), ["1", "6", "24"]) }),
  component: lazyRouteComponent(() => import("./overview/OverviewPage.tsx"), "OverviewPage"),
});

const assetFilters = (s: Record<string, unknown>) =>
  present({
    q: text(s.q),
    select: text(s.select),
    group: list(s.group),
    kind: list(s.kind),
    location: list(s.location),
  });
// The list is the index of a parent: beside it, `/assets/$` would take /assets too, as the empty key.
const assetPages = createRoute({ getParentRoute: () => root, path: "/assets" });
const assets = createRoute({
  getParentRoute: () => assetPages,
  path: "/",
  validateSearch: (s: Record<string, unknown>) => assetFilters(s),
  component: lazyRouteComponent(() => import("./assets/AssetsPage.tsx"), "AssetsPage"),
});
const lineage = createRoute({
  getParentRoute: () => root,
  path: "/lineage",
  validateSearch: (s: Record<string, unknown>) =>
    present({ ...assetFilters(s), open: list(s.open), at: text(s.at) }),
  component: lazyRouteComponent(() => import("./lineage/LineagePage.tsx"), "LineagePage"),
});
const ASSET_TABS = ["overview", "events", "plots", "partitions", "automation", "checks", "lineage"] as const;
const asset = createRoute({
  getParentRoute: () => assetPages,
  path: "$",
  validateSearch: (s: Record<string, unknown>) =>
    present({
      tab: oneOf(s.tab, ASSET_TABS),
      partition: text(s.partition),
      at: text(s.at),
      check: text(s.check),
    }),
  component: lazyRouteComponent(() => import("./assets/AssetPage.tsx"), "AssetPage"),
});
const jobs = createRoute({
  getParentRoute: () => root,
  path: "/jobs",
  validateSearch: (s: Record<string, unknown>) => present({ q: text(s.q) }),
  component: lazyRouteComponent(() => import("./jobs/JobsPage.tsx"), "JobsPage"),
});
const JOB_TABS = ["graph", "launchpad", "partitions", "runs", "automation"] as const;
const job = createRoute({
  getParentRoute: () => root,
  path: "/jobs/$location/$job",
  validateSearch: (s: Record<string, unknown>) => present({ tab: oneOf(s.tab, JOB_TABS) }),
  component: lazyRouteComponent(() => import("./jobs/JobPage.tsx"), "JobPage"),
});
const runs = createRoute({
  getParentRoute: () => root,
  path: "/runs",
  validateSearch: (s: Record<string, unknown>) =>
    present({
      status: someOf(s.status, RUN_STATUSES),
      job: text(s.job),
      tag: list(s.tag),
      location: text(s.location),
      within: oneOf(s.within, ["1h", "24h", "7d", "30d"]),
    }),
  component: lazyRouteComponent(() => import("./runs/RunsPage.tsx"), "RunsPage"),
});
const RUN_TABS = ["events", "logs", "config", "assets"] as const;
const run = createRoute({
  getParentRoute: () => root,
  path: "/runs/$runId",
  validateSearch: (s: Record<string, unknown>) =>
    present({
      tab: oneOf(s.tab, RUN_TABS),
      q: text(s.q),
      level: someOf(s.level, LogLevelNames),
      step: list(s.step),
      type: list(s.type),
      event: whole(s.event),
      stream: oneOf(s.stream, ["out", "err"]),
      log: text(s.log),
    }),
  component: lazyRouteComponent(() => import("./run/RunPage.tsx"), "RunPage"),
});
const backfills = createRoute({
  getParentRoute: () => root,
  path: "/backfills",
  validateSearch: (s: Record<string, unknown>) => present({ show: oneOf(s.show, ["open", "failed"]) }),
  component: lazyRouteComponent(() => import("./backfills/BackfillsPage.tsx"), "BackfillsPage"),
});
const backfill = createRoute({
  getParentRoute: () => root,
  path: "/backfills/$backfillId",
  component: lazyRouteComponent(() => import("./backfills/BackfillPage.tsx"), "BackfillPage"),
});
const automation = createRoute({
  getParentRoute: () => root,
  path: "/automation",
  validateSearch: (s: Record<string, unknown>) =>
    present({ q: text(s.q), show: oneOf(s.show, ["schedules", "sensors", "conditions"]) }),
  component: lazyRouteComponent(() => import("./automation/AutomationPage.tsx"), "AutomationPage"),
});
const schedule = createRoute({
  getParentRoute: () => root,
  path: "/automation/$location/schedules/$name",
  component: lazyRouteComponent(() => import("./automation/SchedulePage.tsx"), "SchedulePage"),
});
const sensor = createRoute({
  getParentRoute: () => root,
  path: "/automation/$location/sensors/$name",
  component: lazyRouteComponent(() => import("./automation/SensorPage.tsx"), "SensorPage"),
});
const deployment = createRoute({
  getParentRoute: () => root,
  path: "/deployment",
  validateSearch: (s: Record<string, unknown>) =>
    present({ tab: oneOf(s.tab, ["locations", "daemons", "concurrency", "instance"]) }),
  component: lazyRouteComponent(() => import("./deployment/DeploymentPage.tsx"), "DeploymentPage"),
});
const location = createRoute({
  getParentRoute: () => root,
  path: "/deployment/$location",
  component: lazyRouteComponent(() => import("./deployment/LocationPage.tsx"), "LocationPage"),
});

const routeTree = root.addChildren([
  overview,
  assetPages.addChildren([assets, asset]),
  lineage,
  jobs,
  job,
  runs,
  run,
  backfills,
  backfill,
  automation,
  schedule,
  sensor,
  deployment,
  location,
]);
export const router = createRouter({ routeTree, defaultPreload: "intent", scrollRestoration: true });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
