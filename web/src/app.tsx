// Who is signed in decides what is shown: the form to sign in, a link's question, or the shell with the page.
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import { I18nProvider } from "@cloudscape-design/components/i18n";
import enMessages from "@cloudscape-design/components/i18n/messages/all.en";
import Spinner from "@cloudscape-design/components/spinner";
import { lazy, type ReactNode, Suspense, useCallback, useEffect, useState } from "react";
import { home } from "./home";
import { href, navigate, useRoute } from "./route";
import { chooseIdentity, getSession, type Session, usualRegion } from "./session";
import { LinkPage, ProviderPage, type Returned, SignInPage, whereFrom } from "./signin";
import { visible } from "./text/format";
import { t } from "./text";

const Shell = lazy(() => import("./shell"));

/** What a link's address holds after its #, taken out of the address at once. */
function tokenOfAddress(): { token: string; region: string } {
  const q = new URLSearchParams(location.hash.slice(1));
  const found = { token: q.get("token") ?? "", region: q.get("region") ?? "" };
  if (found.token) history.replaceState(null, "", location.pathname + location.search);
  return found;
}

/** What the identity provider sent the browser back with, taken out of the address at once. */
function returnOfAddress(): Returned | undefined {
  if (location.pathname !== "/console/oidc") return undefined;
  const q = new URLSearchParams(location.search);
  history.replaceState(null, "", "/console/");
  const wrong = q.get("error") ?? (q.get("code") ? "" : t.app.itSentNoCode);
  return { code: q.get("code") ?? "", state: q.get("state") ?? "", error: wrong && (q.get("error_description") || wrong).slice(0, 300) };
}

export function Console() {
  const [returned, setReturned] = useState(returnOfAddress);
  const [link, setLink] = useState(tokenOfAddress);
  const [session, setSession] = useState<Session>();
  const [failed, setFailed] = useState("");
  const load = useCallback(async (background = false) => {
    try {
      setSession(await getSession(background));
      setFailed("");
    } catch (e) {
      if (!background) setFailed((e as Error).message);
    }
  }, []);
  useEffect(() => {
    void load();
    const other = (e: StorageEvent) => e.key === "magpie.signed" && void load();
    addEventListener("storage", other);
    return () => removeEventListener("storage", other);
  }, [load]);
  const done = (s: Session) => {
    localStorage.setItem("magpie.signed", String(Date.now())); // other tabs look again
    setSession(s);
    if (returned) {
      const first = s.identities[0]!;
      const from = whereFrom();
      setReturned(undefined);
      chooseIdentity("0");
      navigate(from.startsWith("/console/" + first.account + "/") ? from : href(first.account, usualRegion(s), home), true);
    }
    if (link.token) {
      const first = s.identities[0]!;
      setLink({ token: "", region: "" });
      chooseIdentity("0");
      navigate(href(first.account, link.region || usualRegion(s), home), true);
    }
  };
  let content: ReactNode;
  if (failed && !session)
    content = (
      <main className="signin">
        <Alert type="error" header={t.common.theServerCannotBeReached} action={<Button onClick={() => void load()}>{t.common.tryAgain}</Button>}>
          {visible(failed)}
        </Alert>
      </main>
    );
  else if (!session)
    content = (
      <main className="signin"><Spinner />{t.common.loading}</main>
    );
  else if (returned) content = <ProviderPage returned={returned} done={done} leave={() => { setReturned(undefined); navigate(whereFrom() || "/console/", true); }} />;
  else if (link.token) content = <LinkPage token={link.token} session={session} done={done} leave={() => setLink({ token: "", region: "" })} />;
  else if (!session.identities.length) content = <SignedOut session={session} done={done} />;
  else content = (
      <Suspense fallback={<main className="signin"><Spinner />{t.common.loading}</main>}>
        <Shell session={session} setSession={setSession} reload={load} />
      </Suspense>
    );
  return (
    <I18nProvider locale="en" messages={[enMessages]}>
      {content}
    </I18nProvider>
  );
}

function SignedOut({ session, done }: { session: Session; done: (s: Session) => void }) {
  const route = useRoute();
  return <SignInPage session={session} done={done} account={route.account || undefined} />;
}

