// A dialog that does something: what it is about, a way out, and the button that does it.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal, { type ModalProps } from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { t } from "../text";

export interface DialogProps {
  header: string;
  size?: ModalProps.Size;
  close: () => void;
  yes: string;
  act: () => unknown;
  busy?: boolean;
  disabled?: boolean;
  children: ReactNode;
}

export function Dialog({ header, size, close, yes, act, busy, disabled, children }: DialogProps) {
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
            <Button variant="primary" loading={busy} disabled={disabled} onClick={() => void act()}>{yes}</Button>
          </SpaceBetween>
        </Box>
      }
    >
      {children}
    </Modal>
  );
}
