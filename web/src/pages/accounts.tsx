// Accounts: who is a member, who was invited, what became of it, and what to do next.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Link from "@cloudscape-design/components/link";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useEffect, useMemo, useState } from "react";
import { type Caller, CallError, each, type Options } from "../api/call";
import { Relationship, Theirs, To, When } from "../parts/bits";
import { Confirm, type Question } from "../parts/confirm";
import { Problem, useAct } from "../parts/problem";
import { type Resource, useResource } from "../parts/resource";
import { Rows, writeFilter } from "../parts/rows";
import { navigate, useRoute } from "../route";
import { useDesk } from "../session";
import { count, counted, csv, relationship, save, time, visible, words } from "../text/format";

export interface Member {
  accountId: string;
  name?: string;
  email?: string;
  relationshipStatus: string;
  viaOrganization: boolean;
  invitedAt?: string;
  updatedAt: string;
}

export interface Event {
  id: string;
  time: string;
  event: string;
  administratorAccountId: string;
  accountId: string;
  invitationId?: string;
  fromStatus?: string;
  toStatus?: string;
  principal: string;
  detail?: string;
}

/** All members, in pages of a thousand. */
export async function loadMembers(c: Caller, o: Options): Promise<Member[]> {
  const list: Member[] = [];
  let token = "";
  do {
    const page = await c.own<{ members: Member[]; nextToken?: string }>("GET", "members?maxResults=1000" + (token ? "&nextToken=" + encodeURIComponent(token) : ""), undefined, o);
    list.push(...page.members);
    token = page.nextToken ?? "";
  } while (token);
  return list;
}

export async function loadHistory(c: Caller, query: string, most: number, o: Options): Promise<Event[]> {
  const list: Event[] = [];
  let token = "";
  do {
    const page = await c.own<{ events: Event[]; nextToken?: string }>("GET", "history?maxResults=100" + query + (token ? "&nextToken=" + encodeURIComponent(token) : ""), undefined, o);
    list.push(...page.events);
    token = page.nextToken ?? "";
  } while (token && list.length < most);
  return list;
}

const mailWords: Record<string, string> = { MailQueued: "On its way", MailAccepted: "Handed over", MailDeferred: "Not yet: tried again", MailRefused: "Refused", MailNotSent: "Not sent" };

/** What each status allows. */
const may = {
  invite: (m: Member) => !m.viaOrganization && ["Created", "EmailVerificationFailed", "Invited", "Removed", "Resigned"].includes(m.relationshipStatus),
  correct: (m: Member) => m.relationshipStatus === "EmailVerificationFailed",
  pause: (m: Member) => m.relationshipStatus === "Enabled",
  resume: (m: Member) => m.relationshipStatus === "Paused",
  remove: (m: Member) => ["Enabled", "Paused"].includes(m.relationshipStatus),
  delete: (m: Member) => !["Enabled", "Paused"].includes(m.relationshipStatus),
};

interface Outcome {
  account: string;
  error?: string;
}

const declinedFor = 30; // days

/** The last refusal of each account that declined lately. Declining takes an account off the list, so its history is all there is. */
async function loadDeclined(c: Caller, administrator: string, o: Options): Promise<Event[]> {
  const since = new Date(Date.now() - declinedFor * 86_400_000).toISOString();
  const last = new Map<string, Event>();
  for (const e of await loadHistory(c, "&event=InvitationDeclined&since=" + encodeURIComponent(since), 5000, o)) if (e.administratorAccountId === administrator && !last.has(e.accountId)) last.set(e.accountId, e);
  return [...last.values()];
}

