// Signing in: by an access key pair, by a link from the terminal, or with one click in development.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { CallError, plain } from "./api/call";
import type { Identity, Session } from "./session";
import { visible } from "./text/format";
import { fill, rich, t } from "./text";

interface Props {
  session: Session | undefined;
  done: (s: Session) => void;
  title?: ReactNode;
  account?: string; // that one has to be, to go on
  elsewhere?: boolean; // the provider opens in another tab: what is typed on this page stays
}

const cameFrom = "magpie.return";

/** Goes to the identity provider, and notes where to come back to. */
async function goToProvider(elsewhere: boolean) {
  const tab = elsewhere ? window.open("", "_blank") : null; // while it is the click that opens it
  try {
    const { url } = await plain<{ url: string }>("POST", "provider", {});
    if (!/^https?:\/\//.test(url)) throw new Error(t.signin.theServerGaveAnAddressThat);
    if (tab) tab.location.href = url;
    else {
      sessionStorage.setItem(cameFrom, location.pathname + location.search);
      location.assign(url);
    }
  } catch (e) {
    tab?.close();
    throw e;
  }
}

/** Where somebody was who went to the provider; only a page of the console. */
export function whereFrom(): string {
  const path = sessionStorage.getItem(cameFrom) ?? "";
  sessionStorage.removeItem(cameFrom);
  return /^\/console\/\d{12}\//.test(path) ? path : "";
}

export function SignInForm({ session, done, account, elsewhere }: Props) {
  const [keyId, setKeyId] = useState("");
  const [secret, setSecret] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState("");
  const go = async (name: string, body: unknown) => {
    setBusy(name);
    setError("");
    try {
      done(await plain<Session>("POST", "session", body));
    } catch (e) {
      setError(e instanceof CallError ? e.message : t.common.theServerCannotBeReached2);
    } finally {
      setBusy("");
      setSecret("");
    }
  };
  const byProvider = async () => {
    setBusy("provider");
    setError("");
    try {
      await goToProvider(!!elsewhere);
      if (elsewhere) setBusy("");
    } catch (e) {
      setError(e instanceof Error ? e.message : String(e));
      setBusy("");
    }
  };
  const provider = session?.signIn.includes("oidc") ? visible(session.provider ?? "") : "";
  const accounts = session?.accounts ?? [];
  const offered = account && !accounts.some((a) => a.account === account) ? [{ id: "", arn: "", account } as Identity, ...accounts] : accounts;
  return (
    <SpaceBetween size="l">
      {provider && (
        <SpaceBetween size="xs">
          {error && <Alert type="error">{visible(error)}</Alert>}
          <Button variant="primary" fullWidth loading={busy === "provider"} onClick={() => void byProvider()} iconName={elsewhere ? "external" : undefined} iconAlign="right" ariaLabel={elsewhere ? fill(t.signin.signInWithProviderOpensA, { provider }) : undefined}>{fill(t.signin.signInWithProvider, { provider })}</Button>
          <Box textAlign="center" color="text-body-secondary">{t.signin.orWithAnAccessKey}</Box>
        </SpaceBetween>
      )}
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (!busy) void go("key", { accessKeyId: keyId.trim(), secretAccessKey: secret || (session?.dev ? "dev" : "") });
        }}
      >
        <Form
          actions={
            <Button variant={provider ? "normal" : "primary"} formAction="submit" loading={busy === "key"}>{t.signin.signIn}</Button>
          }
        >
          <SpaceBetween size="m">
            {error && !provider && <Alert type="error">{visible(error)}</Alert>}
            <FormField label={t.signin.accessKeyId} description={session?.dev ? t.signin.withDevAnAccountIdOf : undefined}>
              <Input value={keyId} onChange={(e) => setKeyId(e.detail.value)} name="username" autoComplete="username" spellcheck={false} autoFocus={!provider} />
            </FormField>
            <FormField label={t.signin.secretAccessKey} description={session?.dev ? t.signin.withDevAnySecretWillDo : undefined}>
              <Input value={secret} onChange={(e) => setSecret(e.detail.value)} type="password" name="password" autoComplete="current-password" />
            </FormField>
          </SpaceBetween>
        </Form>
      </form>
      {session?.dev && (
        <div>
          <Box variant="awsui-key-label">{t.signin.developmentSignInWithOneClick}</Box>
          <SpaceBetween direction="horizontal" size="xs">
            {offered.map((a) => (
              <Button key={a.account} loading={busy === a.account} onClick={() => void go(a.account, { accessKeyId: a.account, secretAccessKey: "dev" })}>
                {a.account + (a.name ? " " + visible(a.name) : "")}
              </Button>
            ))}
          </SpaceBetween>
        </div>
      )}
      {!session?.dev && (
        <Box variant="small">{rich(t.signin.orLetATerminalDoIt, { code: <code>{t.signin.magpieConsole}</code> })}</Box>
      )}
    </SpaceBetween>
  );
}

