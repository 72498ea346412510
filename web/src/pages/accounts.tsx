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
import { type Again, type Outcome, Results } from "../parts/results";
import { loadRegions, RegionsChoice, RegionsField } from "../parts/regions";
import { Rows, writeFilter } from "../parts/rows";
import { readFilter } from "../filter";
import { follow, navigate, useRoute } from "../route";
import { useDesk } from "../session";
import { count, counted, relationship, time, visible, words } from "../text/format";

export interface Member {
  accountId: string;
  name?: string;
  email?: string;
  relationshipStatus: string;
  viaOrganization: boolean;
  invitedAt?: string;
  updatedAt: string;
  mail?: { event: string; time: string; detail?: string };
}

/** A page of the inventory, as the server searches it; the first one has the counts. */
interface Found {
  members: Member[];
  total?: number;
  statuses?: { [status: string]: number };
  nextToken?: string;
}

interface Search {
  filter?: { status?: string[]; find?: string; viaOrganization?: boolean; mail?: string[] };
  sort?: string;
  maxResults?: number;
  nextToken?: string;
}

const search = (c: Caller, asked: Search, o: Options = {}) => c.own<Found>("POST", "members/search", asked, o);

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
export async function loadMembers(c: Caller, o: Options, asked: Search = {}, said?: (n: number) => void): Promise<Member[]> {
  const list: Member[] = [];
  let token = "";
  do {
    const page = await search(c, { ...asked, maxResults: 1000, ...(token ? { nextToken: token } : {}) }, o);
    list.push(...page.members);
    said?.(list.length);
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

const declinedFor = 30; // days

/** The last refusal of each account that declined lately. Declining takes an account off the list, so its history is all there is. */
async function loadDeclined(c: Caller, administrator: string, o: Options): Promise<Event[]> {
  const since = new Date(Date.now() - declinedFor * 86_400_000).toISOString();
  const last = new Map<string, Event>();
  for (const e of await loadHistory(c, "&event=InvitationDeclined&since=" + encodeURIComponent(since), 5000, o)) if (e.administratorAccountId === administrator && !last.has(e.accountId)) last.set(e.accountId, e);
  return [...last.values()];
}

const kindWords = (viaOrganization: boolean) => (viaOrganization ? "Via organization" : "By invitation");

/** What the filter and the order in the address ask of the server. Several values of one condition mean any of them. */
function asksFor(query: URLSearchParams): Search {
  const filter: NonNullable<Search["filter"]> = {};
  const pick = (key: string, words: { [value: string]: string }) => {
    const all = Object.keys(words), chosen = tokens.filter((t) => t.propertyKey === key);
    if (!chosen.length) return undefined;
    const is = chosen.filter((t) => t.operator === "=").map((t) => all.find((v) => words[v] === t.value || v === t.value) ?? "");
    const not = new Set(chosen.filter((t) => t.operator === "!=").map((t) => all.find((v) => words[v] === t.value || v === t.value) ?? ""));
    return (is.length ? is : all).filter((v) => !not.has(v));
  };
  const { tokens } = readFilter(query.get("filter"));
  const status = pick("status", Object.fromEntries(Object.entries(relationship).map(([k, v]) => [k, v.text])));
  if (status) filter.status = status.length ? status : ["none"];
  const mail = pick("mail", mailWords);
  if (mail) filter.mail = mail;
  const type = pick("type", { true: kindWords(true), false: kindWords(false) });
  if (type?.length === 1) filter.viaOrganization = type[0] === "true";
  const find = tokens.filter((t) => !t.propertyKey).at(-1)?.value;
  if (find) filter.find = find;
  const [, down, by] = /^(-?)(.*)$/.exec(query.get("sort") ?? "")!;
  const names: { [column: string]: string } = { account: "accountId", name: "name", email: "email", status: "relationshipStatus", invited: "invitedAt", updated: "updatedAt" };
  return { filter, ...(names[by!] ? { sort: down + names[by!]! } : {}) };
}

const is = ["=", "!="];

/** The conditions that the server knows, each with its values. */
const fields = () => ({
  fields: [
    { key: "status", propertyLabel: "Status", groupValuesLabel: "Values of Status", operators: is as Array<"=" | "!="> },
    { key: "type", propertyLabel: "Type", groupValuesLabel: "Values of Type", operators: ["="] as Array<"="> },
    { key: "mail", propertyLabel: "Mail", groupValuesLabel: "Values of Mail", operators: is as Array<"=" | "!="> },
  ],
  options: [
    ...Object.values(relationship).map((r) => ({ propertyKey: "status", value: r.text })),
    ...[true, false].map((v) => ({ propertyKey: "type", value: kindWords(v) })),
    ...Object.values(mailWords).map((value) => ({ propertyKey: "mail", value })),
  ],
});

export function Accounts() {
  const desk = useDesk();
  const route = useRoute();
  useEffect(() => desk.title("Accounts"), [desk]);
  const declined = useResource((o) => loadDeclined(desk.caller, desk.account, o), [desk.caller, desk.account], 60_000);
  const asked = asksFor(route.query);
  const found = useResource(
    (o) => search(desk.caller, { ...asked, maxResults: 1000 }, o),
    [desk.caller, JSON.stringify(asked)],
    (f) => (f.members.some((m) => m.relationshipStatus === "EmailVerificationInProgress") ? 3000 : 60_000),
  );
  const members: Resource<Member[]> = { ...found, data: found.data?.members, set: () => {} };
  const server = {
    ...fields(),
    whole: true,
    total: found.data?.total,
    more: found.data?.nextToken
      ? async () => {
          const before = found.data!;
          const next = await search(desk.caller, { ...asked, maxResults: 1000, nextToken: before.nextToken });
          found.set({ ...before, members: [...before.members, ...next.members], nextToken: next.nextToken });
        }
      : undefined,
    every: (said: (n: number) => void) => loadMembers(desk.caller, {}, asked, said),
  };
  const [selected, setSelected] = useState<Member[]>([]);
  const [inviting, setInviting] = useState<Member[] | null>(null);
  const [correcting, setCorrecting] = useState<Member | null>(null);
  const [question, setQuestion] = useState<Question | null>(null);
  const [results, setResults] = useState<{ what: string; list: Outcome[]; again?: Again } | null>(null);
  const fresh = useMemo(() => {
    const ids = new Set(selected.map((m) => m.accountId));
    return (members.data ?? []).filter((m) => ids.has(m.accountId));
  }, [members.data, selected]);
  const done = (what: string, list: Outcome[], again?: Again) => {
    const bad = list.filter((r) => r.error);
    if (bad.length) setResults({ what, list, again });
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
    const run = async (chosen: Member[]) => {
      const r = await each(chosen, 4, k.act);
      const outcome = chosen.map((m, i) => ({ account: m.accountId, error: r[i] instanceof CallError ? (r[i] as CallError).message : undefined }));
      done(k.done, outcome, (bad) => run(chosen.filter((m) => bad.some((b) => b.account === m.accountId))));
    };
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
      act: () => run(those),
    });
  };
  const byStatus = new Map(Object.entries(found.data?.statuses ?? {}));
  if (route.query.get("view") === "declined") return <Declined rows={declined} />;
  if (route.query.get("regions") === "all") return <Everywhere />;
  return (
    <SpaceBetween size="m">
      <Rows<Member>
        h1
        name="Accounts"
        id="accounts"
        description={"The accounts that this one administers in " + desk.region + ", or has asked to."}
        rows={members}
        server={server}
        rowId={(m) => m.accountId}
        select="multi"
        selected={fresh}
        onSelect={setSelected}
        empty={{ title: "No accounts", text: "Add the accounts whose buckets you are to watch over, and invite them.", action: <Button onClick={() => navigate(desk.link("accounts", "add"))}>Add accounts</Button> }}
        more={
          (
            <SpaceBetween direction="horizontal" size="m">
              <RegionsChoice />
              {[...byStatus].map(([s, n]) => (
                <Link key={s} variant="secondary" href={desk.link("accounts") + "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "status", operator: "=", value: relationship[s]?.text ?? s }] }))} onFollow={follow}>
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
          { id: "type", header: "Type", value: (m) => kindWords(m.viaOrganization), width: 130, sort: false, hidden: true },
          { id: "mail", header: "Mail", value: (m) => (m.mail ? (mailWords[m.mail.event] ?? "") : "–"), cell: (m) => <Mail event={m.mail} />, width: 140, sort: false },
          { id: "invited", header: "Invited", time: (m) => m.invitedAt, hidden: true },
          { id: "updated", header: "Last status update", time: (m) => m.updatedAt, hidden: true },
        ]}
      />
      {inviting && (
        <Invite
          members={inviting}
          close={() => setInviting(null)}
          done={(list, again) => {
            setInviting(null);
            done("Invited", list, again);
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
      {results && <Results title={results.what} list={results.list} again={results.again} close={() => setResults(null)} />}
      <Confirm question={question} close={() => setQuestion(null)} />
    </SpaceBetween>
  );
}

function Mail({ event }: { event: Member["mail"] }) {
  if (!event) return <>–</>;
  const type = event.event === "MailAccepted" ? "success" : event.event === "MailDeferred" || event.event === "MailQueued" ? "pending" : "error";
  return (
    <span title={visible(event.detail)}>
      <StatusIndicator type={type}>{mailWords[event.event] ?? event.event}</StatusIndicator>
    </span>
  );
}

function Declined({ rows }: { rows: Resource<Event[]> }) {
  const desk = useDesk();
  const members = useResource((o) => loadMembers(desk.caller, o), [desk.caller]).data;
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
export async function inviteAll(c: Caller, accounts: string[], message: string, noMail: boolean, region?: string): Promise<Outcome[]> {
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
    out.push(...part.map((a) => ({ account: a, region, error: wrong.get(a) })));
  }
  return out;
}

function Invite({ members, close, done }: { members: Member[]; close: () => void; done: (list: Outcome[], again: Again) => void }) {
  const desk = useDesk();
  const [message, setMessage] = useState("");
  const [mail, setMail] = useState(true);
  const [regions, setRegions] = useState([desk.region]);
  const [busy, setBusy] = useState(false);
  const length = [...message].length;
  const several = regions.length > 1 || regions[0] !== desk.region;
  // In another Region an account has to be on the list before it can be invited.
  const send = async (accounts: string[], region: string) => {
    const c = desk.caller.in(region);
    const added = region === desk.region ? [] : await each(accounts, 4, (id) => c.call("CreateMember", { account: { accountId: id, email: members.find((m) => m.accountId === id)?.email ?? "" } }).catch((e: CallError) => { if (!/already/.test(e.message)) throw e; }));
    const wrong = accounts.flatMap((account, i) => (added[i] instanceof CallError ? [{ account, region, error: (added[i] as CallError).message }] : []));
    const rest = accounts.filter((a) => !wrong.some((w) => w.account === a));
    return [...wrong, ...(rest.length ? await inviteAll(c, rest, message, !mail, several ? region : undefined) : [])];
  };
  const again: Again = async (those) => {
    const list: Outcome[] = [];
    for (const region of new Set(those.map((x) => x.region ?? desk.region))) list.push(...(await send(those.filter((x) => (x.region ?? desk.region) === region).map((x) => x.account), region)));
    done(list, again);
  };
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
              disabled={length > 80 || !regions.length}
              onClick={async () => {
                setBusy(true);
                await again(regions.flatMap((region) => members.map((m) => ({ account: m.accountId, region }))));
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
        <RegionsField value={regions} onChange={setRegions} />
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

interface Placed extends Member {
  region: string;
}

/** The inventories of all Regions in one table. */
function Everywhere() {
  const desk = useDesk();
  const rows = useResource<Placed[]>(
    async (o) => {
      const regions = (await loadRegions(desk.caller, o)).filter((r) => Object.keys(r.members).length);
      const lists = await each(regions, 4, async (r) => (await loadMembers(desk.caller.in(r.region), o)).map((m) => ({ ...m, region: r.region })));
      for (const l of lists) if (l instanceof CallError) throw l;
      return lists.flatMap((l) => (l as Placed[]) ?? []);
    },
    [desk.caller.identity, desk.account],
    60_000,
  );
  return (
    <Rows<Placed>
      h1
      name="Accounts"
      id="accounts-everywhere"
      description="The accounts that this one administers, or has asked to, in all Regions."
      rows={rows}
      rowId={(m) => m.region + "/" + m.accountId}
      more={<RegionsChoice />}
      actions={<Button variant="primary" onClick={() => navigate(desk.link("accounts", "add"))}>Add accounts</Button>}
      empty={{ title: "No accounts", text: "Add the accounts whose buckets you are to watch over, and invite them." }}
      columns={[
        { id: "account", header: "Account ID", value: (m) => m.accountId, cell: (m) => <To href={desk.linkIn(m.region, "accounts", m.accountId)}>{m.accountId}</To>, width: 150 },
        { id: "region", header: "Region", value: (m) => m.region, width: 140 },
        { id: "name", header: "Name", value: (m) => visible(m.name), cell: (m) => <Theirs text={m.name} />, width: 130 },
        { id: "email", header: "Email", value: (m) => visible(m.email), cell: (m) => <Theirs text={m.email} />, width: 210 },
        { id: "status", header: "Status", value: (m) => relationship[m.relationshipStatus]?.text ?? m.relationshipStatus, cell: (m) => <Relationship status={m.relationshipStatus} />, width: 210 },
        { id: "mail", header: "Mail", value: (m) => (m.mail ? (mailWords[m.mail.event] ?? "") : "–"), cell: (m) => <Mail event={m.mail} />, width: 140 },
        { id: "updated", header: "Last status update", time: (m) => m.updatedAt },
      ]}
    />
  );
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
      const all = (await loadRegions(desk.caller, o)).filter((r) => Object.keys(r.members).length);
      const found = await each(all, 4, (r) => desk.caller.in(r.region).call("GetMember", { id }, o));
      return all.flatMap((r, i) => (found[i] && !(found[i] instanceof CallError) ? [{ region: r.region, member: found[i] as Exclude<(typeof found)[number], CallError | undefined> }] : []));
    },
    [desk.caller.identity, desk.account, id],
  );
  const history = useResource((o) => loadHistory(desk.caller, "&accountId=" + encodeURIComponent(id), 1000, o), [desk.caller, id], 60_000);
  const has = useResource(
    async (o) => {
      if (!desk.built("GetBucketStatistics", "GetFindingStatistics")) return {};
      const [s, f] = await Promise.all([
        desk.caller.call("GetBucketStatistics", { accountId: id }, o),
        desk.caller.call("GetFindingStatistics", { groupBy: "severity.description", findingCriteria: { criterion: { accountId: { eq: [id] }, archived: { eq: ["false"] } } } }, o),
      ]);
      return { buckets: s.bucketCount, exposed: s.bucketCountByEffectivePermission?.publiclyAccessible, findings: (f.countsByGroup ?? []).reduce((n, g) => n + (g.count ?? 0), 0) };
    },
    [desk.caller, id],
  );
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
      {m && (
        <Container header={<Header variant="h2">What it has</Header>}>
          <KeyValuePairs
            columns={3}
            items={[
              { label: "Buckets", value: <To href={desk.link("buckets") + "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "account", operator: "=", value: id }] }))}>{has.data?.buckets === undefined ? "Buckets of this account" : count(has.data.buckets)}</To> },
              { label: "Public buckets", value: has.data?.exposed === undefined ? "–" : count(has.data.exposed) },
              { label: "Current findings", value: <To href={desk.link("findings") + "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "accountId", operator: "=", value: id }] }))}>{has.data?.findings === undefined ? "Findings of this account" : count(has.data.findings)}</To> },
            ]}
          />
        </Container>
      )}
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