export function Accounts() {
  const desk = useDesk();
  const route = useRoute();
  useEffect(() => desk.title("Accounts"), [desk]);
  const declined = useResource((o) => loadDeclined(desk.caller, desk.account, o), [desk.caller, desk.account], 60_000);
  const members = useResource((o) => loadMembers(desk.caller, o), [desk.caller], (list) => (list.some((m) => m.relationshipStatus === "EmailVerificationInProgress") ? 3000 : 60_000));
  const mail = useResource(
    async (o) => {
      const out: Record<string, Event> = {};
      for (const kind of ["MailRefused", "MailNotSent", "MailDeferred", "MailAccepted"])
        for (const e of await loadHistory(desk.caller, "&event=" + kind, kind === "MailAccepted" ? 1000 : 500, o)) if (!out[e.accountId] || out[e.accountId]!.id < e.id) out[e.accountId] = e;
      return out;
    },
    [desk.caller, members.updated === 0],
    60_000,
  );
  const [selected, setSelected] = useState<Member[]>([]);
  const [inviting, setInviting] = useState<Member[] | null>(null);
  const [correcting, setCorrecting] = useState<Member | null>(null);
  const [question, setQuestion] = useState<Question | null>(null);
  const [results, setResults] = useState<{ what: string; list: Outcome[] } | null>(null);
  const fresh = useMemo(() => {
    const ids = new Set(selected.map((m) => m.accountId));
    return (members.data ?? []).filter((m) => ids.has(m.accountId));
  }, [members.data, selected]);
  const done = (what: string, list: Outcome[]) => {
    const bad = list.filter((r) => r.error);
    if (bad.length) setResults({ what, list });
    else desk.flash({ type: "success", content: what + ": " + counted(list.length, "account") + "." });
    setSelected([]);
    members.refresh();
  };
  const bulk = (id: string) => {
    const list = fresh;
    const kinds: Record<string, { title: string; yes: string; fits: (m: Member) => boolean; body: string; done: string; act: (m: Member) => Promise<unknown> }> = {
      pause: {
        title: "Suspend Macie in",
        yes: "Suspend",
        fits: may.pause,
        body: "Macie stops looking at their buckets. Only the accounts themselves can resume it where they are members by invitation.",
        done: "Suspended",
        act: (m) => desk.caller.call("UpdateMemberSession", { id: m.accountId, status: "PAUSED" }),
      },
      resume: { title: "Resume Macie in", yes: "Resume", fits: may.resume, body: "Macie goes on where it was suspended by you.", done: "Resumed", act: (m) => desk.caller.call("UpdateMemberSession", { id: m.accountId, status: "ENABLED" }) },
      remove: {
        title: "Remove as members:",
        yes: "Remove",
        fits: may.remove,
        body: "They keep Macie, and you can no longer see their buckets and findings. They stay in this list as removed, and can be invited again.",
        done: "Removed",
        act: (m) => desk.caller.call("DisassociateMember", { id: m.accountId }),
      },
      delete: { title: "Delete from the list:", yes: "Delete", fits: may.delete, body: "An invitation that is not answered goes with it. The account can be added again.", done: "Deleted", act: (m) => desk.caller.call("DeleteMember", { id: m.accountId }) },
    };
    const k = kinds[id]!;
    const those = list.filter(k.fits);
    setQuestion({
      title: k.title + " " + counted(those.length, "account") + "?",
      yes: k.yes,
      body: (
        <SpaceBetween size="s">
          <span>{k.body}</span>
          <span className="mono">{those.slice(0, 10).map((m) => m.accountId).join(" ") + (those.length > 10 ? " …" : "")}</span>
          {those.length < list.length && <Alert type="info">{counted(list.length - those.length, "chosen account is", "chosen accounts are")} not in a state that allows this, and left out.</Alert>}
        </SpaceBetween>
      ),
      act: async () => {
        const r = await each(those, 4, k.act);
        done(k.done, those.map((m, i) => ({ account: m.accountId, error: r[i] instanceof CallError ? (r[i] as CallError).message : undefined })));
      },
    });
  };
  const byStatus = new Map<string, number>();
  for (const m of members.data ?? []) byStatus.set(m.relationshipStatus, (byStatus.get(m.relationshipStatus) ?? 0) + 1);
  const mailOf = (m: Member) => mail.data?.[m.accountId];
  if (route.query.get("view") === "declined") return <Declined rows={declined} members={members.data} />;
  return (
    <SpaceBetween size="m">
      <Rows<Member>
        h1
        name="Accounts"
        id="accounts"
        description={"The accounts that this one administers in " + desk.region + ", or has asked to."}
        rows={members}
        rowId={(m) => m.accountId}
        select="multi"
        selected={fresh}
        onSelect={setSelected}
        empty={{ title: "No accounts", text: "Add the accounts whose buckets you are to watch over, and invite them.", action: <Button onClick={() => navigate(desk.link("accounts", "add"))}>Add accounts</Button> }}
        more={
          byStatus.size + (declined.data?.length ?? 0) > 0 && (
            <SpaceBetween direction="horizontal" size="m">
              {[...byStatus].map(([s, n]) => (
                <Link key={s} variant="secondary" href={"?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "status", operator: "=", value: relationship[s]?.text ?? s }] }))} onFollow={(e) => { e.preventDefault(); location.assign(e.detail.href!); }}>
                  {n} {relationship[s]?.text ?? words(s)}
                </Link>
              ))}
              {!!declined.data?.length && <To href={desk.link("accounts") + "?view=declined"}>{count(declined.data.length)} Declined lately</To>}
            </SpaceBetween>
          )
        }
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <ButtonDropdown
              disabled={!fresh.length}
              items={[
                { id: "correct", text: "Correct address and invite again", disabled: fresh.length !== 1 || !may.correct(fresh[0]!) },
                { id: "pause", text: "Suspend Macie", disabled: !fresh.some(may.pause) },
                { id: "resume", text: "Resume Macie", disabled: !fresh.some(may.resume) },
                { id: "remove", text: "Remove as member", disabled: !fresh.some(may.remove) },
                { id: "delete", text: "Delete", disabled: !fresh.some(may.delete) },
              ]}
              onItemClick={(e) => (e.detail.id === "correct" ? setCorrecting(fresh[0]!) : bulk(e.detail.id))}
            >
              Actions
            </ButtonDropdown>
            <Button disabled={!fresh.some(may.invite)} onClick={() => setInviting(fresh.filter(may.invite))}>
              Invite
            </Button>
            <Button variant="primary" onClick={() => navigate(desk.link("accounts", "add"))}>
              Add accounts
            </Button>
          </SpaceBetween>
        }
        columns={[
          { id: "account", header: "Account ID", value: (m) => m.accountId, cell: (m) => <To href={desk.link("accounts", m.accountId)}>{m.accountId}</To>, width: 150 },
          { id: "name", header: "Name", value: (m) => visible(m.name), cell: (m) => <Theirs text={m.name} />, width: 130 },
          { id: "email", header: "Email", value: (m) => visible(m.email), cell: (m) => <Theirs text={m.email} />, width: 210 },
          { id: "status", header: "Status", value: (m) => relationship[m.relationshipStatus]?.text ?? m.relationshipStatus, cell: (m) => <Relationship status={m.relationshipStatus} />, width: 210 },
          { id: "type", header: "Type", value: (m) => (m.viaOrganization ? "Via organization" : "By invitation"), width: 130, hidden: true },
          { id: "mail", header: "Mail", value: (m) => (mailOf(m) ? (mailWords[mailOf(m)!.event] ?? "") : "–"), cell: (m) => <Mail event={mailOf(m)} />, width: 140 },
          { id: "invited", header: "Invited", time: (m) => m.invitedAt, hidden: true },
          { id: "updated", header: "Last status update", time: (m) => m.updatedAt, hidden: true },
        ]}
      />
      {inviting && (
        <Invite
          members={inviting}
          close={() => setInviting(null)}
          done={(list) => {
            setInviting(null);
            done("Invited", list);
          }}
        />
      )}
      {correcting && (
        <Correct
          member={correcting}
          close={() => setCorrecting(null)}
          done={() => {
            setCorrecting(null);
            setSelected([]);
            members.refresh();
          }}
        />
      )}
      {results && <Results title={results.what} list={results.list} close={() => setResults(null)} />}
      <Confirm question={question} close={() => setQuestion(null)} />
    </SpaceBetween>
  );
}

