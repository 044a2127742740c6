import { Button, type ButtonProps } from "@mantine/core";
import type { ComponentPropsWithoutRef } from "react";
import { useReadOnly } from "./read-only.ts";

/** A button that changes something: on a read-only server it is off, and says why. */
export function WriteButton(
  props: ButtonProps & Omit<ComponentPropsWithoutRef<"button">, keyof ButtonProps>,
) {
  const reason = useReadOnly();
  return <Button {...props} {...(reason !== null && { disabled: true, title: reason })} />;
}
