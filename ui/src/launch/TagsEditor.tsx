import { ActionIcon, TextInput } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useState } from "react";

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** Tags of a run to launch; typed as `key=value` and Enter. */
export function TagsEditor({ tags, onChange }: { tags: readonly Tag[]; onChange: (tags: Tag[]) => void }) {
  const [draft, setDraft] = useState("");
  const [error, setError] = useState<string | null>(null);
  const add = () => {
    const text = draft.trim();
    if (text === "") return;
    const at = text.search(/[=:]/);
    if (at <= 0) return setError("Write a tag as key=value");
    const key = text.slice(0, at).trim();
    onChange([...tags.filter((tag) => tag.key !== key), { key, value: text.slice(at + 1).trim() }]);
    setDraft("");
    setError(null);
  };
  return (
    <div>
      <label className="launch-legend" htmlFor="tag-input">
        Tags
      </label>
      <div className="row wrap">
        {tags.map((tag) => (
          <span key={tag.key} className="chip">
            {tag.key}={tag.value}
            <ActionIcon
              size={14}
              variant="transparent"
              color="gray"
              aria-label={`Remove tag ${tag.key}`}
              onClick={() => onChange(tags.filter((t) => t !== tag))}
            >
              <IconX size={12} />
            </ActionIcon>
          </span>
        ))}
        <TextInput
          id="tag-input"
          placeholder="key=value, Enter"
          value={draft}
          error={error}
          w={200}
          onChange={(event) => setDraft(event.currentTarget.value)}
          onBlur={add}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            add();
          }}
        />
      </div>
    </div>
  );
}