export function SignInPage(p: Props) {
  useEffect(() => {
    document.title = t.signin.signInMagpie;
  }, []);
  return (
    <main className="signin">
      <SpaceBetween size="l">
        <Container header={<Header variant="h1">{p.title ?? t.signin.signInToMagpie}</Header>}>
          <SignInForm {...p} />
        </Container>
      </SpaceBetween>
    </main>
  );
}

/** A link's page: it says whom the link is, before it takes the place of who is signed in. */
export function LinkPage({ token, session, done, leave }: { token: string; session: Session | undefined; done: (s: Session) => void; leave: () => void }) {
  const [who, setWho] = useState<Identity>();
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const use = async () => {
    setBusy(true);
    try {
      done(await plain<Session>("POST", "session", { token }));
    } catch (e) {
      setError((e as Error).message);
    } finally {
      setBusy(false);
    }
  };
  useEffect(() => {
    document.title = t.signin.signInMagpie;
    plain<Identity>("POST", "session", { token, look: true }).then(setWho, (e: Error) => setError(e.message));
  }, [token]);
  return (
    <main className="signin">
      <Container header={<Header variant="h1">{t.signin.signInToMagpie}</Header>}>
        <SpaceBetween size="m">
          {error && <Alert type="error">{visible(error)}</Alert>}
          {who && !error && (
            <>
              <Box>{rich(t.signin.signInAsArnName, { arn: <b className="mono">{visible(who.arn)}</b>, name: who.name ? " (" + visible(who.name) + ")" : "" })}</Box>
              {session?.identities[0] && <Alert type="warning">{fill(t.signin.thisBrowserIsSignedInAs, { arn: visible(session.identities[0].arn) })}</Alert>}
              <Box variant="small">{t.signin.goOnOnlyIfYouMade}</Box>
            </>
          )}
          <SpaceBetween direction="horizontal" size="xs">
            {who && !error && (
              <Button variant="primary" loading={busy} onClick={() => void use()}>{t.signin.signIn}</Button>
            )}
            <Button onClick={leave}>{error ? t.signin.signInAnotherWay : t.common.cancel}</Button>
          </SpaceBetween>
        </SpaceBetween>
      </Container>
    </main>
  );
}

/** What an identity provider sends a browser back with. */
export interface Returned {
  code: string;
  state: string;
  error: string;
}

interface Offer {
  choice: string;
  roles: Array<{ arn: string; account: string; name: string; title?: string }>;
}

/** The page that the identity provider sends people back to. */
export function ProviderPage({ returned, done, leave }: { returned: Returned; done: (s: Session) => void; leave: () => void }) {
  const [offer, setOffer] = useState<Offer>();
  const [error, setError] = useState("");
  const [busy, setBusy] = useState("");
  const sent = useRef(false);
  const take = async (body: unknown) => {
    try {
      const got = await plain<Session & Offer>("POST", "provider/return", body);
      if (got.choice) setOffer(got);
      else done(got);
    } catch (e) {
      setOffer(undefined);
      setError((e as Error).message);
    } finally {
      setBusy("");
    }
  };
  useEffect(() => {
    document.title = t.signin.signInMagpie;
    if (sent.current) return; // a code is good once
    sent.current = true;
    if (returned.error) setError(fill(t.signin.theIdentityProviderDidNotSign, { error: returned.error }));
    else void take({ code: returned.code, state: returned.state });
  });
  return (
    <main className="signin">
      <Container header={<Header variant="h1">{offer ? t.signin.chooseARole : t.signin.signInToMagpie}</Header>}>
        <SpaceBetween size="m">
          {error && <Alert type="error">{visible(error)}</Alert>}
          {!error && !offer && <StatusIndicator type="loading">{t.signin.signingIn}</StatusIndicator>}
          {offer && <Box>{t.signin.theseRolesTrustYouWhatYou}</Box>}
          {offer?.roles.map((r) => (
            <Button key={r.arn} fullWidth loading={busy === r.arn} disabled={busy !== ""} onClick={() => { setBusy(r.arn); void take({ choice: offer.choice, role: r.arn }); }}>
              {fill(t.signin.nameInAccountTitle, { name: visible(r.name), account: r.account, title: (r.title ? " (" + visible(r.title) + ")" : "") })}
            </Button>
          ))}
          {(error || offer) && <Button variant={offer ? "link" : "primary"} onClick={leave}>{offer ? t.common.cancel : t.signin.backToSignIn}</Button>}
        </SpaceBetween>
      </Container>
    </main>
  );
}
