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
import { fill, rich, t } from "../text";

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
  useEffect(() => desk.title(id ? t.common.invitation : t.common.invitations), [desk, id]);
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
    if (list?.length) throw new CallError(400, "Unprocessed", list[0]!.errorMessage ?? t.invitations.itWasNotDone);
  };
  const again = () => {
    received.refresh();
    administrator.refresh();
    desk.badge();
  };
  const open = (i: Received) => i.relationshipStatus === "Invited";
  const against = administrator.data ? fill(t.invitations.thisAccountHasAnAdministratorAlready, { accountId: administrator.data.accountId }) : members.data ? t.invitations.thisAccountHasMembersOfIts : "";

  // Several at once, each in its Region, with a line for each that was not done.
  const answer = (yes: boolean, chosen: Received[]) => {
    const run = async (those: Received[]) => {
      const r = await each(those, 4, async (i) => {
        const c = desk.caller.in(i.region);
        if (yes) await c.call("AcceptInvitation", { administratorAccountId: i.accountId, invitationId: i.invitationId! });
        else unprocessed((await c.call("DeclineInvitations", { accountIds: [i.accountId!] })).unprocessedAccounts);
      });
      const what = yes ? t.common.accepted : t.common.declined;
      const list = those.map((i, n): Outcome => ({ account: i.accountId ?? "", region: i.region, error: r[n] instanceof CallError ? (r[n] as CallError).message : undefined }));
      if (list.some((x) => x.error)) setResults({ what, list, again: (bad) => run(those.filter((i) => bad.some((b) => b.account === i.accountId && b.region === i.region))) });
      else desk.flash({ type: "success", content: what + ": " + counted(list.length, t.invitations.countInvitations) + "." });
      setSelected([]);
      again();
    };
    const regions = [...new Set(chosen.map((i) => i.region))].join(", ");
    const accounts = [...new Set(chosen.map((i) => i.accountId!))];
    setQuestion({
      title: (yes ? t.invitations.accept : t.invitations.decline) + counted(chosen.length, t.invitations.countInvitations) + "?",
      yes: yes ? t.invitations.acceptInvitations : t.invitations.declineInvitations,
      body: yes ? <Meaning account={accounts.join(", ")} region={regions} /> : t.invitations.theAccountsAreNotToldBut,
      act: () => run(chosen),
    });
  };

  const accept = (i: Received) =>
    setQuestion({
      title: fill(t.invitations.acceptInvitationFromAccountid, { accountId: i.accountId }),
      yes: t.invitations.acceptInvitation,
      body: <Meaning account={i.accountId!} region={i.region} />,
      act: async () => {
        if (await act("accept", () => desk.caller.in(i.region).call("AcceptInvitation", { administratorAccountId: i.accountId, invitationId: i.invitationId! }), fill(t.invitations.accountAccountidIsNowTheAdministrator, { accountId: i.accountId, region: i.region }))) {
          if (id) navigate(desk.link("invitations"));
          again();
        }
      },
    });
  const decline = (i: Received) =>
    setQuestion({
      title: fill(t.invitations.declineInvitationFromAccountid, { accountId: i.accountId }),
      yes: t.invitations.declineInvitation,
      body: t.invitations.theAccountIsNotToldBut,
      act: async () => {
        if (await act("decline", async () => unprocessed((await desk.caller.in(i.region).call("DeclineInvitations", { accountIds: [i.accountId!] })).unprocessedAccounts), fill(t.invitations.theInvitationOfAccountidIsDeclined, { accountId: i.accountId }))) {
          if (id) navigate(desk.link("invitations"));
          again();
        }
      },
    });
  const remove = (i: Received) =>
    setQuestion({
      title: fill(t.invitations.deleteInvitationFromAccountid, { accountId: i.accountId }),
      yes: t.invitations.deleteInvitation,
      body: t.invitations.itIsTakenOffThisList,
      act: async () => {
        if (await act("delete", async () => unprocessed((await desk.caller.in(i.region).call("DeleteInvitations", { accountIds: [i.accountId!] })).unprocessedAccounts), fill(t.invitations.theInvitationOfAccountidIsDeleted, { accountId: i.accountId }))) again();
      },
    });
  const leave = (account: string) =>
    setQuestion({
      title: fill(t.invitations.leaveAdministratorAccount, { account }),
      yes: t.invitations.leaveAdministrator,
      body: fill(t.invitations.accountAccountCanNoLongerSee, { account, region: desk.region }),
      act: async () => {
        if (await act("leave", () => desk.caller.call("DisassociateFromAdministratorAccount", {}), fill(t.invitations.thisAccountHasNoAdministratorIn, { region: desk.region }))) again();
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
                    <Button onClick={() => decline(one)}>{t.invitations.decline2}</Button>
                    <Button variant="primary" disabled={!!against} onClick={() => accept(one)}>{t.invitations.accept2}</Button>
                  </SpaceBetween>
                )
              }
            >{fill(t.invitations.invitationFromAccountid, { accountId: one.accountId })}</Header>
          }
        >
          <SpaceBetween size="m">
            {open(one) && against && <Alert type="warning">{against}</Alert>}
            {!open(one) && <Alert type="info">{fill(t.invitations.thisInvitationIsAnsweredText, { text: (relationship[one.relationshipStatus ?? ""]?.text ?? one.relationshipStatus)?.toLowerCase() })}</Alert>}
            <Box>{rich(t.invitations.accountAccountidWouldLikeToBecome, { accountId: <b>{one.accountId}</b>, account: desk.account, region: desk.region })}</Box>
            <KeyValuePairs
              columns={3}
              items={[
                { label: t.common.administrator, value: one.accountId },
                { label: t.common.region, value: desk.region },
                { label: t.invitations.sent, value: <When at={one.invitedAt} /> },
                { label: t.common.status, value: <Relationship status={one.relationshipStatus} /> },
                { label: t.invitations.invitationId, value: <span className="mono">{one.invitationId}</span> },
              ]}
            />
            {message(one) && (
              <div>
                <Box variant="awsui-key-label">{t.invitations.theAdministratorWroteThisTheWords}</Box>
                <blockquote className="words">
                  <Theirs text={message(one)} />
                </blockquote>
              </div>
            )}
            <Meaning account={one.accountId!} region={desk.region} />
            <Box>{rich(t.invitations.bAskThePeopleWhoAre, { b: <b>{t.invitations.beforeYouAnswer}</b>, accountId: one.accountId })}</Box>
          </SpaceBetween>
        </Container>
      )}
      {!(id && one) && (
        <Header variant="h1" description={everywhere ? t.invitations.whoWouldLikeToEverywhere : fill(t.invitations.whoAdministersThisAccountInRegion, { region: desk.region })}>{id ? t.common.invitation : t.common.invitations}</Header>
      )}
      {id && list && !one && (
        <Alert type="info" header={t.invitations.thisInvitationIsNotHereAny}>{t.invitations.itWasAnsweredDeletedOrReplaced}</Alert>
      )}
      {error?.notEnabled ? (
        <Problem error={error} retry={again} />
      ) : (
        <SpaceBetween size="l">
          <Container
            header={
              <Header variant="h2" actions={administrator.data && <Button loading={busy === "leave"} onClick={() => leave(administrator.data!.accountId!)}>{t.invitations.leaveAdministrator}</Button>}>{t.invitations.administratorAccount}</Header>
            }
          >
            {administrator.error && !administrator.error.notEnabled ? (
              <Problem error={administrator.error} retry={administrator.refresh} />
            ) : administrator.data ? (
              <KeyValuePairs
                columns={3}
                items={[
                  { label: t.common.account, value: administrator.data.accountId },
                  { label: t.common.status, value: <Relationship status={administrator.data.relationshipStatus} /> },
                  { label: t.common.invited, value: <When at={administrator.data.invitedAt} /> },
                ]}
              />
            ) : (
              <Box color="text-body-secondary">{administrator.loading ? t.common.loading : fill(t.invitations.noAccountAdministersThisOneIn, { region: desk.region })}</Box>
            )}
          </Container>
          <Rows<Received>
            key={String(everywhere)}
            name={t.invitations.invitationsReceived}
            id={everywhere ? "invitations-everywhere" : "invitations"}
            rows={{ ...received, data: list, set: () => {} }}
            rowId={(i) => i.invitationId ?? ""}
            select="multi"
            selected={selected}
            onSelect={setSelected}
            selectionName={(i) => i.accountId + (everywhere ? fill(t.invitations.inRegion, { region: i.region }) : "")}
            more={
              !id && (
                <SpaceBetween direction="horizontal" size="m" alignItems="center">
                  <RegionsChoice />
                  {!everywhere && !!received.data?.elsewhere && <To href={desk.link("invitations") + "?regions=all"}>{fill(t.invitations.elsewhereInOtherRegions, { elsewhere: counted(received.data.elsewhere, t.common.countUnansweredInvitations) })}</To>}
                </SpaceBetween>
              )
            }
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={!selected.some(open)} onClick={() => answer(false, selected.filter(open))}>{t.invitations.declineSelected}</Button>
                <Button disabled={!selected.some((i) => open(i) && may(i))} onClick={() => answer(true, selected.filter((i) => open(i) && may(i)))}>{t.invitations.acceptSelected}</Button>
              </SpaceBetween>
            }
            empty={{ title: t.invitations.noInvitations, text: t.invitations.anotherAccountThatWantsToAdminister }}
            columns={[
              { id: "administrator", header: t.invitations.fromAccount, value: (i) => i.accountId ?? "", cell: (i) => <To href={desk.linkIn(i.region, "invitations", i.invitationId ?? "")}>{i.accountId}</To>, width: 150 },
              ...(everywhere ? [{ id: "region", header: t.common.region, value: (i: Received) => i.region, width: 125 }] : []),
              { id: "message", header: t.invitations.message, value: (i) => visible(message(i)), cell: (i) => <Theirs text={message(i)} />, filter: false, width: 160, hidden: everywhere },
              { id: "status", header: t.common.status, value: (i) => relationship[i.relationshipStatus ?? ""]?.text ?? i.relationshipStatus ?? "", cell: (i) => <Relationship status={i.relationshipStatus} />, width: 120 },
              { id: "received", header: t.invitations.received, time: (i) => i.invitedAt, width: 205 },
              {
                id: "answer",
                header: t.invitations.answer,
                filter: false,
                value: () => "",
                width: 280,
                cell: (i) => (
                  <span className="bar">
                    {open(i) && (
                      <>
                        <Button ariaLabel={fill(t.invitations.acceptInvitationFromAccountid2, { accountId: i.accountId })} disabled={!may(i)} disabledReason={may(i) ? undefined : against} onClick={() => accept(i)}>{t.invitations.accept2}</Button>
                        <Button ariaLabel={fill(t.invitations.declineInvitationFromAccountid2, { accountId: i.accountId })} onClick={() => decline(i)}>{t.invitations.decline2}</Button>
                      </>
                    )}
                    <Button variant="icon" iconName="remove" ariaLabel={fill(t.invitations.deleteInvitationFromAccountid2, { accountId: i.accountId })} onClick={() => remove(i)} />
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
    <div>{fill(t.invitations.inRegionRegionAndNowhereElse, { region, account })}<ul>
        <li>{t.invitations.seeYourBucketsTheirSettingsAnd}</li>
        <li>{t.invitations.lookForSensitiveDataInThe}</li>
        <li>{t.invitations.suspendMacieInYourAccountOnly}</li>
      </ul>{t.invitations.yourAccountStaysYoursAndYou}</div>
  );
}
