// Invitations: who wants to be this account's administrator, what that means, and the answer.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect, useState } from "react";
import { all, type Caller, CallError, each, type Options } from "../api/call";
import type { Invitation } from "../api/macie2.gen";
import { Relationship, Theirs, To, When } from "../parts/bits";
import { Confirm, type Question } from "../parts/confirm";
import { Problem, useAct } from "../parts/problem";
import { useResource } from "../parts/resource";
import { loadRegions, RegionsChoice } from "../parts/regions";
import { type Outcome, Results } from "../parts/results";
import { Rows } from "../parts/rows";
import { navigate, useRoute } from "../route";
import { useDesk } from "../session";
import { counted, relationship, visible } from "../text/format";

interface Event {
  administratorAccountId: string;
  accountId: string;
  invitationId?: string;
  detail?: string;
  event: string;
  time: string;
}

interface Received extends Invitation {
  region: string;
}

interface Unanswered {
  invitations: Received[];
  messages: Record<string, string>;
  elsewhere: number; // unanswered, in other Regions
}

/** What a Region has: its invitations, and the messages with which they came. */
async function inRegion(c: Caller, o: Options): Promise<{ invitations: Received[]; messages: Record<string, string> }> {
  const invitations = (await all(c, "ListInvitations", {}, (p) => p.invitations, o)).map((i) => ({ ...i, region: c.region }));
  const messages: Record<string, string> = {};
  try {
    const h = await c.own<{ events: Event[] }>("GET", "history?event=Invited&maxResults=100", undefined, o);
    for (const e of h.events) if (e.invitationId && e.detail && !(e.invitationId in messages)) messages[e.invitationId] = e.detail;
  } catch (e) {
    if (o.signal?.aborted) throw e; // else: the message is no more than a courtesy
  }
  return { invitations, messages };
}

