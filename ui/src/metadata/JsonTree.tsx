/** JSON as a tree that folds; branches of more than 20 entries and below the second level start closed. */
export function JsonTree({ text }: { text: string }) {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return <code>{text}</code>;
  }
  return (
    <div className="json">
      <Value value={value} name={null} level={0} />
    </div>
  );
}

function Value({ value, name, level }: { value: unknown; name: string | null; level: number }) {
  const label = name === null ? null : <span className="key">{name}: </span>;
  if (value !== null && typeof value === "object") {
    const entries = Array.isArray(value)
      ? value.map((v, i) => [String(i), v] as const)
      : Object.entries(value);
    const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
    if (entries.length === 0)
      return (
        <div className="leaf">
          {label}
          {open}
          {close}
        </div>
      );
    return (
      <details open={level < 2 && entries.length <= 20}>
        <summary>
          {label}
          <span className="faint">
            {open} {entries.length} {close}
          </span>
        </summary>
        {entries.slice(0, 500).map(([key, child]) => (
          <Value key={key} name={key} value={child} level={level + 1} />
        ))}
        {entries.length > 500 ? <div className="leaf faint">{entries.length - 500} more</div> : null}
      </details>
    );
  }
  const kind = typeof value === "string" ? "string" : typeof value === "number" ? "number" : "other";
  return (
    <div className="leaf">
      {label}
      <span className={kind}>{JSON.stringify(value)}</span>
    </div>
  );
}
