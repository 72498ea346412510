import { expect, test } from "vitest";
import { operations } from "../api/macie2.gen";
import { target } from "../api/call";
import { t } from "../text";
import { browser, bytes, counted, csv, relationship, visible, words } from "../text/format";

test("texts of others cannot play tricks", () => {
  expect(visible("a\u202eb\u0000c\ud83d\ude00")).toBe("a⟨U+202E⟩b⟨U+0000⟩c\ud83d\ude00");
  expect(visible("\u2028\u00ad\u3164\u{e0041}\ud800\ufffc\u2764\ufe0f")).toBe("⟨U+2028⟩⟨U+00AD⟩⟨U+3164⟩⟨U+E0041⟩⟨U+D800⟩\ufffc\u2764\ufe0f");
  expect(visible(undefined)).toBe("");
});

test("a spreadsheet takes nothing for a formula", () => {
  expect(csv([["=1+1", "+1", "-1", "@x", "\tx", 'a"b', "a,b", "a"]])).toBe("'=1+1,'+1,'-1,'@x,\"'\tx\",\"a\"\"b\",\"a,b\",a\r\n");
  expect(csv([[" =1", "\uff1d1", "a;=1", "a\t @x", "a\n-1", "a;b"]])).toBe("' =1,'\uff1d1,\"a;'=1\",\"a\t' @x\",\"a\n'-1\",\"a;b\"\r\n");
});

test("numbers and words", () => {
  expect(bytes(0)).toBe("0 B");
  expect(bytes(1536)).toBe("1.50 KiB");
  expect(bytes(undefined)).toBe("–");
  expect(counted(1, t.common.countMatches)).toBe("1 match");
  expect(counted(1000, t.common.countMatches)).toBe("1,000 matches");
  expect(words("ACCESS_DENIED")).toBe("Access denied");
  expect(words("AWS_CREDENTIALS")).toBe("AWS credentials");
  expect(words("USA_PASSPORT_NUMBER")).toBe("USA passport number");
  expect(words("EmailVerificationFailed")).toBe("Email verification failed");
});

test("every status of a relationship has words", () => {
  const statuses = ["Enabled", "Paused", "Invited", "Created", "Removed", "Resigned", "EmailVerificationInProgress", "EmailVerificationFailed", "RegionDisabled", "AccountSuspended"];
  expect(Object.keys(relationship).sort()).toEqual(statuses.sort());
});

test("an operation's input goes to path, query and body", () => {
  expect(target("GetMember", { id: "1/2" })).toEqual({ method: "GET", path: "members/1%2F2", body: undefined });
  expect(target("ListMembers", { maxResults: 25, onlyAssociated: "false" })).toEqual({ method: "GET", path: "members?maxResults=25&onlyAssociated=false", body: undefined });
  expect(target("CreateInvitations", { accountIds: ["1"] })).toEqual({ method: "POST", path: "invitations", body: { accountIds: ["1"] } });
  expect(target("UntagResource", { resourceArn: "arn:x", tagKeys: ["a", "b"] })).toEqual({ method: "DELETE", path: "tags/arn%3Ax?tagKeys=a&tagKeys=b", body: undefined });
  for (const [name, [, uri]] of Object.entries(operations)) expect(target(name as keyof typeof operations, { id: "x", jobId: "x", findingId: "x", resourceArn: "x" }).path, uri).not.toMatch(/[{}]/);
});

test("a browser is told by its name", () => {
  const of = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
  expect(browser(of)).toBe("Chrome 156, Linux");
  expect(browser(of.replace("X11; Linux x86_64", "Windows NT 10.0; Win64; x64") + " Edg/140.0")).toBe("Edge 140, Windows");
  expect(browser("Mozilla/5.0 (Linux; Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0")).toBe("Firefox 130, Android");
  expect(browser("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15")).toBe("Safari 17, Mac OS X");
  expect(browser("curl\u202e/8 " + "x".repeat(100))).toBe("curl\u27e8U+202E\u27e9/8 " + "x".repeat(52) + "…");
});
