// Who is signed in, and as whom the page at hand calls.
import { createContext, type ReactNode, useContext } from "react";
import { Caller, plain } from "./api/call";
import type { FlashbarProps } from "@cloudscape-design/components/flashbar";

export interface Identity {
  id: string;
  arn: string;
  account: string;
  name?: string;
  roleArn?: string;
  expires?: string;
}

export interface Session {
  identities: Identity[];
  expires?: string;
  idleUntil?: string;
  dev: boolean;
  accounts?: Identity[];
  signIn: string[];
  provider?: string; // the name of where people sign in who have no key
  regions?: string[];
  unbuilt?: string[];
}

export const getSession = (background = false) => plain<Session>("GET", "session", undefined, { background });

/** Details of a row, below the table. */
export interface Panel {
  header: string;
  body: ReactNode;
  close: () => void;
}

/** What every page has at hand. */
export interface Desk {
  session: Session;
  identity: Identity;
  caller: Caller;
  account: string;
  region: string;
  built(...operations: string[]): boolean;
  link(page: string, ...rest: string[]): string;
  linkIn(region: string, page: string, ...rest: string[]): string;
  flash(message: Omit<FlashbarProps.MessageDefinition, "id" | "onDismiss">): void;
  during<R>(what: string, work: (said: (n: number) => void) => Promise<R>): Promise<R | undefined>; // says how far it has come
  title(text: string): void;
  panel(panel: Panel | null): void; // below the page
  badge(): void; // counts unanswered invitations anew
}

export const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const d = useContext(DeskContext);
  if (!d) throw new Error("no desk");
  return d;
}

const remembered = "magpie.identity";

/** The identity that a tab uses for an account: the one it chose last, else whom one signed in as, else a role there. */
export function identityFor(s: Session, account: string): Identity | undefined {
  const chosen = sessionStorage.getItem(remembered);
  const own = s.identities.filter((i) => i.account === account);
  return own.find((i) => i.id === chosen) ?? own[0];
}

export function chooseIdentity(id: string) {
  sessionStorage.setItem(remembered, id);
}

const lastRegion = "magpie.region";
export const rememberRegion = (region: string) => localStorage.setItem(lastRegion, region);
export const usualRegion = (s: Session) => {
  const last = localStorage.getItem(lastRegion);
  const all = s.regions ?? [];
  return last && all.includes(last) ? last : all.includes("us-east-1") ? "us-east-1" : (all[0] ?? "us-east-1");
};
