// What became of each of several, where some were not done.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { csv, save, visible } from "../text/format";
import { fill, t } from "../text";

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
      header={fill(t.results.titleListDoneBadNot, { title, list: (list.length - bad.length), bad: bad.length })}
      closeAriaLabel={t.common.close}
      onDismiss={close}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button onClick={() => save("results.csv", "text/csv", csv([[t.common.accountId, t.common.region, t.common.result, t.common.reason], ...list.map((r) => [r.account, r.region ?? "", r.error ? t.results.notDone : "done", r.error ?? ""])]))}>{t.common.saveAsCsv}</Button>
            {again && (
              <Button
                loading={busy}
                onClick={async () => {
                  setBusy(true);
                  close();
                  await again(bad);
                }}
              >{t.results.tryThoseAgain}</Button>
            )}
            <Button variant="primary" onClick={close}>{t.common.close}</Button>
          </SpaceBetween>
        </Box>
      }
    >
      <Table<Outcome>
        variant="embedded"
        items={bad.slice(0, 100)}
        ariaLabels={{ tableLabel: t.results.notDone2 }}
        wrapLines
        columnDefinitions={[
          { id: "account", header: t.common.account, cell: (r) => r.account, isRowHeader: true, width: 150 },
          ...(bad.some((r) => r.region) ? [{ id: "region", header: t.common.region, cell: (r: Outcome) => r.region ?? "–", width: 140 }] : []),
          { id: "error", header: t.results.whyNot, cell: (r) => visible(r.error) },
        ]}
      />
    </Modal>
  );
}
