import { Tooltip } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconCopy } from "@tabler/icons-react";

/** Text that copies `value` on click; `children` is what is shown. */
export function Copyable({
  value,
  label,
  children,
  bare = false,
}: {
  value: string;
  label: string;
  children?: React.ReactNode;
  /** Only the icon, beside something that is itself pressed. */
  bare?: boolean;
}) {
  const clipboard = useClipboard({ timeout: 1200 });
  return (
    <Tooltip label={clipboard.copied ? "Copied" : `Copy ${label}: ${value}`}>
      <button
        type="button"
        className={`copyable mono ${bare ? "bare" : ""}`}
        aria-label={`Copy ${label} ${value}`}
        onClick={(event) => {
          event.preventDefault();
          event.stopPropagation();
          clipboard.copy(value);
        }}
      >
        {bare ? null : (children ?? value)}
        <span className="icon">{clipboard.copied ? <IconCheck size={13} /> : <IconCopy size={13} />}</span>
      </button>
    </Tooltip>
  );
}

/** A block of code or a command with a copy button. */
export function Snippet({ code }: { code: string }) {
  const clipboard = useClipboard({ timeout: 1200 });
  return (
    <div className="snippet">
      <pre>
        <code>{code}</code>
      </pre>
      <button
        type="button"
        className="icon-button copy"
        aria-label="Copy code"
        onClick={() => clipboard.copy(code)}
      >
        {clipboard.copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
      </button>
    </div>
  );
}
