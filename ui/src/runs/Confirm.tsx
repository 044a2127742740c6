import { Button, Modal } from "@mantine/core";
import { useState } from "react";
import { WriteButton } from "../access/WriteButton.tsx";
import { reportFailure } from "./actions.ts";

/** A button that asks before it does what cannot be undone. */
export function Confirm(props: {
  label: string;
  question: string;
  detail?: React.ReactNode;
  color?: string;
  icon?: React.ReactNode;
  variant?: string;
  disabled?: boolean;
  onConfirm: () => Promise<unknown>;
}) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    try {
      await props.onConfirm();
      setOpen(false);
    } catch (error) {
      reportFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <WriteButton
        variant={props.variant ?? "default"}
        color={props.color}
        leftSection={props.icon}
        disabled={props.disabled ?? false}
        onClick={() => setOpen(true)}
      >
        {props.label}
      </WriteButton>
      <Modal opened={open} onClose={() => setOpen(false)} title={<strong>{props.question}</strong>} size="sm">
        <div className="stack">
          {props.detail ? <div className="dim">{props.detail}</div> : null}
          <div className="row" style={{ justifyContent: "flex-end" }}>
            <Button variant="default" onClick={() => setOpen(false)} data-autofocus>
              Keep
            </Button>
            <Button color={props.color ?? "red"} loading={busy} onClick={() => void go()}>
              {props.label}
            </Button>
          </div>
        </div>
      </Modal>
    </>
  );
}
