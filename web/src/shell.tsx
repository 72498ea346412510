// What is around every page, once somebody is signed in: the navigation, who one is, messages.
import Alert from "@cloudscape-design/components/alert";
import AppLayout from "@cloudscape-design/components/app-layout";
import Box from "@cloudscape-design/components/box";
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import Button from "@cloudscape-design/components/button";
import Flashbar, { type FlashbarProps } from "@cloudscape-design/components/flashbar";
import Modal from "@cloudscape-design/components/modal";
import SideNavigation from "@cloudscape-design/components/side-navigation";
import SpaceBetween from "@cloudscape-design/components/space-between";
import SplitPanel from "@cloudscape-design/components/split-panel";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Spinner from "@cloudscape-design/components/spinner";
import TopNavigation from "@cloudscape-design/components/top-navigation";
import { Component, type ReactNode, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { Caller, onEnded, onWait, plain } from "./api/call";
import { look, setLook, type Look } from "./look";
import { home } from "./home";
import { navigation, pages, type Page } from "./pages";
import { RolesDialog, SessionsDialog } from "./roles";
import { follow, href, navigate, useRoute } from "./route";
import { useSlow } from "./parts/resource";
import { chooseIdentity, type Desk, DeskContext, type Panel, getSession, identityFor, rememberRegion, type Session, usualRegion } from "./session";
import { SignInForm } from "./signin";
import { count, visible } from "./text/format";
import { fill, t } from "./text";

class Boundary extends Component<{ children: ReactNode; at: string }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };
  static getDerivedStateFromError(error: Error) {
    return { error };
  }
  override componentDidUpdate(before: { at: string }) {
    if (before.at !== this.props.at && this.state.error) this.setState({ error: null });
  }
  override render() {
    if (!this.state.error) return this.props.children;
    return (
      <Alert type="error" header={t.shell.thePageFailed} action={<Button onClick={() => location.reload()}>{t.shell.loadItAgain}</Button>}>
        {visible(this.state.error.message)}
      </Alert>
    );
  }
}