function Mail({ event }: { event: Event | undefined }) {
  if (!event) return <>–</>;
  const type = event.event === "MailAccepted" ? "success" : event.event === "MailDeferred" || event.event === "MailQueued" ? "pending" : "error";
  return (
    <span title={visible(event.detail)}>
      <StatusIndicator type={type}>{mailWords[event.event] ?? event.event}</StatusIndicator>
    </span>
  );
}

/** What became of each, to be read and saved. */
export function Results({ title, list, close }: { title: string; list: Outcome[]; close: () => void }) {
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
            <Button onClick={() => save("results.csv", "text/csv", csv([["Account ID", "Result", "Reason"], ...list.map((r) => [r.account, r.error ? "not done" : "done", r.error ?? ""])]))}>Save as CSV</Button>
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
          { id: "error", header: "Why not", cell: (r) => visible(r.error) },
        ]}
      />
    </Modal>
  );
}

function Declined({ rows, members }: { rows: Resource<Event[]>; members: Member[] | undefined }) {
  const desk = useDesk();
  const now = (e: Event) => {
    const m = members?.find((x) => x.accountId === e.accountId);
    return m ? (relationship[m.relationshipStatus]?.text ?? words(m.relationshipStatus)) : members ? "Not on the list" : "–";
  };
  return (
    <Rows<Event>
      h1
      name="Accounts"
      id="accounts-declined"
      description={"Those that declined an invitation in the last " + declinedFor + " days. Declining takes an account off the list; to ask again, add it again."}
      rows={rows}
      rowId={(e) => e.accountId}
      more={<To href={desk.link("accounts")}>Accounts on the list</To>}
      actions={<Button variant="primary" onClick={() => navigate(desk.link("accounts", "add"))}>Add accounts</Button>}
      empty={{ title: "None", text: "No account has declined an invitation lately." }}
      columns={[
        { id: "account", header: "Account ID", value: (e) => e.accountId, cell: (e) => <To href={desk.link("accounts", e.accountId)}>{e.accountId}</To>, width: 150 },
        { id: "declined", header: "Declined", time: (e) => e.time },
        { id: "by", header: "By", value: (e) => visible(e.principal.replace(/^arn:aws:\w+::/, "")), cell: (e) => <Theirs text={e.principal.replace(/^arn:aws:\w+::/, "")} />, width: 240 },
        { id: "now", header: "Status now", value: now, width: 200 },
      ]}
    />
  );
}

