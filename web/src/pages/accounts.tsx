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
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { Dialog } from "../parts/dialog";
import { useEffect, useMemo, useState } from "react";
import { type Caller, CallError, each, type Options } from "../api/call";
import { Relationship, Theirs, To, When } from "../parts/bits";
import { Confirm, type Question } from "../parts/confirm";
import { setDiscovery, useDiscovery } from "../parts/discovery-of";
import { Problem, useAct } from "../parts/problem";
import { type Resource, useResource } from "../parts/resource";
import { type Again, type Outcome, Results } from "../parts/results";
import { loadRegions, RegionsChoice, RegionsField } from "../parts/regions";
import { Rows, writeFilter } from "../parts/rows";
import { EditableTags } from "../parts/tags";
import { readFilter } from "../filter";
import { follow, navigate, useRoute } from "../route";
import { useDesk } from "../session";
import { count, counted, relationship, time, visible, words } from "../text/format";
import { fill, rich, t } from "../text";

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

const mailWords: Record<string, string> = { MailQueued: t.accounts.onItsWay, MailAccepted: t.common.handedOver, MailDeferred: t.accounts.notYetTriedAgain, MailRefused: t.common.refused, MailNotSent: t.common.notSent };

/** What each status allows. */
const may = {
  invite: (m: Member) => !m.viaOrganization && ["Created", "EmailVerificationFailed", "Invited", "Removed", "Resigned"].includes(m.relationshipStatus),
  correct: (m: Member) => m.relationshipStatus === "EmailVerificationFailed",
  pause: (m: Member) => m.relationshipStatus === "Enabled",
  resume: (m: Member) => m.relationshipStatus === "Paused",
  remove: (m: Member) => ["Enabled", "Paused"].includes(m.relationshipStatus),
  delete: (m: Member) => !["Enabled", "Paused"].includes(m.relationshipStatus),
  discovery: (m: Member) => m.relationshipStatus === "Enabled",
};

const declinedFor = 30; // days

/** The last refusal of each account that declined lately. Declining takes an account off the list, so its history is all there is. */
async function loadDeclined(c: Caller, administrator: string, o: Options): Promise<Event[]> {
  const since = new Date(Date.now() - declinedFor * 86_400_000).toISOString();
  const last = new Map<string, Event>();
  for (const e of await loadHistory(c, "&event=InvitationDeclined&since=" + encodeURIComponent(since), 5000, o)) if (e.administratorAccountId === administrator && !last.has(e.accountId)) last.set(e.accountId, e);
  return [...last.values()];
}

const kindWords = (viaOrganization: boolean) => (viaOrganization ? t.accounts.viaOrganization : t.accounts.byInvitation);

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
  const [, down, by] = /^(-?)([^]*)$/.exec(query.get("sort") ?? "")!;
  const names = new Map([["account", "accountId"], ["name", "name"], ["email", "email"], ["status", "relationshipStatus"], ["invited", "invitedAt"], ["updated", "updatedAt"]]);
  const name = names.get(by ?? "");
  return { filter, ...(name ? { sort: down + name } : {}) };
}

const is = ["=", "!="];

