// Switching to a role, and the sessions of who signed in.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { Dialog } from "./parts/dialog";
import { useEffect, useState } from "react";
import { plain } from "./api/call";
import type { Identity } from "./session";
import { browser, short, time, visible, zone } from "./text/format";
import { fill, t } from "./text";

const lately = "magpie.roles";

function recent(): string[] {
  try {
    const list = JSON.parse(localStorage.getItem(lately) ?? "[]");
    return Array.isArray(list) ? list.filter((x) => typeof x === "string").slice(0, 5) : [];
  } catch {
    return [];
  }
}

export function RolesDialog(p: { open: boolean; close: () => void; account: string; region: string; roles: Identity[]; done: (id: string, account: string) => Promise<void> }) {
  const [account, setAccount] = useState("");
  const [role, setRole] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  if (!p.open) return null;
  const arn = /^arn:/.test(role) ? role : "arn:aws:iam::" + account.trim() + ":role/" + role.trim();
  const go = async (roleArn: string) => {
    setBusy(true);
    setError("");
    try {
      const to = await plain<{ id: string; account: string }>("POST", "identities", { roleArn, region: p.region });
      localStorage.setItem(lately, JSON.stringify([roleArn, ...recent().filter((r) => r !== roleArn)].slice(0, 5)));
      p.close();
      await p.done(to.id, to.account);
    } catch (e) {
      setError((e as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      header={t.common.switchRole}
      close={p.close}
      yes={t.common.switchRole}
      busy={busy}
      disabled={!role}
      act={() => void go(arn)}
    >
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (role) void go(arn);
        }}
      >
        <SpaceBetween size="m">
          {error && <Alert type="error">{visible(error)}</Alert>}
          <Box>{t.roles.thisTabThenActsInThe}</Box>
          <FormField label={t.common.accountId}>
            <Input value={account} onChange={(e) => setAccount(e.detail.value)} inputMode="numeric" autoFocus />
          </FormField>
          <FormField label={t.roles.roleName} description={t.roles.orTheWholeArnOfThe}>
            <Input value={role} onChange={(e) => setRole(e.detail.value)} spellcheck={false} />
          </FormField>
          {recent().length > 0 && (
            <div>
              <Box variant="awsui-key-label">{t.roles.lately}</Box>
              <SpaceBetween size="xxs">
                {recent().map((r) => (
                  <Button key={r} formAction="none" variant="inline-link" onClick={() => void go(r)}>{visible(r)}</Button>
                ))}
              </SpaceBetween>
            </div>
          )}
        </SpaceBetween>
      </form>
    </Dialog>
  );
}

interface One {
  id: string;
  current: boolean;
  created: string;
  seen: string;
  expires: string;
  source: string;
  userAgent: string;
}

export function SessionsDialog({ open, close }: { open: boolean; close: () => void }) {
  const [list, setList] = useState<One[]>();
  const [error, setError] = useState("");
  const load = () => plain<{ sessions: One[] }>("GET", "sessions").then((r) => setList(r.sessions), (e: Error) => setError(e.message));
  useEffect(() => {
    if (open) void load();
  }, [open]);
  if (!open) return null;
  return (
    <Modal visible size="large" header={t.common.sessions} closeAriaLabel={t.common.close} onDismiss={close}>
      {error && <Alert type="error">{visible(error)}</Alert>}
      <Table<One>
        variant="embedded"
        wrapLines
        loading={!list}
        loadingText={t.roles.loadingSessions}
        items={list ?? []}
        trackBy="id"
        ariaLabels={{ tableLabel: t.common.sessions }}
        columnDefinitions={[
          { id: "agent", header: t.roles.browser, cell: (s) => <span title={visible(s.userAgent)}>{browser(s.userAgent) + (s.current ? t.roles.thisOne : "")}</span>, isRowHeader: true, minWidth: 150 },
          { id: "source", header: t.common.from, cell: (s) => visible(s.source) },
          { id: "created", header: t.roles.signedIn + " (" + zone() + ")", cell: (s) => short(s.created) },
          { id: "seen", header: t.roles.lastUsed, cell: (s) => short(s.seen) },
          { id: "end", header: t.roles.end, minWidth: 100, cell: (s) => (s.current ? "" : <Button ariaLabel={fill(t.roles.endTheSessionOfCreated, { created: time(s.created) })} onClick={() => void plain("DELETE", "sessions/" + s.id).then(load, (e: Error) => setError(e.message))}>{t.roles.end}</Button>) },
        ]}
      />
    </Modal>
  );
}
