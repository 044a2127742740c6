import { MultiSelect, TextInput, Tooltip } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconFilterCode, IconSearch } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { Graph } from "./asset-graph.ts";
import type { AssetFilters } from "./filter.ts";

/** Text, selection syntax, group, kind and location; `onChange` gets what changed. */
export function AssetFilterBar({
  graph,
  filters,
  error,
  onChange,
}: {
  graph: Graph;
  filters: AssetFilters;
  error: string | null;
  onChange: (patch: AssetFilters) => void;
}) {
  return (
    <>
      <div className="grow">
        <Typed
          label="Search by key"
          icon={<IconSearch size={14} />}
          value={filters.q}
          onChange={(q) => onChange({ q })}
        />
      </div>
      <div className="grow">
        <Tooltip label={<SelectionHelp />} openDelay={600} position="bottom" maw={360}>
          <div>
            <Typed
              label={'Select, e.g. group:sales and kind:duckdb or key:"raw*"+'}
              mono
              icon={<IconFilterCode size={14} />}
              value={filters.select}
              error={error}
              onChange={(select) => onChange({ select })}
            />
          </div>
        </Tooltip>
      </div>
      <Choices
        label="Group"
        all={graph.groups}
        value={filters.group}
        onChange={(group) => onChange({ group })}
      />
      <Choices label="Kind" all={graph.kinds} value={filters.kind} onChange={(kind) => onChange({ kind })} />
      {graph.locations.length > 1 ? (
        <Choices
          label="Location"
          all={graph.locations}
          value={filters.location}
          onChange={(location) => onChange({ location })}
        />
      ) : null}
    </>
  );
}

function SelectionHelp() {
  return (
    <span style={{ display: "block", lineHeight: 1.7 }}>
      <code>+orders</code> with all upstream · <code>orders+</code> with all downstream ·{" "}
      <code>1+orders</code> one level
      <br />
      <code>group:x</code> <code>kind:x</code> <code>owner:x</code> <code>tag:k=v</code>{" "}
      <code>key:"raw*"</code>
      <br />
      <code>and</code> <code>or</code> <code>not</code> <code>( )</code> <code>sinks(…)</code>{" "}
      <code>roots(…)</code>
    </span>
  );
}

function Typed(props: {
  label: string;
  icon: React.ReactNode;
  value: string | undefined;
  mono?: boolean;
  error?: string | null;
  onChange: (value: string | undefined) => void;
}) {
  const [draft, setDraft] = useState(props.value ?? "");
  const send = useDebouncedCallback((value: string) => props.onChange(value === "" ? undefined : value), 200);
  useEffect(() => setDraft(props.value ?? ""), [props.value]);
  return (
    <TextInput
      aria-label={props.label}
      placeholder={props.label}
      leftSection={props.icon}
      value={draft}
      error={props.error ?? undefined}
      spellCheck={false}
      {...(props.mono ? { styles: { input: { fontFamily: "var(--mantine-font-family-monospace)" } } } : {})}
      onChange={(event) => {
        setDraft(event.currentTarget.value);
        send(event.currentTarget.value);
      }}
    />
  );
}

function Choices({
  label,
  all,
  value,
  onChange,
}: {
  label: string;
  all: readonly string[];
  value: readonly string[] | undefined;
  onChange: (value: string[] | undefined) => void;
}) {
  if (all.length === 0) return null;
  return (
    <MultiSelect
      aria-label={label}
      placeholder={value?.length ? "" : label}
      data={[...all]}
      value={[...(value ?? [])]}
      onChange={(next) => onChange(next.length > 0 ? next : undefined)}
      searchable
      clearable
      limit={200}
      maxValues={20}
      w={value?.length ? "auto" : 130}
      miw={130}
      maw={340}
      comboboxProps={{ width: 240, position: "bottom-start" }}
    />
  );
}
