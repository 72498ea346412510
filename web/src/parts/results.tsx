// What became of each of several, where some were not done.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { csv, save, visible } from "../text/format";

export interface Outcome {
  account: string;
  region?: string;
  error?: string;
}

/** Does once more what was not done. */
export type Again = (those: Outcome[]) => Promise<void>;

/** What became of each, to be read and saved. */
export function Results({ title, list, again, close }: { title: string; list: Outcome[]; again?: Again; close: () => void }) {
  const [busy, setBusy] = useState(false);
  const bad = list.filter((r) => r.error);
  return (
    <Modal
      visible
      size="large"
      header={title + ": " + (list.length - bad.length) + " done, " + bad.length + " not"}
      closeAriaLabel="Close"
      onDismiss={close}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button onClick={() => save("results.csv", "text/csv", csv([["Account ID", "Region", "Result", "Reason"], ...list.map((r) => [r.account, r.region ?? "", r.error ? "not done" : "done", r.error ?? ""])]))}>Save as CSV</Button>
            {again && (
              <Button
                loading={busy}
                onClick={async () => {
                  setBusy(true);
                  close();
                  await again(bad);
                }}
              >
                Try those again
              </Button>
            )}
            <Button variant="primary" onClick={close}>Close</Button>
          </SpaceBetween>
        </Box>
      }
    >
      <Table<Outcome>
        variant="embedded"
        items={bad.slice(0, 100)}
        ariaLabels={{ tableLabel: "Not done" }}
        wrapLines
        columnDefinitions={[
          { id: "account", header: "Account", cell: (r) => r.account, isRowHeader: true, width: 150 },
          ...(bad.some((r) => r.region) ? [{ id: "region", header: "Region", cell: (r: Outcome) => r.region ?? "–", width: 140 }] : []),
          { id: "error", header: "Why not", cell: (r) => visible(r.error) },
        ]}
      />
    </Modal>
  );
}
