import { TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { WriteButton } from "../access/WriteButton.tsx";
import { Problem } from "../design/Feedback.tsx";
import { send } from "../graphql/client.ts";
import {
  AddDynamicPartition,
  AssetPartitions,
  DeleteDynamicPartitions,
  type RepositorySelector,
} from "../graphql/generated/operations.ts";
import { queryClient } from "../graphql/hooks.ts";
import { Confirm } from "../runs/Confirm.tsx";

/** Adds a key to dynamic partitions, and deletes the one that is chosen. */
export function DynamicPartitions({
  name,
  chosen,
  repository,
}: {
  name: string;
  chosen: string | undefined;
  repository: RepositorySelector;
}) {
  const [key, setKey] = useState("");
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const again = () => queryClient.invalidateQueries({ queryKey: [AssetPartitions.name] });
  const add = async () => {
    setBusy(true);
    setRefused(null);
    try {
      const { addDynamicPartition: answer } = await send(AddDynamicPartition, {
        repository,
        name,
        key: key.trim(),
      });
      if (answer.__typename === "AddDynamicPartitionSuccess") setKey("");
      else setRefused(answer.message);
      await again();
    } catch (error) {
      setRefused(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  const remove = async () => {
    const { deleteDynamicPartitions: answer } = await send(DeleteDynamicPartitions, {
      repository,
      name,
      keys: chosen === undefined ? [] : [chosen],
    });
    if (answer.__typename !== "DeleteDynamicPartitionsSuccess") throw new Error(answer.message);
    await again();
  };
  return (
    <div className="stack">
      <form
        className="row wrap"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <TextInput
          aria-label={`New partition of ${name}`}
          placeholder="New partition"
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
        />
        <WriteButton
          type="submit"
          variant="default"
          leftSection={<IconPlus size={14} />}
          loading={busy}
          disabled={key.trim() === ""}
        >
          Add
        </WriteButton>
        {chosen ? (
          <Confirm
            label={`Delete ${chosen}`}
            icon={<IconTrash size={14} />}
            color="red"
            question={`Delete the partition ${chosen} of ${name}?`}
            detail="Assets with these partitions have it no more. What was stored for it stays where it is."
            onConfirm={remove}
          />
        ) : null}
      </form>
      {refused ? <Problem title={refused} /> : null}
    </div>
  );
}
