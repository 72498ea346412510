// How numbers, times, bytes and texts of others are shown.
import { fill, type Forms, t } from "./index";

// Characters without a shape: controls, formats, separators of lines, halves of pairs, of private use, and letters and marks that only fill.
// What chooses between two shapes of an emoji is none of them.
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]|(?![\ufe0e\ufe0f])\p{Default_Ignorable_Code_Point}/gu;

/** Text that somebody else wrote: control and direction characters are shown as marks, so that nothing reads as what it is not. */
export function visible(text: string | undefined): string {
  return (text ?? "").replace(unseen, (c) => "\u27e8U+" + c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0") + "\u27e9");
}

let utc = false;
export function useUTC(on: boolean) {
  utc = on;
}

const two = (n: number) => String(n).padStart(2, "0");

/** The zone that times are shown in, as UTC+01:00. */
export function zone(d = new Date()): string {
  const offset = utc ? 0 : -d.getTimezoneOffset();
  return "UTC" + (offset === 0 ? "" : (offset < 0 ? "-" : "+") + two(Math.floor(Math.abs(offset) / 60)) + ":" + two(Math.abs(offset) % 60));
}

/** A time in the browser's zone, or in UTC, without its zone: for where that stands elsewhere. */
export function short(iso: string | undefined): string {
  if (!iso) return "–";
  const d = new Date(iso);
  if (Number.isNaN(d.getTime())) return visible(iso);
  if (utc) return d.toISOString().slice(0, 19).replace("T", " ");
  return d.getFullYear() + "-" + two(d.getMonth() + 1) + "-" + two(d.getDate()) + " " + two(d.getHours()) + ":" + two(d.getMinutes()) + ":" + two(d.getSeconds());
}

/** An absolute time with its zone. */
export const time = (iso: string | undefined) => (iso && !Number.isNaN(Date.parse(iso)) ? short(iso) + " " + zone(new Date(iso)) : short(iso));

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
export function ago(iso: string | undefined, now = Date.now()): string {
  if (!iso) return "";
  const seconds = Math.round((new Date(iso).getTime() - now) / 1000);
  const steps: Array<[number, Intl.RelativeTimeFormatUnit]> = [[60, "second"], [60, "minute"], [24, "hour"], [30, "day"], [12, "month"], [Infinity, "year"]];
  let value = seconds;
  for (const [size, unit] of steps) {
    if (Math.abs(value) < size) return relative.format(Math.round(value), unit);
    value /= size;
  }
  return "";
}

const number = new Intl.NumberFormat("en");
export const count = (n: number | undefined) => (n === undefined ? "–" : number.format(n));

export function bytes(n: number | undefined): string {
  if (n === undefined) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let i = 0;
  while (n >= 1024 && i < units.length - 1) {
    n /= 1024;
    i++;
  }
  return (i === 0 ? number.format(n) : n.toFixed(n < 10 ? 2 : 1)) + " " + units[i];
}

const plural = new Intl.PluralRules("en");
/** 1 match, 2 matches: a number with the form of a text that it takes. */
export function counted(n: number, forms: Forms): string {
  return fill(plural.select(n) === "one" ? forms.one : forms.other, { n: number.format(n) });
}

const acronyms = /\b(aws|kms|s3|sql|ssh|pgp|jwt|http|api|ip|id|usa|uk|vin|npi|dea|iban|arn|acl)\b/g;

/** Words of an enumeration: ACCESS_DENIED is Access denied. */
export function words(value: string | undefined): string {
  if (!value) return "–";
  if (value === "TRUE") return t.common.yes;
  if (value === "FALSE") return t.common.no;
  const spaced = value.includes("_") || /^[A-Z0-9]+$/.test(value) ? value.replaceAll("_", " ").toLowerCase() : value.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  const told = spaced.replace(acronyms, (a) => a.toUpperCase());
  return told.charAt(0).toUpperCase() + told.slice(1);
}

/** The types of a finding in a few words. */
export const typeWords = (type: string | undefined) => visible((type ?? "").replace(/^SensitiveData:S3Object\//, t.format.data).replace(/^Policy:IAMUser\/S3Bucket/, t.format.policy));

/** The statuses of a relationship, as people say them. */
export const relationship: Record<string, { text: string; type: "success" | "warning" | "error" | "info" | "pending" | "stopped" | "in-progress"; next: string }> = {
  Created: { text: t.format.createdNotInvited, type: "pending", next: t.format.inviteIt },
  EmailVerificationInProgress: { text: t.format.emailVerificationInProgress, type: "in-progress", next: t.format.waitItTakesSeconds },
  EmailVerificationFailed: { text: t.format.emailVerificationFailed, type: "error", next: t.format.correctTheAddressAndInviteAgain },
  Invited: { text: t.common.invited, type: "info", next: t.format.theAccountHasToAcceptAsk },
  Enabled: { text: t.common.enabled, type: "success", next: "" },
  Paused: { text: t.format.pausedSuspended, type: "stopped", next: t.format.theAccountCanResumeMacieItself },
  Resigned: { text: t.format.memberResigned, type: "warning", next: t.format.itLeftInviteItAgainTo },
  Removed: { text: t.format.removedDisassociated, type: "stopped", next: t.format.youRemovedItInviteItAgain },
  AccountSuspended: { text: t.format.accountSuspended, type: "stopped", next: t.format.theAccountItselfIsSuspendedAsk },
  RegionDisabled: { text: t.format.regionDisabled, type: "stopped", next: t.format.theAccountHasSwitchedThisRegion },
};

/** A browser by what it says of itself: its name and version and what it runs on, or its own words where they are others. */
export function browser(agent: string): string {
  const own = /(Firefox|Edg|OPR|Chrome|Version)\/(\d+)/.exec(agent.replace(/Chrome(?=.*(Edg|OPR)\/)/, ""));
  if (!own) return visible(agent.length > 60 ? agent.slice(0, 60) + "…" : agent) || "–";
  const names: { [token: string]: string } = { Edg: t.format.edge, OPR: t.format.opera, Version: t.format.safari };
  const system = /Windows|Android|iPhone|iPad|Mac OS X|Linux/.exec(agent.replace(/Linux(?=.*Android)/, ""));
  return (names[own[1]!] ?? own[1]!) + " " + own[2]! + (system ? ", " + system[0] : "");
}

/** A value for a spreadsheet: what would be taken for a formula is made text, also behind what ends a cell where commas do not. */
export function csvCell(value: string): string {
  const inside = value.replace(/([;\t\r\n])([ \u00a0\u3000]*[=+\-@\uff1d\uff0b\uff0d\uff20])/g, "$1'$2");
  const safe = /^(?:[\t\r\n]|[ \u00a0\u3000]*[=+\-@\uff1d\uff0b\uff0d\uff20])/.test(inside) ? "'" + inside : inside;
  return /[",;\t\r\n]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
}

export function csv(rows: string[][]): string {
  return rows.map((r) => r.map(csvCell).join(",")).join("\r\n") + "\r\n";
}

export function save(name: string, kind: string, text: string) {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(new Blob([text], { type: kind }));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
}