/** Invites accounts that are added: a message, mail or not. At most 1,000 go in one call. */
export async function inviteAll(c: Caller, accounts: string[], message: string, noMail: boolean): Promise<Outcome[]> {
  const out: Outcome[] = [];
  for (let i = 0; i < accounts.length; i += 1000) {
    const part = accounts.slice(i, i + 1000);
    const wrong = new Map<string, string>();
    try {
      const r = await c.call("CreateInvitations", { accountIds: part, ...(message ? { message } : {}), disableEmailNotification: noMail });
      for (const u of r.unprocessedAccounts ?? []) wrong.set(u.accountId ?? "", u.errorMessage ?? u.errorCode ?? "It was not done.");
    } catch (e) {
      for (const a of part) wrong.set(a, (e as Error).message);
    }
    out.push(...part.map((a) => ({ account: a, error: wrong.get(a) })));
  }
  return out;
}

function Invite({ members, close, done }: { members: Member[]; close: () => void; done: (list: Outcome[]) => void }) {
  const desk = useDesk();
  const [message, setMessage] = useState("");
  const [mail, setMail] = useState(true);
  const [busy, setBusy] = useState(false);
  const length = [...message].length;
  return (
    <Modal
      visible
      header={"Invite " + counted(members.length, "account")}
      closeAriaLabel="Close"
      onDismiss={close}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={close}>Cancel</Button>
            <Button
              variant="primary"
              loading={busy}
              disabled={length > 80}
              onClick={async () => {
                setBusy(true);
                done(await inviteAll(desk.caller, members.map((m) => m.accountId), message, !mail));
              }}
            >
              Send invitations
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <span className="mono">{members.slice(0, 12).map((m) => m.accountId).join(" ") + (members.length > 12 ? " …" : "")}</span>
        <FormField label={<>Message <i>- optional</i></>} constraintText={length + " of 80 characters"} errorText={length > 80 ? "At most 80 characters." : undefined}>
          <Input value={message} onChange={(e) => setMessage(e.detail.value)} autoFocus />
        </FormField>
        <Checkbox checked={mail} onChange={(e) => setMail(e.detail.checked)} description="The invitation is in their console either way.">
          Tell them by mail
        </Checkbox>
      </SpaceBetween>
    </Modal>
  );
}