export function Invitations({ id }: { id: string }) {
  const desk = useDesk();
  const { act, busy } = useAct();
  const [question, setQuestion] = useState<Question | null>(null);
  useEffect(() => desk.title(id ? "Invitation" : "Invitations"), [desk, id]);
  const route = useRoute();
  const everywhere = !id && route.query.get("regions") === "all";
  const [selected, setSelected] = useState<Received[]>([]);
  const [results, setResults] = useState<{ what: string; list: Outcome[]; again: (those: Outcome[]) => Promise<void> } | null>(null);
  const received = useResource<Unanswered>(
    async (o) => {
      const others = (await loadRegions(desk.caller, o)).filter((r) => r.region !== desk.region);
      const elsewhere = others.reduce((n, r) => n + r.invitations, 0);
      if (!everywhere) return { ...(await inRegion(desk.caller, o)), elsewhere };
      const lists = await each([desk.region, ...others.filter((r) => r.status).map((r) => r.region)], 4, (r) => inRegion(desk.caller.in(r), o));
      const out: Unanswered = { invitations: [], messages: {}, elsewhere };
      for (const l of lists) {
        if (l instanceof CallError && !l.notEnabled) throw l;
        if (!l || l instanceof CallError) continue;
        out.invitations.push(...l.invitations);
        Object.assign(out.messages, l.messages);
      }
      return out;
    },
    [desk.caller, everywhere],
    60_000,
  );
  const administrator = useResource(
    async (o) => {
      try {
        return (await desk.caller.call("GetAdministratorAccount", {}, o)).administrator ?? null;
      } catch (e) {
        if (e instanceof CallError && /does not have a/.test(e.message)) return null;
        throw e;
      }
    },
    [desk.caller],
    60_000,
  );
  const members = useResource(async (o) => (await desk.caller.call("ListMembers", { maxResults: 1 }, o)).members?.length ?? 0, [desk.caller]);
  const unprocessed = (list: Array<{ errorMessage?: string }> | undefined) => {
    if (list?.length) throw new CallError(400, "Unprocessed", list[0]!.errorMessage ?? "It was not done.");
  };
  const again = () => {
    received.refresh();
    administrator.refresh();
    desk.badge();
  };
  const open = (i: Received) => i.relationshipStatus === "Invited";
  const against = administrator.data ? "This account has an administrator already, " + administrator.data.accountId + ". Leave it first." : members.data ? "This account has members of its own, so it cannot have an administrator. Remove them first." : "";

  // Several at once, each in its Region, with a line for each that was not done.
  const answer = (yes: boolean, chosen: Received[]) => {
    const run = async (those: Received[]) => {
      const r = await each(those, 4, async (i) => {
        const c = desk.caller.in(i.region);
        if (yes) await c.call("AcceptInvitation", { administratorAccountId: i.accountId, invitationId: i.invitationId! });
        else unprocessed((await c.call("DeclineInvitations", { accountIds: [i.accountId!] })).unprocessedAccounts);
      });
      const what = yes ? "Accepted" : "Declined";
      const list = those.map((i, n): Outcome => ({ account: i.accountId ?? "", region: i.region, error: r[n] instanceof CallError ? (r[n] as CallError).message : undefined }));
      if (list.some((x) => x.error)) setResults({ what, list, again: (bad) => run(those.filter((i) => bad.some((b) => b.account === i.accountId && b.region === i.region))) });
      else desk.flash({ type: "success", content: what + ": " + counted(list.length, "invitation") + "." });
      setSelected([]);
      again();
    };
    const regions = [...new Set(chosen.map((i) => i.region))].join(", ");
    const accounts = [...new Set(chosen.map((i) => i.accountId!))];
    setQuestion({
      title: (yes ? "Accept " : "Decline ") + counted(chosen.length, "invitation") + "?",
      yes: yes ? "Accept invitations" : "Decline invitations",
      body: yes ? <Meaning account={accounts.join(", ")} region={regions} /> : "The accounts are not told, but can see that their invitations are gone, and can invite again.",
      act: () => run(chosen),
    });
  };

  const accept = (i: Received) =>
    setQuestion({
      title: "Accept invitation from " + i.accountId + "?",
      yes: "Accept invitation",
      body: <Meaning account={i.accountId!} region={i.region} />,
      act: async () => {
        if (await act("accept", () => desk.caller.in(i.region).call("AcceptInvitation", { administratorAccountId: i.accountId, invitationId: i.invitationId! }), "Account " + i.accountId + " is now the administrator of this account in " + i.region + ".")) {
          if (id) navigate(desk.link("invitations"));
          again();
        }
      },
    });
  const decline = (i: Received) =>
    setQuestion({
      title: "Decline invitation from " + i.accountId + "?",
      yes: "Decline invitation",
      body: "The account is not told, but can see that its invitation is gone, and can invite again.",
      act: async () => {
        if (await act("decline", async () => unprocessed((await desk.caller.in(i.region).call("DeclineInvitations", { accountIds: [i.accountId!] })).unprocessedAccounts), "The invitation of " + i.accountId + " is declined.")) {
          if (id) navigate(desk.link("invitations"));
          again();
        }
      },
    });
  const remove = (i: Received) =>
    setQuestion({
      title: "Delete invitation from " + i.accountId + "?",
      yes: "Delete invitation",
      body: "It is taken off this list. A relationship that stands is not changed by it.",
      act: async () => {
        if (await act("delete", async () => unprocessed((await desk.caller.in(i.region).call("DeleteInvitations", { accountIds: [i.accountId!] })).unprocessedAccounts), "The invitation of " + i.accountId + " is deleted.")) again();
      },
    });
  const leave = (account: string) =>
    setQuestion({
      title: "Leave administrator " + account + "?",
      yes: "Leave administrator",
      body: "Account " + account + " can no longer see this account's buckets and findings, nor run jobs over them, in " + desk.region + ". It sees that you left. It takes a new invitation to come back.",
      act: async () => {
        if (await act("leave", () => desk.caller.call("DisassociateFromAdministratorAccount", {}), "This account has no administrator in " + desk.region + " any more.")) again();
      },
    });

  const may = (i: Received) => !against || i.region !== desk.region; // of another Region, the server knows
  const list = received.data?.invitations;
  const one = id ? list?.find((i) => i.invitationId === id) : undefined;
  const message = (i: Received) => received.data?.messages[i.invitationId ?? ""] ?? "";
  const error = received.error;
  return (
    <SpaceBetween size="l">
      {id && one && (
        <Container
          header={
            <Header
              variant="h1"
              actions={
                open(one) && (
                  <SpaceBetween direction="horizontal" size="xs">
                    <Button onClick={() => decline(one)}>Decline</Button>
                    <Button variant="primary" disabled={!!against} onClick={() => accept(one)}>
                      Accept
                    </Button>
                  </SpaceBetween>
                )
              }
            >
              Invitation from {one.accountId}
            </Header>
          }
        >
          <SpaceBetween size="m">
            {open(one) && against && <Alert type="warning">{against}</Alert>}
            {!open(one) && <Alert type="info">This invitation is answered: {(relationship[one.relationshipStatus ?? ""]?.text ?? one.relationshipStatus)?.toLowerCase()}.</Alert>}
            <Box>
              Account <b>{one.accountId}</b> would like to become the Macie administrator for this account, {desk.account}, in Region {desk.region}. Nothing changes unless you accept.
            </Box>
            <KeyValuePairs
              columns={3}
              items={[
                { label: "Administrator", value: one.accountId },
                { label: "Region", value: desk.region },
                { label: "Sent", value: <When at={one.invitedAt} /> },
                { label: "Status", value: <Relationship status={one.relationshipStatus} /> },
                { label: "Invitation ID", value: <span className="mono">{one.invitationId}</span> },
              ]}
            />
            {message(one) && (
              <div>
                <Box variant="awsui-key-label">The administrator wrote this; the words are theirs and were not checked</Box>
                <blockquote className="words">
                  <Theirs text={message(one)} />
                </blockquote>
              </div>
            )}
            <Meaning account={one.accountId!} region={desk.region} />
            <Box>
              <b>Before you answer:</b> ask the people who are responsible for account {one.accountId}, at an address you already know, whether they sent an invitation with this ID.
            </Box>
          </SpaceBetween>
        </Container>
      )}
      {id && list && !one && (
        <Alert type="info" header="This invitation is not here any more">
          It was answered, deleted or replaced by a newer one, or it is for another account or Region. Below is what there is.
        </Alert>
      )}
      {!id && (
        <Header variant="h1" description={"Who administers this account in " + desk.region + ", and who would like to."}>
          Invitations
        </Header>
      )}
      {error?.notEnabled ? (
        <Problem error={error} retry={again} />
      ) : (
        <SpaceBetween size="l">
          <Container
            header={
              <Header variant="h2" actions={administrator.data && <Button loading={busy === "leave"} onClick={() => leave(administrator.data!.accountId!)}>Leave administrator</Button>}>
                Administrator account
              </Header>
            }
          >
            {administrator.error && !administrator.error.notEnabled ? (
              <Problem error={administrator.error} retry={administrator.refresh} />
            ) : administrator.data ? (
              <KeyValuePairs
                columns={3}
                items={[
                  { label: "Account", value: administrator.data.accountId },
                  { label: "Status", value: <Relationship status={administrator.data.relationshipStatus} /> },
                  { label: "Invited", value: <When at={administrator.data.invitedAt} /> },
                ]}
              />
            ) : (
              <Box color="text-body-secondary">{administrator.loading ? "Loading" : "No account administers this one in " + desk.region + "."}</Box>
            )}
          </Container>
          <Rows<Received>
            name="Invitations received"
            id="invitations"
            rows={{ ...received, data: list, set: () => {} }}
            rowId={(i) => i.invitationId ?? ""}
            select="multi"
            selected={selected}
            onSelect={setSelected}
            selectionName={(i) => i.accountId + (everywhere ? " in " + i.region : "")}
            more={
              !id && (
                <SpaceBetween direction="horizontal" size="m">
                  <RegionsChoice />
                  {!everywhere && !!received.data?.elsewhere && <To href={desk.link("invitations") + "?regions=all"}>{counted(received.data.elsewhere, "unanswered invitation")} in other Regions</To>}
                </SpaceBetween>
              )
            }
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={!selected.some(open)} onClick={() => answer(false, selected.filter(open))}>Decline selected</Button>
                <Button disabled={!selected.some((i) => open(i) && may(i))} onClick={() => answer(true, selected.filter((i) => open(i) && may(i)))}>Accept selected</Button>
              </SpaceBetween>
            }
            empty={{ title: "No invitations", text: "Another account that wants to administer this one invites it. The invitation is shown here, and told by mail." }}
            columns={[
              { id: "administrator", header: "From account", value: (i) => i.accountId ?? "", cell: (i) => <To href={desk.linkIn(i.region, "invitations", i.invitationId ?? "")}>{i.accountId}</To>, width: 150 },
              ...(everywhere ? [{ id: "region", header: "Region", value: (i: Received) => i.region, width: 130 }] : []),
              { id: "message", header: "Message", value: (i) => visible(message(i)), cell: (i) => <Theirs text={message(i)} />, filter: false, width: 180 },
              { id: "status", header: "Status", value: (i) => relationship[i.relationshipStatus ?? ""]?.text ?? i.relationshipStatus ?? "", cell: (i) => <Relationship status={i.relationshipStatus} />, width: 120 },
              { id: "received", header: "Received", time: (i) => i.invitedAt },
              {
                id: "answer",
                header: "Answer",
                filter: false,
                value: () => "",
                width: 280,
                cell: (i) => (
                  <span className="bar">
                    {open(i) && (
                      <>
                        <Button ariaLabel={"Accept invitation from " + i.accountId} disabled={!may(i)} disabledReason={may(i) ? undefined : against} onClick={() => accept(i)}>
                          Accept
                        </Button>
                        <Button ariaLabel={"Decline invitation from " + i.accountId} onClick={() => decline(i)}>
                          Decline
                        </Button>
                      </>
                    )}
                    <Button variant="icon" iconName="remove" ariaLabel={"Delete invitation from " + i.accountId} onClick={() => remove(i)} />
                  </span>
                ),
              },
            ]}
          />
        </SpaceBetween>
      )}
      {results && <Results title={results.what} list={results.list} again={results.again} close={() => setResults(null)} />}
      <Confirm question={question} close={() => setQuestion(null)} />
    </SpaceBetween>
  );
}

function Meaning({ account, region }: { account: string; region: string }) {
  return (
    <div>
      In Region {region}, and nowhere else, account {account} can then
      <ul>
        <li>see your buckets, their settings, and what Macie finds about them;</li>
        <li>look for sensitive data in the objects of your buckets, and see the results;</li>
        <li>suspend Macie in your account. Only you can resume it.</li>
      </ul>
      Your account stays yours, and you can leave at any time.
    </div>
  );
}
