// A question before something is done; with `type`, a text has to be typed.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { fill, t } from "../text";

export interface Question {
  title: string;
  body: ReactNode;
  yes: string;
  warning?: string;
  type?: string;
  danger?: boolean;
  act: () => Promise<unknown>;
}

export function Confirm({ question, close }: { question: Question | null; close: () => void }) {
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  if (!question) return null;
  const end = () => {
    setTyped("");
    close();
  };
  return (
    <Modal
      visible
      header={question.title}
      closeAriaLabel={t.common.close}
      onDismiss={end}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={end}>{t.common.cancel}</Button>
            <Button
              variant="primary"
              loading={busy}
              disabled={!!question.type && typed !== question.type}
              onClick={async () => {
                setBusy(true);
                try {
                  await question.act();
                } finally {
                  setBusy(false);
                  end();
                }
              }}
            >
              {question.yes}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {question.warning && <Alert type="warning">{question.warning}</Alert>}
        <div>{question.body}</div>
        {question.type && (
          <FormField label={fill(t.confirm.toConfirmTypeType, { type: question.type })}>
            <Input value={typed} onChange={(e) => setTyped(e.detail.value)} autoFocus />
          </FormField>
        )}
      </SpaceBetween>
    </Modal>
  );
}
