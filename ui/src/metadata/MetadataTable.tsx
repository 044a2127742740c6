import { Modal } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { AssetLink } from "../assets/AssetLink.tsx";
import { Copyable } from "../design/Copyable.tsx";
import { TimeAgo } from "../design/Time.tsx";
import { formatAbsolute } from "../design/time.ts";
import type { MetadataParts } from "../graphql/generated/operations.ts";
import { imageUrl } from "./image.ts";
import { JsonTree } from "./JsonTree.tsx";
import { Markdown } from "./Markdown.tsx";
import { isSafeUrl } from "./markdown.ts";
import { formatInteger, formatNumber } from "./number.ts";

/** Metadata entries as labelled rows, each drawn by its kind. */
export function MetadataTable({ entries }: { entries: readonly MetadataParts[] }) {
  if (entries.length === 0) return <span className="faint">No metadata</span>;
  return (
    <table className="meta-table">
      <tbody>
        {entries.map((entry, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: labels may repeat
          <tr key={index}>
            <th scope="row" title={entry.description ?? undefined}>
              {entry.label}
            </th>
            <td>
              <MetadataValue entry={entry} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function MetadataValue({ entry }: { entry: MetadataParts }) {
  switch (entry.__typename) {
    case "FloatMetadataEntry":
      return (
        <span className="tnum" title={entry.floatRepr}>
          {entry.floatValue === null ? entry.floatRepr : formatNumber(entry.floatValue)}
        </span>
      );
    case "IntMetadataEntry":
      return (
        <span className="tnum">
          {entry.intValue === null ? formatInteger(entry.intRepr) : formatNumber(entry.intValue)}
        </span>
      );
    case "TextMetadataEntry":
      return <span style={{ whiteSpace: "pre-wrap" }}>{entry.text}</span>;
    case "BoolMetadataEntry":
      return <code>{String(entry.boolValue)}</code>;
    case "NullMetadataEntry":
      return <code className="faint">null</code>;
    case "UrlMetadataEntry":
      return isSafeUrl(entry.url) ? (
        <a href={entry.url} target="_blank" rel="noreferrer noopener">
          {entry.url}
        </a>
      ) : (
        <code>{entry.url}</code>
      );
    case "PathMetadataEntry":
    case "NotebookMetadataEntry":
      return <Copyable value={entry.path} label="path" />;
    case "JsonMetadataEntry":
      return <JsonTree text={entry.jsonString} />;
    case "MarkdownMetadataEntry":
      return <Markdown source={entry.mdStr} />;
    case "TimestampMetadataEntry":
      return (
        <span>
          {formatAbsolute(entry.timestamp * 1000)}{" "}
          <span className="faint">
            (<TimeAgo at={entry.timestamp * 1000} />)
          </span>
        </span>
      );
    case "PipelineRunMetadataEntry":
      return (
        <Link to="/runs/$runId" params={{ runId: entry.runId }} className="mono">
          {entry.runId}
        </Link>
      );
    case "AssetMetadataEntry":
      return <AssetLink path={entry.assetKey.path} />;
    case "ImageMetadataEntry":
      return <Picture label={entry.label} mediaType={entry.mediaType} data={entry.data} />;
    case "TableMetadataEntry":
      return <DataTable columns={entry.table.schema.columns} records={entry.table.records} />;
    case "TableSchemaMetadataEntry":
      return (
        <DataTable
          columns={SCHEMA_COLUMNS}
          records={entry.schema.columns.map((c) =>
            JSON.stringify({ column: c.name, type: c.type, description: c.description ?? "" }),
          )}
        />
      );
    default:
      return <span className="faint">{"This kind of metadata is newer than the page."}</span>;
  }
}

const SCHEMA_COLUMNS = [
  { name: "column", type: "string", description: null },
  { name: "type", type: "string", description: null },
  { name: "description", type: "string", description: null },
];

function Picture({ label, mediaType, data }: { label: string; mediaType: string; data: string }) {
  const [open, setOpen] = useState(false);
  const url = imageUrl(mediaType, data);
  if (!url) return <span className="faint">A picture of type {mediaType} is not shown.</span>;
  return (
    <>
      <button
        type="button"
        className="link-button"
        onClick={() => setOpen(true)}
        aria-label={`Enlarge ${label}`}
      >
        <img className="meta-image" src={url} alt={label} />
      </button>
      {open ? (
        <Modal opened onClose={() => setOpen(false)} title={label} size="xl">
          <img src={url} alt={label} style={{ width: "100%", background: "#fff" }} />
        </Modal>
      ) : null}
    </>
  );
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly description: string | null;
}

function DataTable({ columns, records }: { columns: readonly Column[]; records: readonly string[] }) {
  const [all, setAll] = useState(false);
  const rows = (all ? records : records.slice(0, 50)).map(
    (record) => JSON.parse(record) as Record<string, unknown>,
  );
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by keyboard */}
      <div className="meta-data" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.name} title={[column.type, column.description].filter(Boolean).join(": ")}>
                  {column.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity
              <tr key={index}>
                {columns.map((column) => {
                  const value = row[column.name];
                  return (
                    <td
                      key={column.name}
                      className={typeof value === "number" ? "num" : ""}
                      title={String(value ?? "")}
                    >
                      {typeof value === "number" ? (
                        formatNumber(value)
                      ) : value === null || value === undefined ? (
                        <span className="faint">null</span>
                      ) : (
                        String(value)
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {records.length > rows.length ? (
        <button type="button" className="link-button" onClick={() => setAll(true)}>
          Show all {records.length.toLocaleString()} rows
        </button>
      ) : null}
    </>
  );
}