/** The conditions that the server knows, each with its values. */
const fields = () => ({
  fields: [
    { key: "status", propertyLabel: t.common.status, groupValuesLabel: t.accounts.valuesOfStatus, operators: is as Array<"=" | "!="> },
    { key: "type", propertyLabel: t.common.type, groupValuesLabel: t.accounts.valuesOfType, operators: ["="] as Array<"="> },
    { key: "mail", propertyLabel: t.accounts.mail, groupValuesLabel: t.accounts.valuesOfMail, operators: is as Array<"=" | "!="> },
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
  useEffect(() => desk.title(t.common.accounts), [desk]);
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
  const discovery = useDiscovery();
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
    else desk.flash({ type: "success", content: what + ": " + counted(list.length, t.common.countAccounts) + "." });
    setSelected([]);
    members.refresh();
    discovery.refresh();
  };
  const one = (act: (m: Member) => Promise<unknown>) => async (list: Member[]) => {
    const r = await each(list, 4, act);
    return list.map((m, i) => ({ account: m.accountId, error: r[i] instanceof CallError ? (r[i] as CallError).message : undefined }));
  };
  const bulk = (id: string) => {
    const list = fresh;
    const kinds: Record<string, { title: string; yes: string; fits: (m: Member) => boolean; body: string; done: string; act: (list: Member[]) => Promise<Outcome[]> }> = {
      pause: {
        title: t.accounts.suspendMacieIn,
        yes: t.common.suspend,
        fits: may.pause,
        body: t.accounts.macieStopsLookingAtTheirBuckets,
        done: t.common.suspended,
        act: one((m) => desk.caller.call("UpdateMemberSession", { id: m.accountId, status: "PAUSED" })),
      },
      resume: { title: t.accounts.resumeMacieIn, yes: t.common.resume, fits: may.resume, body: t.accounts.macieGoesOnWhereItWas, done: t.accounts.resumed, act: one((m) => desk.caller.call("UpdateMemberSession", { id: m.accountId, status: "ENABLED" })) },
      remove: {
        title: t.accounts.removeAsMembers,
        yes: t.accounts.remove,
        fits: may.remove,
        body: t.accounts.theyKeepMacieAndYouCan,
        done: t.accounts.removed,
        act: one((m) => desk.caller.call("DisassociateMember", { id: m.accountId })),
      },
      delete: { title: t.accounts.deleteFromTheList, yes: t.common.delete, fits: may.delete, body: t.accounts.anInvitationThatIsNotAnswered, done: t.accounts.deleted, act: one((m) => desk.caller.call("DeleteMember", { id: m.accountId })) },
      discover: { title: t.accounts.turnDiscoveryOnFor, yes: t.accounts.turnOn, fits: may.discovery, body: t.accounts.itLooksIntoTheirBucketsToo, done: t.accounts.discoveryIsOn, act: (list) => setDiscovery(desk.caller, list.map((m) => m.accountId), "ENABLED") },
      ignore: { title: t.accounts.turnDiscoveryOffFor, yes: t.accounts.turnOff, fits: may.discovery, body: t.accounts.itLooksIntoTheirBucketsNoMore, done: t.accounts.discoveryIsOff, act: (list) => setDiscovery(desk.caller, list.map((m) => m.accountId), "DISABLED") },
    };
    const k = kinds[id]!;
    const those = list.filter(k.fits);
    const run = async (chosen: Member[]) => {
      done(k.done, await k.act(chosen), (bad) => run(chosen.filter((m) => bad.some((b) => b.account === m.accountId))));
    };
    setQuestion({
      title: k.title + " " + counted(those.length, t.common.countAccounts) + "?",
      yes: k.yes,
      body: (
        <SpaceBetween size="s">
          <span>{k.body}</span>
          <span className="mono">{those.slice(0, 10).map((m) => m.accountId).join(" ") + (those.length > 10 ? " …" : "")}</span>
          {those.length < list.length && <Alert type="info">{fill(t.accounts.listNotInAStateThat, { list: counted(list.length - those.length, t.accounts.countChosenAccountsAre) })}</Alert>}
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
        name={t.common.accounts}
        id="accounts"
        description={fill(t.accounts.theAccountsThatThisOneAdministers, { region: desk.region })}
        rows={members}
        server={server}
        onShown={discovery.see}
        complete={discovery.complete}
        rowId={(m) => m.accountId}
        select="multi"
        selected={fresh}
        onSelect={setSelected}
        empty={{ title: t.common.noAccounts, text: t.accounts.addTheAccountsWhoseBucketsYou, action: <Button onClick={() => navigate(desk.link("accounts", "add"))}>{t.common.addAccounts}</Button> }}
        more={
          (
            <SpaceBetween direction="horizontal" size="m" alignItems="center">
              <RegionsChoice />
              {[...byStatus].map(([s, n]) => (
                <Link key={s} variant="secondary" href={desk.link("accounts") + "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "status", operator: "=", value: relationship[s]?.text ?? s }] }))} onFollow={follow}>
                  {n} {relationship[s]?.text ?? words(s)}
                </Link>
              ))}
              {!!declined.data?.length && <To href={desk.link("accounts") + "?view=declined"}>{fill(t.accounts.dataDeclinedLately, { data: count(declined.data.length) })}</To>}
            </SpaceBetween>
          )
        }
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <ButtonDropdown
              disabled={!fresh.length}
              items={[
                { id: "correct", text: t.accounts.correctAddressAndInviteAgain, disabled: fresh.length !== 1 || !may.correct(fresh[0]!) },
                { id: "pause", text: t.common.suspendMacie, disabled: !fresh.some(may.pause) },
                { id: "resume", text: t.common.resumeMacie, disabled: !fresh.some(may.resume) },
                { id: "remove", text: t.accounts.removeAsMember, disabled: !fresh.some(may.remove) },
                { id: "delete", text: t.common.delete, disabled: !fresh.some(may.delete) },
                ...(discovery.built
                  ? [
                      { id: "discover", text: t.accounts.turnAutomatedDiscoveryOn, disabled: !fresh.some(may.discovery) },
                      { id: "ignore", text: t.accounts.turnAutomatedDiscoveryOff, disabled: !fresh.some(may.discovery) },
                    ]
                  : []),
              ]}
              onItemClick={(e) => (e.detail.id === "correct" ? setCorrecting(fresh[0]!) : bulk(e.detail.id))}
            >{t.common.actions}</ButtonDropdown>
            <Button disabled={!fresh.some(may.invite)} onClick={() => setInviting(fresh.filter(may.invite))}>{t.accounts.invite}</Button>
            <Button variant="primary" onClick={() => navigate(desk.link("accounts", "add"))}>{t.common.addAccounts}</Button>
          </SpaceBetween>
        }
        columns={[
          { id: "account", header: t.common.accountId, value: (m) => m.accountId, cell: (m) => <To href={desk.link("accounts", m.accountId)}>{m.accountId}</To>, width: 150 },
          { id: "name", header: t.common.name, value: (m) => visible(m.name), cell: (m) => <Theirs text={m.name} />, width: 110 },
          { id: "email", header: t.common.email, value: (m) => visible(m.email), cell: (m) => <Theirs text={m.email} />, width: 190 },
          { id: "status", header: t.common.status, value: (m) => relationship[m.relationshipStatus]?.text ?? m.relationshipStatus, cell: (m) => <Relationship status={m.relationshipStatus} />, width: 210 },
          { id: "type", header: t.common.type, value: (m) => kindWords(m.viaOrganization), width: 130, sort: false, hidden: true },
          { id: "mail", header: t.accounts.mail, value: (m) => (m.mail ? (mailWords[m.mail.event] ?? "") : "–"), cell: (m) => <Mail event={m.mail} />, width: 145, sort: false },
          ...(discovery.built ? [{ id: "discovery", header: t.common.automatedDiscovery, value: discovery.text, cell: discovery.cell, width: 185, sort: false }] : []),
          { id: "invited", header: t.common.invited, time: (m) => m.invitedAt, hidden: true },
          { id: "updated", header: t.accounts.lastStatusUpdate, time: (m) => m.updatedAt, hidden: true },
        ]}
      />
      {inviting && (
        <Invite
          members={inviting}
          close={() => setInviting(null)}
          done={(list, again) => {
            setInviting(null);
            done(t.common.invited, list, again);
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
    return m ? (relationship[m.relationshipStatus]?.text ?? words(m.relationshipStatus)) : members ? t.accounts.notOnTheList : "–";
  };
  return (
    <Rows<Event>
      h1
      name={t.common.accounts}
      id="accounts-declined"
      description={fill(t.accounts.thoseThatDeclinedAnInvitationIn, { declinedFor })}
      rows={rows}
      rowId={(e) => e.accountId}
      more={<To href={desk.link("accounts")}>{t.accounts.accountsOnTheList}</To>}
      actions={<Button variant="primary" onClick={() => navigate(desk.link("accounts", "add"))}>{t.common.addAccounts}</Button>}
      empty={{ title: t.common.none, text: t.accounts.noAccountHasDeclinedAnInvitation }}
      columns={[
        { id: "account", header: t.common.accountId, value: (e) => e.accountId, cell: (e) => <To href={desk.link("accounts", e.accountId)}>{e.accountId}</To>, width: 150 },
        { id: "declined", header: t.common.declined, time: (e) => e.time },
        { id: "by", header: t.common.by, value: (e) => visible(e.principal.replace(/^arn:aws:\w+::/, "")), cell: (e) => <Theirs text={e.principal.replace(/^arn:aws:\w+::/, "")} />, width: 240 },
        { id: "now", header: t.accounts.statusNow, value: now, width: 200 },
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
    <Dialog
      header={fill(t.accounts.inviteMembers, { members: counted(members.length, t.common.countAccounts) })}
      close={close}
      yes={t.accounts.sendInvitations}
      busy={busy}
      disabled={length > 80 || !regions.length}
      act={async () => {
        setBusy(true);
        await again(regions.flatMap((region) => members.map((m) => ({ account: m.accountId, region }))));
      }}
    >
      <SpaceBetween size="m">
        <span className="mono">{members.slice(0, 12).map((m) => m.accountId).join(" ") + (members.length > 12 ? " …" : "")}</span>
        <FormField label={<>{rich(t.common.messageI, { i: <i>{t.common.optional}</i> })}</>} constraintText={fill(t.common.lengthOf80Characters, { length })} errorText={length > 80 ? t.common.atMost80Characters : undefined}>
          <Input value={message} onChange={(e) => setMessage(e.detail.value)} autoFocus />
        </FormField>
        <Checkbox checked={mail} onChange={(e) => setMail(e.detail.checked)} description={t.common.theInvitationIsInTheirConsole}>{t.common.tellThemByMail}</Checkbox>
        <RegionsField value={regions} onChange={setRegions} />
      </SpaceBetween>
    </Dialog>
  );
}

/** An address cannot be changed: the record is deleted, made anew and invited. */
function Correct({ member, close, done }: { member: Member; close: () => void; done: () => void }) {
  const desk = useDesk();
  const { act, busy } = useAct();
  const [email, setEmail] = useState(member.email ?? "");
  return (
    <Dialog
      header={fill(t.accounts.correctTheAddressOfAccountid, { accountId: member.accountId })}
      close={close}
      yes={t.accounts.inviteAgain}
      busy={!!busy}
      disabled={!email.includes("@") || email === member.email}
      act={async () => {
        const ok = await act(
          "correct",
          async () => {
            await desk.caller.call("DeleteMember", { id: member.accountId });
            await desk.caller.call("CreateMember", { account: { accountId: member.accountId, email: email.trim() } });
            const [r] = await inviteAll(desk.caller, [member.accountId], "", false);
            if (r?.error) throw new CallError(400, "Unprocessed", r.error);
          },
          fill(t.accounts.accountidIsInvitedAtTrim, { accountId: member.accountId, trim: email.trim() }),
        );
        if (ok) done();
      }}
    >
      <SpaceBetween size="m">
        <span>{t.accounts.theAddressIsNotTheOne}</span>
        <FormField label={t.common.email}>
          <Input value={email} onChange={(e) => setEmail(e.detail.value)} type="email" autoFocus />
        </FormField>
      </SpaceBetween>
    </Dialog>
  );
}

interface Placed extends Member {
  region: string;
}

/** The inventories of all Regions in one table. */
function Everywhere() {
  const desk = useDesk();
  const discovery = useDiscovery();
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
      name={t.common.accounts}
      id="accounts-everywhere"
      description={t.accounts.theAccountsThatThisOneAdministers2}
      rows={rows}
      onShown={discovery.see}
      complete={discovery.complete}
      rowId={(m) => m.region + "/" + m.accountId}
      more={<RegionsChoice />}
      actions={<Button variant="primary" onClick={() => navigate(desk.link("accounts", "add"))}>{t.common.addAccounts}</Button>}
      empty={{ title: t.common.noAccounts, text: t.accounts.addTheAccountsWhoseBucketsYou }}
      columns={[
        { id: "account", header: t.common.accountId, value: (m) => m.accountId, cell: (m) => <To href={desk.linkIn(m.region, "accounts", m.accountId)}>{m.accountId}</To>, width: 150 },
        { id: "region", header: t.common.region, value: (m) => m.region, width: 130 },
        { id: "name", header: t.common.name, value: (m) => visible(m.name), cell: (m) => <Theirs text={m.name} />, width: 110 },
        { id: "email", header: t.common.email, value: (m) => visible(m.email), cell: (m) => <Theirs text={m.email} />, width: 190 },
        { id: "status", header: t.common.status, value: (m) => relationship[m.relationshipStatus]?.text ?? m.relationshipStatus, cell: (m) => <Relationship status={m.relationshipStatus} />, width: 210 },
        { id: "mail", header: t.accounts.mail, value: (m) => (m.mail ? (mailWords[m.mail.event] ?? "") : "–"), cell: (m) => <Mail event={m.mail} />, width: 145 },
        ...(discovery.built ? [{ id: "discovery", header: t.common.automatedDiscovery, value: discovery.text, cell: discovery.cell, width: 185, sort: false, filter: false }] : []),
        { id: "updated", header: t.accounts.lastStatusUpdate, time: (m) => m.updatedAt, hidden: true },
      ]}
    />
  );
}

/** One account: the relationship in every Region where there is one, and its history with the mail's fate. */
export function Account({ id }: { id: string }) {
  const desk = useDesk();
  const { act, busy } = useAct();
  const [question, setQuestion] = useState<Question | null>(null);
  useEffect(() => desk.title(fill(t.accounts.accountId, { id: visible(id) })), [desk, id]);
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
  const discovery = useDiscovery();
  const again = () => {
    member.refresh();
    history.refresh();
    regions.refresh();
    discovery.refresh();
  };
  const m = member.data;
  const { see } = discovery;
  useEffect(() => see(m ? [{ accountId: id, relationshipStatus: m.relationshipStatus ?? "" }] : []), [see, id, m]);
  const row: Member | undefined = m ? { accountId: id, email: m.email, relationshipStatus: m.relationshipStatus ?? "", viaOrganization: !m.email, updatedAt: m.updatedAt ?? "" } : undefined;
  const looked = row && discovery.text(row);
  const next = relationship[m?.relationshipStatus ?? ""]?.next;
  const discover = async (status: "ENABLED" | "DISABLED") => {
    const [r] = await setDiscovery(desk.caller, [id], status);
    if (r?.error) throw new CallError(400, "Unprocessed", r.error);
  };
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
                  {may.pause(row) && <Button onClick={() => ask(fill(t.accounts.suspendMacieInId, { id }), t.common.suspend, t.accounts.macieStopsLookingAtItsBuckets, () => desk.caller.call("UpdateMemberSession", { id, status: "PAUSED" }), t.accounts.suspended)}>{t.common.suspend}</Button>}
                  {may.resume(row) && <Button loading={busy === "resume"} onClick={async () => { if (await act("resume", () => desk.caller.call("UpdateMemberSession", { id, status: "ENABLED" }), t.accounts.resumed2)) again(); }}>{t.common.resume}</Button>}
                  {(looked === t.common.on || looked === t.common.off) && may.discovery(row) && (
                    <Button
                      loading={busy === "discovery"}
                      onClick={async () => {
                        if (looked === t.common.on) ask(fill(t.accounts.turnDiscoveryOffForId, { id }), t.accounts.turnOff, t.accounts.itLooksIntoItsBucketsNoMore, () => discover("DISABLED"), t.accounts.discoveryIsOff + ".");
                        else if (await act("discovery", () => discover("ENABLED"), t.accounts.discoveryIsOn + ".")) again();
                      }}
                    >
                      {looked === t.common.on ? t.accounts.turnAutomatedDiscoveryOff : t.accounts.turnAutomatedDiscoveryOn}
                    </Button>
                  )}
                  {may.remove(row) && <Button onClick={() => ask(fill(t.accounts.removeIdAsAMember, { id }), t.accounts.remove, t.accounts.itKeepsMacieAndYouCan, () => desk.caller.call("DisassociateMember", { id }), t.accounts.removed2)}>{t.accounts.remove}</Button>}
                  {may.delete(row) && <Button onClick={() => ask(fill(t.accounts.deleteIdFromTheList, { id }), t.common.delete, t.accounts.anInvitationThatIsNotAnswered2, () => desk.caller.call("DeleteMember", { id }), t.accounts.deleted2)}>{t.common.delete}</Button>}
                  {may.invite(row) && (
                    <Button
                      variant="primary"
                      loading={busy === "invite"}
                      onClick={async () => {
                        const ok = await act("invite", async () => {
                          const [r] = await inviteAll(desk.caller, [id], "", false);
                          if (r?.error) throw new CallError(400, "Unprocessed", r.error);
                        }, fill(t.accounts.idIsInvited, { id }));
                        if (ok) again();
                      }}
                    >
                      {row.relationshipStatus === "Created" ? t.accounts.invite : t.accounts.inviteAgain}
                    </Button>
                  )}
                </SpaceBetween>
              )
            }
          >{fill(t.accounts.accountId, { id: visible(id) })}</Header>
        }
      >
        {member.error ? (
          <Problem error={member.error} retry={member.refresh} />
        ) : m === null ? (
          <Box>{fill(t.accounts.thisAccountIsNotInThe, { region: desk.region })}</Box>
        ) : (
          <SpaceBetween size="m">
            <KeyValuePairs
              columns={3}
              items={[
                { label: t.common.status, value: <Relationship status={m?.relationshipStatus} /> },
                { label: t.common.email, value: <Theirs text={m?.email} /> },
                { label: t.common.invited, value: <When at={m?.invitedAt} /> },
                { label: t.accounts.lastStatusUpdate, value: <When at={m?.updatedAt} /> },
                { label: t.common.type, value: m?.email ? t.accounts.byInvitation : t.accounts.viaOrganization },
                ...(discovery.built && row ? [{ label: t.common.automatedDiscovery, value: discovery.cell(row) }] : []),
                { label: t.common.tags, value: <EditableTags arn={m?.arn} name={id} tags={m?.tags ?? {}} refresh={member.refresh} /> },
                { label: "ARN", value: <span className="mono">{visible(m?.arn)}</span> },
              ]}
            />
            {next && <Alert type="info">{next}</Alert>}
          </SpaceBetween>
        )}
      </Container>
      <Container header={<Header variant="h2">{t.accounts.inEveryRegion}</Header>}>
        {regions.error ? (
          <Problem error={regions.error} retry={regions.refresh} />
        ) : (
          <Table
            variant="embedded"
            loading={regions.loading && !regions.data}
            loadingText={t.common.loadingRegions}
            items={regions.data ?? []}
            ariaLabels={{ tableLabel: t.common.regions }}
            empty={t.accounts.nowhere}
            columnDefinitions={[
              { id: "region", header: t.common.region, cell: (r) => <To href={desk.linkIn(r.region, "accounts", id)}>{r.region}</To>, isRowHeader: true },
              { id: "status", header: t.common.status, cell: (r) => <Relationship status={r.member.relationshipStatus} /> },
              { id: "updated", header: t.accounts.lastStatusUpdate, cell: (r) => time(r.member.updatedAt) },
            ]}
          />
        )}
      </Container>
      {(m?.relationshipStatus === "Enabled" || m?.relationshipStatus === "Paused") && (
        <Container header={<Header variant="h2">{t.accounts.whatItHas}</Header>}>
          <KeyValuePairs
            columns={3}
            items={[
              { label: t.common.buckets, value: <To href={desk.link("buckets") + "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "account", operator: "=", value: id }] }))}>{has.data?.buckets === undefined ? t.accounts.bucketsOfThisAccount : count(has.data.buckets)}</To> },
              { label: t.accounts.publicBuckets, value: has.data?.exposed === undefined ? "–" : count(has.data.exposed) },
              { label: t.accounts.currentFindings, value: <To href={desk.link("findings") + "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "accountId", operator: "=", value: id }] }))}>{has.data?.findings === undefined ? t.accounts.findingsOfThisAccount : count(has.data.findings)}</To> },
            ]}
          />
        </Container>
      )}
      <Rows<Event>
        name={t.accounts.history}
        id="account-history"
        rows={history}
        rowId={(e) => e.id}
        empty={{ title: t.accounts.noHistory, text: t.accounts.nothingHasHappenedBetweenThisAccount }}
        columns={[
          { id: "time", header: t.common.time, time: (e) => e.time },
          { id: "event", header: t.common.event, value: (e) => words(e.event), width: 200 },
          { id: "change", header: t.common.status, value: (e) => (e.toStatus || e.fromStatus ? (e.fromStatus ? words(e.fromStatus) + " → " : "") + (e.toStatus ? words(e.toStatus) : "none") : "–"), width: 240 },
          { id: "by", header: t.common.by, value: (e) => visible(e.principal.replace(/^arn:aws:\w+::/, "")), width: 180 },
          { id: "detail", header: t.common.detail, value: (e) => visible(e.detail), cell: (e) => <Theirs text={e.detail} />, filter: false, width: 240 },
        ]}
      />
      <Confirm question={question} close={() => setQuestion(null)} />
    </SpaceBetween>
  );
}

