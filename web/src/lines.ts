// Accounts as people have them: CSV with a heading or without, lines with a comma, a semicolon, a tab or spaces between.
import { fill, t } from "./text";

export interface Line {
  n: number; // in the text
  account: string;
  email: string;
  fault: string; // "" if there is none
}

/** The cells of a line of CSV. */
function cells(line: string): string[] {
  const out: string[] = [];
  let cell = "", quoted = false;
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (quoted) {
      if (c === '"' && line[i + 1] === '"') {
        cell += '"';
        i++;
      } else if (c === '"') quoted = false;
      else cell += c;
    } else if (c === '"' && cell.trim() === "") {
      quoted = true;
      cell = "";
    } else if (c === "," || c === ";" || c === "\t") {
      out.push(cell.trim());
      cell = "";
    } else cell += c;
  }
  out.push(cell.trim());
  return out.length === 1 ? out[0]!.split(/\s+/) : out;
}

/** Reads lines and says of each what is wrong with it. known are accounts that are in the list already, self is whose list it is. */
export function readLines(text: string, known: Set<string>, self: string): Line[] {
  const lines: Line[] = [];
  const seen = new Map<string, number>();
  let account = 0, email = 1;
  text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/).forEach((raw, i) => {
    if (raw.trim() === "" || raw.trim().startsWith("#")) return;
    const row = cells(raw);
    const heading = row.map((c) => c.toLowerCase().replace(/[^a-z]/g, ""));
    if (!lines.length && !/\d{12}/.test(raw.replace(/-/g, "")) && heading.some((h) => h.includes("account") || h.includes("email"))) {
      email = Math.max(0, heading.findIndex((h) => h.includes("email")));
      const found = heading.findIndex((h, at) => at !== email && (h.includes("account") || h === "id"));
      account = found >= 0 ? found : email === 0 ? 1 : 0;
      return;
    }
    const id = (row[account] ?? "").replace(/^'/, "").replace(/[- ]/g, "");
    const address = row[email] ?? "";
    let fault = "";
    if (!/^\d{12}$/.test(id)) fault = /^\d+(\.\d+)?e\+\d+$/i.test(id) ? t.lines.aSpreadsheetHasRoundedTheAccount : fill(t.lines.theAccountIdMustHave12, { id: (/^\d{9,11}$/.test(id) ? t.lines.leadingZerosMayBeMissing : ".") });
    else if (id === self) fault = t.lines.thisIsYourOwnAccount;
    else if (!/^[^\s@]+@[^\s@]+$/.test(address) || address.length > 254) fault = address ? t.lines.thisIsNoEmailAddress : t.lines.theEmailAddressIsMissing;
    else if (seen.has(id)) fault = fill(t.lines.theAccountIsInLineId, { id: seen.get(id) });
    else if (known.has(id)) fault = t.lines.theAccountIsInYourList;
    if (/^\d{12}$/.test(id) && !seen.has(id)) seen.set(id, i + 1);
    lines.push({ n: i + 1, account: id, email: address, fault });
  });
  return lines;
}