/** An address cannot be changed: the record is deleted, made anew and invited. */
function Correct({ member, close, done }: { member: Member; close: () => void; done: () => void }) {
  const desk = useDesk();
  const { act, busy } = useAct();
  const [email, setEmail] = useState(member.email ?? "");
  return (
    <Modal
      visible
      header={"Correct the address of " + member.accountId}
      closeAriaLabel="Close"
      onDismiss={close}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={close}>Cancel</Button>
            <Button
              variant="primary"
              loading={!!busy}
              disabled={!email.includes("@") || email === member.email}
              onClick={async () => {
                const ok = await act(
                  "correct",
                  async () => {
                    await desk.caller.call("DeleteMember", { id: member.accountId });
                    await desk.caller.call("CreateMember", { account: { accountId: member.accountId, email: email.trim() } });
                    const [r] = await inviteAll(desk.caller, [member.accountId], "", false);
                    if (r?.error) throw new CallError(400, "Unprocessed", r.error);
                  },
                  member.accountId + " is invited at " + email.trim() + ".",
                );
                if (ok) done();
              }}
            >
              Invite again
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <span>The address is not the one that the account is registered with. Ask its people for it.</span>
        <FormField label="Email">
          <Input value={email} onChange={(e) => setEmail(e.detail.value)} type="email" autoFocus />
        </FormField>
      </SpaceBetween>
    </Modal>
  );
}

interface RegionSummary {
  region: string;
  status?: string;
  invitations: number;
  members: Record<string, number>;
}

