// A dialog that does something: what it is about, a way out, and the button that does it.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal, { type ModalProps } from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useEffect, useState } from "react";
import { t } from "../text";

export interface DialogProps {
  header: string;
  size?: ModalProps.Size;
  close: () => void;
  yes: string;
  act: () => unknown;
  busy?: boolean;
  disabled?: boolean;
  ends?: boolean; // it is closed whatever becomes of it, so what goes wrong is told on the page
  children: ReactNode;
}

/** The dialogs that tell themselves what went wrong; the last one is in front. */
const open: Array<(text: string) => void> = [];

/** Tells it in the dialog that is in front, since what the page says is behind it; false where there is none. */
export function tell(text: string): boolean {
  open.at(-1)?.(text);
  return open.length > 0;
}

export function Dialog({ header, size, close, yes, act, busy, disabled, ends, children }: DialogProps) {
  const [wrong, setWrong] = useState("");
  useEffect(() => {
    if (ends) return;
    open.push(setWrong);
    return () => void open.splice(open.indexOf(setWrong), 1);
  }, [ends]);
  return (
    <Modal
      visible
      size={size}
      header={header}
      closeAriaLabel={t.common.close}
      onDismiss={close}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={close}>{t.common.cancel}</Button>
            <Button variant="primary" loading={busy} disabled={disabled} onClick={() => { setWrong(""); void act(); }}>{yes}</Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {wrong && <Alert type="error" header={t.problem.thatDidNotWork}>{wrong}</Alert>}
        {children}
      </SpaceBetween>
    </Modal>
  );
}
