// A question before something is done; with `type`, a text has to be typed.
import Alert from "@cloudscape-design/components/alert";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { Dialog } from "./dialog";
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
    <Dialog
      header={question.title}
      close={end}
      yes={question.yes}
      ends
      busy={busy}
      disabled={!!question.type && typed !== question.type}
      act={async () => {
        setBusy(true);
        try {
          await question.act();
        } finally {
          setBusy(false);
          end();
        }
      }}
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
    </Dialog>
  );
}