/** One account: the relationship in every Region where there is one, and its history with the mail's fate. */
export function Account({ id }: { id: string }) {
  const desk = useDesk();
  const { act, busy } = useAct();
  const [question, setQuestion] = useState<Question | null>(null);
  useEffect(() => desk.title("Account " + visible(id)), [desk, id]);
  const member = useResource(
    async (o) => {
      try {
        return await desk.caller.call("GetMember", { id }, o);
      } catch (e) {
        if (e instanceof CallError && (e.status === 404 || /not associated/.test(e.message))) return null;
        throw e;
      }
    },
    [desk.caller, id],
    (m) => (m?.relationshipStatus === "EmailVerificationInProgress" ? 3000 : 60_000),
  );
  const regions = useResource(
    async (o) => {
      const all = (await desk.caller.own<{ regions: RegionSummary[] }>("GET", "regions", undefined, o)).regions.filter((r) => Object.keys(r.members).length);
      const found = await each(all, 4, (r) => desk.caller.in(r.region).call("GetMember", { id }, o));
      return all.flatMap((r, i) => (found[i] && !(found[i] instanceof CallError) ? [{ region: r.region, member: found[i] as Exclude<(typeof found)[number], CallError | undefined> }] : []));
    },
    [desk.caller.identity, desk.account, id],
  );
  const history = useResource((o) => loadHistory(desk.caller, "&accountId=" + encodeURIComponent(id), 1000, o), [desk.caller, id], 60_000);
  const again = () => {
    member.refresh();
    history.refresh();
    regions.refresh();
  };
  const m = member.data;
  const row: Member | undefined = m ? { accountId: id, email: m.email, relationshipStatus: m.relationshipStatus ?? "", viaOrganization: !m.email, updatedAt: m.updatedAt ?? "" } : undefined;
  const next = relationship[m?.relationshipStatus ?? ""]?.next;
  const ask = (title: string, yes: string, body: string, fn: () => Promise<unknown>, said: string) =>
    setQuestion({ title, yes, body, act: async () => { if (await act(yes, fn, said)) again(); } });
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h1"
            actions={
              row && (
                <SpaceBetween direction="horizontal" size="xs">
                  {may.pause(row) && <Button onClick={() => ask("Suspend Macie in " + id + "?", "Suspend", "Macie stops looking at its buckets.", () => desk.caller.call("UpdateMemberSession", { id, status: "PAUSED" }), "Suspended.")}>Suspend</Button>}
                  {may.resume(row) && <Button loading={busy === "resume"} onClick={async () => { if (await act("resume", () => desk.caller.call("UpdateMemberSession", { id, status: "ENABLED" }), "Resumed.")) again(); }}>Resume</Button>}
                  {may.remove(row) && <Button onClick={() => ask("Remove " + id + " as a member?", "Remove", "It keeps Macie, and you can no longer see its buckets and findings.", () => desk.caller.call("DisassociateMember", { id }), "Removed.")}>Remove</Button>}
                  {may.delete(row) && <Button onClick={() => ask("Delete " + id + " from the list?", "Delete", "An invitation that is not answered goes with it.", () => desk.caller.call("DeleteMember", { id }), "Deleted.")}>Delete</Button>}
                  {may.invite(row) && (
                    <Button
                      variant="primary"
                      loading={busy === "invite"}
                      onClick={async () => {
                        const ok = await act("invite", async () => {
                          const [r] = await inviteAll(desk.caller, [id], "", false);
                          if (r?.error) throw new CallError(400, "Unprocessed", r.error);
                        }, id + " is invited.");
                        if (ok) again();
                      }}
                    >
                      {row.relationshipStatus === "Created" ? "Invite" : "Invite again"}
                    </Button>
                  )}
                </SpaceBetween>
              )
            }
          >
            Account {visible(id)}
          </Header>
        }
      >
        {member.error ? (
          <Problem error={member.error} retry={member.refresh} />
        ) : m === null ? (
          <Box>This account is not in the list in {desk.region}. Its history is below.</Box>
        ) : (
          <SpaceBetween size="m">
            <KeyValuePairs
              columns={3}
              items={[
                { label: "Status", value: <Relationship status={m?.relationshipStatus} /> },
                { label: "Email", value: <Theirs text={m?.email} /> },
                { label: "Invited", value: <When at={m?.invitedAt} /> },
                { label: "Last status update", value: <When at={m?.updatedAt} /> },
                { label: "Type", value: m?.email ? "By invitation" : "Via organization" },
                { label: "ARN", value: <span className="mono">{visible(m?.arn)}</span> },
              ]}
            />
            {next && <Alert type="info">{next}</Alert>}
          </SpaceBetween>
        )}
      </Container>
      <Container header={<Header variant="h2">In every Region</Header>}>
        {regions.error ? (
          <Problem error={regions.error} retry={regions.refresh} />
        ) : (
          <Table
            variant="embedded"
            loading={regions.loading && !regions.data}
            loadingText="Loading Regions"
            items={regions.data ?? []}
            ariaLabels={{ tableLabel: "Regions" }}
            empty="Nowhere"
            columnDefinitions={[
              { id: "region", header: "Region", cell: (r) => <To href={desk.linkIn(r.region, "accounts", id)}>{r.region}</To>, isRowHeader: true },
              { id: "status", header: "Status", cell: (r) => <Relationship status={r.member.relationshipStatus} /> },
              { id: "updated", header: "Last status update", cell: (r) => time(r.member.updatedAt) },
            ]}
          />
        )}
      </Container>
      <Rows<Event>
        name="History"
        id="account-history"
        rows={history}
        rowId={(e) => e.id}
        empty={{ title: "No history", text: "Nothing has happened between this account and yours in this Region." }}
        columns={[
          { id: "time", header: "Time", time: (e) => e.time },
          { id: "event", header: "Event", value: (e) => words(e.event), width: 200 },
          { id: "change", header: "Status", value: (e) => (e.toStatus || e.fromStatus ? (e.fromStatus ? words(e.fromStatus) + " → " : "") + (e.toStatus ? words(e.toStatus) : "none") : "–"), width: 240 },
          { id: "by", header: "By", value: (e) => visible(e.principal.replace(/^arn:aws:\w+::/, "")), width: 180 },
          { id: "detail", header: "Detail", value: (e) => visible(e.detail), cell: (e) => <Theirs text={e.detail} />, filter: false, width: 240 },
        ]}
      />
      <Confirm question={question} close={() => setQuestion(null)} />
    </SpaceBetween>
  );
}

