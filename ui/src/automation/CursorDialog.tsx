import { Modal, Textarea } from "@mantine/core";
import { useState } from "react";
import { WriteButton } from "../access/WriteButton.tsx";
import { send } from "../graphql/client.ts";
import { type SensorSelector, SetSensorCursor } from "../graphql/generated/operations.ts";
import { queryClient } from "../graphql/hooks.ts";
import { reportFailure } from "../runs/actions.ts";

/** Changes or takes away the cursor of a sensor. */
export function CursorDialog(props: {
  selector: SensorSelector;
  cursor: string | null;
  /** The cursor means nothing to a person: it can only be taken away. */
  resetOnly: boolean;
  onClose: () => void;
}) {
  const { selector, cursor, resetOnly, onClose } = props;
  const [text, setText] = useState(cursor ?? "");
  const [busy, setBusy] = useState(false);
  const set = async (next: string | null) => {
    setBusy(true);
    try {
      const answer = (await send(SetSensorCursor, { selector, ...(next === null ? {} : { cursor: next }) }))
        .setSensorCursor;
      if ("message" in answer) throw new Error(answer.message);
      await queryClient.invalidateQueries({ queryKey: ["SensorPage"] });
      onClose();
    } catch (error) {
      reportFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={onClose} title={<strong>Cursor of {selector.sensorName}</strong>} size="md">
      <div className="stack">
        <p className="dim" style={{ margin: 0 }}>
          {resetOnly
            ? "The cursor is kept by the sensor itself. Without it the next tick begins anew."
            : "The next tick gets what stands here. Without a cursor it begins anew, and may ask for runs again that have no run key."}
        </p>
        {resetOnly ? null : (
          <Textarea
            label="Cursor"
            autosize
            minRows={2}
            maxRows={10}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        )}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <WriteButton variant="default" color="red" loading={busy} onClick={() => void set(null)}>
            Reset
          </WriteButton>
          {resetOnly ? null : (
            <WriteButton
              loading={busy}
              disabled={text === "" || text === cursor}
              onClick={() => void set(text)}
            >
              Set
            </WriteButton>
          )}
        </div>
      </div>
    </Modal>
  );
}