export default function Shell({ session, setSession, reload }: { session: Session; setSession: (s: Session) => void; reload: (background?: boolean) => Promise<void> }) {
  const route = useRoute();
  const [messages, setMessages] = useState<FlashbarProps.MessageDefinition[]>([]);
  const [ended, setEnded] = useState<{ go: () => void }[] | null>(null);
  const [wait, setWait] = useState(0);
  const [offline, setOffline] = useState(!navigator.onLine);
  const [unanswered, setUnanswered] = useState(0);
  const [dialog, setDialog] = useState<"" | "role" | "sessions">("");
  const [open, setOpen] = useState(() => innerWidth > 960);
  const [seen, setSeen] = useState(look());
  const [soon, setSoon] = useState("");
  const [panel, setPanel] = useState<Panel | null>(null);
  const { slow, stop } = useSlow();
  const flashes = useRef(0);

  // Every address names an account and a Region.
  const account = route.account || session.identities[0]!.account;
  const region = route.region || usualRegion(session);
  useEffect(() => {
    if (!route.account || !route.region || !route.page) navigate(href(account, region, route.page || home, ...route.rest) + location.search, true);
  }, [route, account, region]);
  useEffect(() => {
    if (route.region && session.regions?.includes(route.region)) rememberRegion(route.region);
  }, [route.region, session.regions]);

  useEffect(() => {
    onEnded(() => new Promise((go) => setEnded((list) => [...(list ?? []), { go }])));
    onWait(setWait);
    const net = () => setOffline(!navigator.onLine);
    addEventListener("online", net);
    addEventListener("offline", net);
    return () => {
      removeEventListener("online", net);
      removeEventListener("offline", net);
    };
  }, []);

  // Somebody signed in again in another tab: what waits here goes on.
  const before = useRef(session);
  useEffect(() => {
    const same = before.current.identities[0]?.account === session.identities[0]?.account;
    if (before.current !== session && same && ended) {
      setEnded(null);
      for (const w of ended) w.go();
    }
    before.current = session;
  }, [session, ended]);

  // Five minutes before the end, somebody is told.
  useEffect(() => {
    const t = setInterval(async () => {
      const s = await getSession(true).catch(() => undefined);
      if (!s) return;
      if (!s.identities.length) {
        if (!ended) setEnded((list) => list ?? []);
        return;
      }
      const left = Math.min(Date.parse(s.expires!), Date.parse(s.idleUntil!)) - Date.now();
      setSoon(left < 5 * 60_000 ? (Date.parse(s.idleUntil!) < Date.parse(s.expires!) ? "idle" : "over") : "");
    }, 60_000);
    return () => clearInterval(t);
  }, [ended]);

  const identity = identityFor(session, account);
  const caller = useMemo(() => new Caller(identity?.id ?? "0", account, region), [identity?.id, account, region]);
  const wanted = pages.find((p) => p.path === [route.page, ...route.rest].join("/")) ?? pages.find((p) => p.path === route.page + "/:id" && route.rest.length === 1) ?? pages.find((p) => p.path === route.page);

  const desk: Desk | null = useMemo(
    () =>
      identity
        ? {
            session,
            identity,
            caller,
            account,
            region,
            built: (...names) => !names.some((n) => session.unbuilt?.includes(n)),
            link: (page, ...rest) => href(account, region, page, ...rest),
            linkIn: (r, page, ...rest) => href(account, r, page, ...rest),
            flash: (m) => {
              const id = String(++flashes.current);
              const gone = () => setMessages((list) => list.filter((x) => x.id !== id));
              // The first of several is the one that is seen without opening them all.
              setMessages((list) => [{ ...m, id, dismissible: true, dismissLabel: t.shell.dismiss, onDismiss: gone }, ...list.slice(0, 3)]);
              if (m.type === "success") setTimeout(gone, 8000);
            },
            during: async (what, work) => {
              const id = String(++flashes.current);
              const put = (m: FlashbarProps.MessageDefinition | null) => setMessages((list) => [...(m ? [m] : []), ...list.filter((x) => x.id !== id)]);
              const said = (n: number) => put({ id, type: "info", loading: true, content: what + (n ? ": " + count(n) : "") });
              said(0);
              try {
                return await work(said);
              } catch (e) {
                put({ id, type: "error", content: visible((e as Error).message), dismissible: true, dismissLabel: t.shell.dismiss, onDismiss: () => put(null) });
                return undefined;
              } finally {
                setMessages((list) => list.filter((x) => x.id !== id || !x.loading));
              }
            },
            panel: setPanel,
            title: (text) => {
              document.title = [text, account, region, "Magpie"].join(" · ");
            },
            badge: () => setUnanswered((n) => n + 0.000001),
          }
        : null,
    [session, identity, caller, account, region],
  );

  // Unanswered invitations, now and every minute.
  const badgeKey = unanswered % 1;
  useEffect(() => {
    if (!identity) return;
    const count = (background: boolean) => {
      if (document.visibilityState === "visible")
        caller.call("GetInvitationsCount", {}, { background }).then(
          (r) => setUnanswered((n) => (r.invitationsCount ?? 0) + (n % 1)),
          () => setUnanswered((n) => n % 1),
        );
    };
    count(false);
    const t = setInterval(() => count(true), 60_000);
    return () => clearInterval(t);
  }, [caller, identity, badgeKey]);

  // After going to another page, reading begins at its heading.
  const place = route.page + "/" + route.rest.join("/");
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    const t = setTimeout(() => {
      const h = document.querySelector<HTMLElement>("main h1");
      if (h) {
        h.tabIndex = -1;
        h.focus();
      }
    }, 80);
    return () => clearTimeout(t);
  }, [place]);

  const signOut = async () => {
    await plain("DELETE", "session").catch(() => undefined);
    localStorage.setItem("magpie.signed", String(Date.now()));
    history.replaceState(null, "", "/console/");
    location.reload();
  };
  const choose = (l: Look) => {
    setLook(l);
    setSeen(l);
  };
  const shown = pages.filter((p) => p.in && (!p.needs || desk?.built(...p.needs)));
  const items = navigation(shown, account, region, Math.floor(unanswered));
  const roles = session.identities.filter((i) => i.id !== "0");
  const page: Page | undefined = wanted;
  const missing = page?.needs?.filter((n) => session.unbuilt?.includes(n)) ?? [];
  const Body = page?.component;
  return (
    <>
      <a className="skip" href="#main" onClick={(e) => { e.preventDefault(); document.querySelector<HTMLElement>("main")?.querySelector<HTMLElement>("h1, a, button")?.focus(); }}>{t.shell.skipToTheContent}</a>
      <div id="top">
        <TopNavigation
          identity={{ href: href(account, region, home), title: "Magpie", logo: { src: "/console/assets/magpie.svg", alt: "" }, onFollow: follow as never }}
          i18nStrings={{ overflowMenuTriggerText: t.shell.more, overflowMenuTitleText: t.common.all, overflowMenuBackIconAriaLabel: t.common.back, overflowMenuDismissIconAriaLabel: t.common.close }}
          utilities={[
            {
              type: "menu-dropdown",
              text: region,
              ariaLabel: fill(t.shell.regionRegion, { region }),
              items: (session.regions ?? []).map((r) => ({ id: r, text: r, disabled: r === region })),
              onItemClick: (e) => navigate(href(account, e.detail.id, route.page || home, ...(route.page === "accounts" || route.page === "buckets" ? route.rest : []))),
            },
            {
              type: "menu-dropdown",
              iconName: "settings",
              ariaLabel: t.shell.appearance,
              title: t.shell.appearance,
              items: [
                { id: "mode", text: t.shell.colours, items: (["system", "light", "dark"] as const).map((m) => ({ id: "mode-" + m, itemType: "checkbox" as const, checked: seen.mode === m, text: m === "system" ? t.shell.asTheSystem : m === "light" ? t.shell.light : t.shell.dark })) },
                { id: "dense", itemType: "checkbox", checked: seen.dense, text: t.shell.closeTogether },
                { id: "utc", itemType: "checkbox", checked: seen.utc, text: t.shell.timesInUtc },
              ],
              onItemClick: (e) => {
                const id = e.detail.id;
                if (id.startsWith("mode-")) choose({ ...seen, mode: id.slice(5) as Look["mode"] });
                if (id === "dense") choose({ ...seen, dense: !seen.dense });
                if (id === "utc") choose({ ...seen, utc: !seen.utc });
              },
            },
            {
              type: "menu-dropdown",
              iconName: "user-profile",
              text: account,
              ariaLabel: fill(t.common.accountAccount, { account }),
              description: visible(identity?.arn ?? session.identities[0]!.arn),
              items: [
                ...session.identities.map((i) => ({ id: "as-" + i.id, text: (i.id === "0" ? "" : t.shell.role) + i.account + (i.name ? " " + visible(i.name) : ""), disabled: i.id === identity?.id, secondaryText: visible(i.arn.replace(/^.*:/, "")) })),
                { id: "role", text: t.common.switchRole },
                { id: "sessions", text: t.common.sessions },
                { id: "out", text: t.shell.signOut },
              ],
              onItemClick: (e) => {
                const id = e.detail.id;
                if (id === "out") void signOut();
                else if (id === "role" || id === "sessions") setDialog(id);
                else {
                  const to = session.identities.find((i) => "as-" + i.id === id)!;
                  chooseIdentity(to.id);
                  navigate(href(to.account, region, home));
                }
              },
            },
          ]}
        />
      </div>
      {identity && identity.id !== "0" && (
        <div className="role" role="status">{fill(t.shell.rolearnInAccountAsArnAccount2, { roleArn: visible(/role\/(.*)$/.exec(identity.roleArn ?? "")?.[1] ?? t.shell.role2), account, arn: visible(session.identities[0]!.arn.replace(/^.*[:/]/, "")), account2: session.identities[0]!.account })}{" "}
          <button
            type="button"
            onClick={async () => {
              await plain("DELETE", "identities/" + encodeURIComponent(identity.id)).catch(() => undefined);
              chooseIdentity("0");
              await reload();
              navigate(href(session.identities[0]!.account, region, home));
            }}
          >{t.shell.return}</button></div>
      )}
      {offline && <div className="offline" role="status">{t.shell.thereIsNoNetworkWhatIs}</div>}
      {wait > 0 && <div className="offline" role="status">{fill(t.shell.theServerAskedToWaitWait, { wait })}</div>}
      {desk && (
        <DeskContext.Provider value={desk}>
          <AppLayout
            headerSelector="#top"
            toolsHide
            navigationOpen={open}
            onNavigationChange={(e) => setOpen(e.detail.open)}
            ariaLabels={{ navigation: t.shell.pages, navigationClose: t.shell.closeTheListOfPages, navigationToggle: t.shell.openTheListOfPages, notifications: t.shell.messages }}
            notifications={<Flashbar items={messages} stackItems />}
            navigation={
              <SideNavigation
                activeHref={href(account, region, page?.under ?? route.page)}
                items={items}
                onFollow={(e) => {
                  follow(e);
                  if (innerWidth <= 960) setOpen(false);
                }}
              />
            }
            breadcrumbs={
              page && page.under && page.under !== page.path ? (
                <BreadcrumbGroup
                  onFollow={follow}
                  items={[
                    { text: pages.find((p) => p.path === page.under)?.name ?? "", href: href(account, region, page.under) },
                    { text: page.path.endsWith("/:id") ? visible(route.rest[0]) : page.name, href: location.pathname },
                  ]}
                />
              ) : undefined
            }
            splitPanelOpen={panel !== null}
            onSplitPanelToggle={(e) => !e.detail.open && panel?.close()}
            splitPanel={
              panel ? (
                <SplitPanel header={panel.header} hidePreferencesButton i18nStrings={{ closeButtonAriaLabel: t.shell.closeTheDetails, openButtonAriaLabel: t.shell.openTheDetails, resizeHandleAriaLabel: t.shell.sizeOfTheDetails }}>
                  {panel.body}
                </SplitPanel>
              ) : undefined
            }
            contentType={page?.content ?? "table"}
            content={
              <Boundary at={place}>
                {slow > 0 && (
                  <Box padding={{ bottom: "m" }}>
                    <div role="status" className="bar">
                      <StatusIndicator type="loading">{t.shell.stillLoading}</StatusIndicator>
                      <Button variant="inline-link" onClick={stop}>{t.common.cancel}</Button>
                    </div>
                  </Box>
                )}
                {soon && (
                  <Box padding={{ bottom: "m" }}>
                    <Alert type="warning" action={<Button onClick={() => void reload().then(() => setSoon(""))}>{soon === "idle" ? t.shell.staySignedIn : t.shell.understood}</Button>}>
                      {soon === "idle" ? t.shell.youAreSignedOutInLess : t.shell.theSessionEndsInLessThan}
                    </Alert>
                  </Box>
                )}
                <Suspense fallback={<Spinner size="large" />}>
                  {!session.regions?.includes(region) ? (
                    <Alert type="error" header={fill(t.shell.thereIsNoRegionRegion, { region: visible(region) })}>{t.shell.chooseAnotherOneAbove}</Alert>
                  ) : missing.length ? (
                    <Alert type="info" header={t.common.notBuiltYet}>{fill(t.shell.thisServerDoesNotDoMissing, { missing: missing.join(", ") })}</Alert>
                  ) : Body ? (
                    <Body key={identity!.id + "/" + account + "/" + region + "/" + place} id={route.rest[0] ?? ""} />
                  ) : (
                    <Alert type="warning" header={t.shell.thereIsNoSuchPage}>{visible(location.pathname)}</Alert>
                  )}
                </Suspense>
              </Boundary>
            }
          />
        </DeskContext.Provider>
      )}
      {!desk && (
        <main className="signin">
          <Alert type="info" header={fill(t.shell.thisPageIsOfAccountAccount, { account })}>
            <SpaceBetween size="m">
              <span>{fill(t.shell.youAreSignedInAsArn, { arn: visible(session.identities[0]!.arn), account })}</span>
              <SpaceBetween direction="horizontal" size="xs">
                <Button onClick={() => navigate(href(session.identities[0]!.account, region, home))}>{fill(t.shell.goToAccount, { account: session.identities[0]!.account })}</Button>
                <Button onClick={() => setDialog("role")}>{t.common.switchRole}</Button>
              </SpaceBetween>
              <SignInForm
                session={session}
                account={account}
                done={(s) => {
                  localStorage.setItem("magpie.signed", String(Date.now()));
                  chooseIdentity("0");
                  setSession(s);
                }}
              />
            </SpaceBetween>
          </Alert>
        </main>
      )}
      <RolesDialog open={dialog === "role"} close={() => setDialog("")} account={account} region={region} roles={roles} done={async (id, to) => { chooseIdentity(id); await reload(); navigate(href(to, region, home)); }} />
      <SessionsDialog open={dialog === "sessions"} close={() => setDialog("")} />
      {ended && (
        <Modal visible header={t.shell.theSessionHasEnded} closeAriaLabel={t.common.close} onDismiss={() => location.reload()}>
          <SpaceBetween size="m">
            <Box>{t.shell.signInAgainWhatYouHave}</Box>
            <SignInForm
              session={session}
              account={session.identities[0]?.account}
              elsewhere
              done={(s) => {
                if (s.identities[0]!.account !== session.identities[0]!.account) {
                  location.assign("/console/");
                  return;
                }
                localStorage.setItem("magpie.signed", String(Date.now()));
                chooseIdentity("0");
                setSession(s);
                const waiting = ended;
                setEnded(null);
                for (const w of waiting) w.go();
              }}
            />
          </SpaceBetween>
        </Modal>
      )}
    </>
  );
}

