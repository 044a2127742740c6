import { ActionIcon, Menu, Tooltip, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconBox,
  IconBriefcase,
  IconClockBolt,
  IconDeviceDesktop,
  IconHome,
  IconKeyboard,
  IconMenu2,
  IconMoon,
  IconPlayerPlay,
  IconSearch,
  IconSitemap,
  IconStack2,
  IconStackPush,
  IconSun,
} from "@tabler/icons-react";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { useReadOnly } from "../access/read-only.ts";
import { useReloadWatch, useWorkspace } from "../workspace/workspace.ts";
import { useShortcuts } from "./shortcuts.ts";

const CommandPalette = lazy(() =>
  import("./CommandPalette.tsx").then((m) => ({ default: m.CommandPalette })),
);
const ShortcutsHelp = lazy(() => import("./ShortcutsHelp.tsx").then((m) => ({ default: m.ShortcutsHelp })));

const NAV = [
  { to: "/", label: "Overview", icon: IconHome, keys: "g o", exact: true },
  { to: "/assets", label: "Assets", icon: IconBox, keys: "g a", exact: false },
  { to: "/lineage", label: "Lineage", icon: IconSitemap, keys: "g l", exact: false },
  { to: "/jobs", label: "Jobs", icon: IconBriefcase, keys: "g j", exact: false },
  { to: "/runs", label: "Runs", icon: IconPlayerPlay, keys: "g r", exact: false },
  { to: "/backfills", label: "Backfills", icon: IconStackPush, keys: "g b", exact: false },
  { to: "/automation", label: "Automation", icon: IconClockBolt, keys: "g s", exact: false },
  { to: "/deployment", label: "Deployment", icon: IconStack2, keys: "g d", exact: false },
] as const;

export function Frame() {
  const [palette, { open: openPalette, close: closePalette }] = useDisclosure(false);
  const [help, { open: openHelp, close: closeHelp }] = useDisclosure(false);
  const [drawer, setDrawer] = useState(false);
  const path = useRouterState({ select: (s) => s.location.pathname });
  useShortcuts({ openPalette, openHelp });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu of a narrow screen closes when the page changes
  useEffect(() => setDrawer(false), [path]);
  return (
    <div className="frame">
      <a href="#main" className="skip">
        Skip to content
      </a>
      <header className="topbar">
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="Menu"
          aria-expanded={drawer}
          onClick={() => setDrawer(!drawer)}
        >
          <IconMenu2 size={18} />
        </ActionIcon>
        <Link to="/" className="brand">
          <img src="/icon.svg" alt="" width={22} height={22} />
          <span>dagster-operator</span>
        </Link>
        <span className="spacer" />
        <ActionIcon variant="subtle" color="gray" aria-label="Search" onClick={openPalette}>
          <IconSearch size={18} />
        </ActionIcon>
      </header>
      <nav className={`sidebar ${drawer ? "open" : ""}`} aria-label="Main">
        <Link to="/" className="brand wide">
          <img src="/icon.svg" alt="" width={24} height={24} />
          <span>dagster-operator</span>
        </Link>
        <UnstyledButton className="search-button" onClick={openPalette} aria-keyshortcuts="/">
          <IconSearch size={15} />
          <span>Search</span>
          <span className="kbd">/</span>
        </UnstyledButton>
        {NAV.map(({ to, label, icon: Icon, keys, exact }) => (
          <Tooltip
            key={to}
            label={
              <span>
                Go with{" "}
                {keys.split(" ").map((k) => (
                  <span key={k} className="kbd" style={{ marginLeft: 4 }}>
                    {k}
                  </span>
                ))}
              </span>
            }
            position="right"
            openDelay={700}
          >
            <Link
              to={to}
              className="nav-link"
              activeProps={{ className: "active", "aria-current": "page" }}
              activeOptions={{ exact, includeSearch: false }}
            >
              <Icon size={17} stroke={1.7} />
              {label}
            </Link>
          </Tooltip>
        ))}
        <span className="spacer" />
        <ReadOnlyNote />
        <Locations />
        <div className="row between sidebar-foot">
          <Tooltip label="Keyboard shortcuts (?)">
            <ActionIcon variant="subtle" color="gray" onClick={openHelp} aria-label="Keyboard shortcuts">
              <IconKeyboard size={18} />
            </ActionIcon>
          </Tooltip>
          <ThemeMenu />
        </div>
      </nav>
      {drawer ? (
        <button type="button" className="scrim" aria-label="Close menu" onClick={() => setDrawer(false)} />
      ) : null}
      <main id="main" tabIndex={-1}>
        <Outlet />
      </main>
      <Suspense fallback={null}>
        {palette ? <CommandPalette onClose={closePalette} /> : null}
        {help ? <ShortcutsHelp onClose={closeHelp} /> : null}
      </Suspense>
    </div>
  );
}

/** That nothing can be changed here, in sight on every page. */
function ReadOnlyNote() {
  const reason = useReadOnly();
  if (reason === null) return null;
  return (
    <span className="location-line tone-warn" title={reason}>
      <span className="dot" /> Read-only
    </span>
  );
}

/** One line on the state of the code locations, in sight on every page. */
function Locations() {
  const watch = useReloadWatch();
  const { entries, query } = useWorkspace();
  if (watch.down || (query.error && !query.data)) {
    return (
      <Link to="/deployment" className="location-line tone-fail">
        <span className="dot pulse" /> Server unreachable
      </Link>
    );
  }
  const loading = watch.entries.filter((e) => e.loadStatus === "LOADING").length;
  const broken = entries.filter((e) => e.locationOrLoadError?.__typename === "PythonError").length;
  if (entries.length === 0) return null;
  const refused = entries.filter((e) => e.newVersionError).length;
  const tone = broken > 0 ? "fail" : loading > 0 ? "run" : refused > 0 ? "warn" : "ok";
  const text =
    broken > 0
      ? `${broken} of ${entries.length} locations failed to load`
      : loading > 0
        ? `Loading ${loading} code location${loading > 1 ? "s" : ""}`
        : refused > 0
          ? `${refused} of ${entries.length} locations: new version refused`
          : `${entries.length} code location${entries.length > 1 ? "s" : ""} loaded`;
  return (
    <Link to="/deployment" className={`location-line tone-${tone}`}>
      <span className={`dot ${loading > 0 ? "pulse" : ""}`} /> {text}
    </Link>
  );
}

function ThemeMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Icon = colorScheme === "dark" ? IconMoon : colorScheme === "light" ? IconSun : IconDeviceDesktop;
  return (
    <Menu>
      <Menu.Target>
        <Tooltip label="Theme">
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Theme: ${colorScheme === "auto" ? "system" : colorScheme}`}
          >
            <Icon size={18} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconDeviceDesktop size={15} />} onClick={() => setColorScheme("auto")}>
          System
        </Menu.Item>
        <Menu.Item leftSection={<IconSun size={15} />} onClick={() => setColorScheme("light")}>
          Light
        </Menu.Item>
        <Menu.Item leftSection={<IconMoon size={15} />} onClick={() => setColorScheme("dark")}>
          Dark
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
