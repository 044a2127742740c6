import { SegmentedControl, Select } from "@mantine/core";
import { useEffect, useState } from "react";
import { countOf } from "../design/count.ts";
import { Problem } from "../design/Feedback.tsx";
import { rangeOf } from "./partitions.ts";

type Mode = "one" | "range";

/** Chooses partition keys: the latest, one, or a range. `onChange` gets the keys. */
export function PartitionPicker({
  keys,
  onChange,
  start = "one",
}: {
  keys: readonly string[];
  onChange: (keys: string[]) => void;
  start?: Mode;
}) {
  const [mode, setMode] = useState<Mode>(start);
  const [from, setFrom] = useState<string | null>(null);
  const [to, setTo] = useState<string | null>(null);
  const latest = keys.at(-1) ?? null;
  const first = from ?? (mode === "range" && start === "range" ? (keys[0] ?? null) : latest);
  const last = mode === "one" ? first : (to ?? latest);
  const chosen = first !== null && last !== null ? rangeOf(keys, first, last) : [];
  // biome-ignore lint/correctness/useExhaustiveDependencies: the choice is what first and last say
  useEffect(() => onChange(chosen), [first, last, keys]);
  if (keys.length === 0) {
    return (
      <Problem
        tone="warn"
        title="There is no partition to materialize"
        next="A time partition exists once its window is over; a dynamic one once your code or a sensor has added it."
      />
    );
  }
  const newestFirst = [...keys].reverse();
  return (
    <fieldset className="launch-field">
      <legend>Partition</legend>
      <div className="row wrap">
        <SegmentedControl
          aria-label="Partitions"
          value={mode}
          onChange={(value) => setMode(value as Mode)}
          data={[
            { value: "one", label: "One" },
            { value: "range", label: "Range" },
          ]}
        />
        <Select
          aria-label={mode === "one" ? "Partition key" : "First partition"}
          data={newestFirst}
          value={first}
          onChange={setFrom}
          searchable
          limit={100}
          allowDeselect={false}
          nothingFoundMessage="No such partition"
        />
        {mode === "range" ? (
          <>
            <span className="faint">to</span>
            <Select
              aria-label="Last partition"
              data={newestFirst}
              value={last}
              onChange={setTo}
              searchable
              limit={100}
              allowDeselect={false}
              nothingFoundMessage="No such partition"
            />
          </>
        ) : null}
        {first !== latest || (mode === "range" && last !== latest) ? (
          <button
            type="button"
            className="link-button"
            onClick={() => {
              setMode("one");
              setFrom(null);
              setTo(null);
            }}
          >
            Latest ({latest})
          </button>
        ) : null}
      </div>
      {mode === "range" ? <p className="faint">{countOf(chosen.length, "partition")}.</p> : null}
    </fieldset>
  );
}
