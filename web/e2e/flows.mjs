// What people do in the console. Each has accounts of its own, so that none depends on another.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { spending } from "./budget.mjs";
import { issuer } from "./issuer.mjs";
import { serve } from "./lib.mjs";

const R = "us-east-1";

// Turns what follows round, is not seen, and is longer in bytes and in UTF-16 than in characters.
const odd = "\u202e\u200b\u00ad\u3164", faces = "\u{1f600}";
const oddShown = "\u27e8U+202E\u27e9\u27e8U+200B\u27e9\u27e8U+00AD\u27e9\u27e8U+3164\u27e9";

/** Waits until something holds, without a clock of its own: the server's answers are what it waits for. */
async function until(what, fn) {
  const end = Date.now() + 120_000;
  for (;;) {
    const found = await fn();
    if (found) return found;
    if (Date.now() > end) throw new Error("waited in vain for " + what);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** In the narrowest window, what is wide scrolls in its own place. */
async function narrow(t, page, path) {
  await page.setViewportSize({ width: 320, height: 900 });
  await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth); // the page finds out by and by how wide it is
  await t.shot(page, path.replace(/\W/g, "-") + "-narrow");
  await page.setViewportSize({ width: 1280, height: 900 });
}

const none = (faults) => assert.deepEqual(faults, []);

/** Wrong pairs are told in words, Enter submits, and signing out ends it in every tab. */
export async function signingIn(t) {
  const { page, context, faults } = await t.visitor();
  await page.goto(t.url + "/console/");
  await page.getByRole("heading", { level: 1, name: "Sign in to Magpie" }).waitFor();
  await t.axe(page, "sign in");
  await t.shot(page, "sign-in");
  await page.getByLabel("Access key ID").fill("100000000001");
  await page.getByLabel("Secret access key").fill("any");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Account 100000000001" }).waitFor();
  const cookies = await context.cookies();
  assert.equal(cookies.length, 1);
  assert.equal(cookies[0].httpOnly && cookies[0].sameSite, "Strict");
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.ok(!stored.includes(cookies[0].value) && !stored.includes('"any"'), stored);
  const other = await context.newPage();
  await other.goto(page.url());
  await other.getByRole("button", { name: "Account 100000000001" }).waitFor();
  await page.bringToFront(); // the other tab covers it, and what is covered is not drawn: a click would wait for it
  await page.getByRole("button", { name: "Account 100000000001" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in to Magpie" }).waitFor();
  await other.getByRole("heading", { name: "Sign in to Magpie" }).waitFor();
  none(faults);
}

/** At the identity provider: one role signs in at once, several are a choice; the page that one wanted is there afterwards. */
export async function identityProvider(t) {
  const people = await issuer("magpie");
  const server = await serve(t.program, "--oidc-issuer", people.url, "--oidc-client-id", "magpie");
  try {
    const trust = join(t.folder(), "trust.json");
    const role = (account, name, group) => {
      const condition = { "ForAnyValue:StringEquals": { [people.url.replace("http://", "") + ":groups"]: group } };
      writeFileSync(trust, JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Allow", Action: "sts:AssumeRoleWithWebIdentity", Principal: { Federated: people.url }, Condition: condition } }));
      t.magpieIn(server.folder, "role", "create", account, name, "--trust", trust);
    };
    for (const account of ["100000000021", "100000000022"]) t.magpieIn(server.folder, "account", "create", account, "--email", account + "@example.com");
    role("100000000021", "Analyst", "security");
    role("100000000022", "Operator", "operators");
    people.person = { sub: "anna", groups: ["security"] };
    const { page, context, faults } = await t.visitor();
    await page.goto(server.url + "/console/100000000021/" + R + "/settings?x=1");
    await page.getByRole("button", { name: /^Sign in with 127/ }).waitFor();
    await t.axe(page, "sign in, with a provider");
    await t.shot(page, "sign-in-provider");
    await page.getByRole("button", { name: /^Sign in with 127/ }).click();
    await page.getByRole("link", { name: "Continue" }).click();
    await page.getByRole("button", { name: "Account 100000000021" }).waitFor();
    assert.match(page.url(), /\/console\/100000000021\/us-east-1\/settings\?x=1$/);
    assert.deepEqual((await context.cookies()).filter((c) => c.name.includes("magpie")).map((c) => c.name.replace(/-[0-9a-f]{16}-\d+$/, "") + " " + c.sameSite + " " + c.httpOnly), ["magpie Strict true"]);
    assert.ok(!(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).includes("eyJ"));
    people.person = { sub: "bob", groups: ["security", "operators"] };
    const second = await t.visitor();
    await second.page.goto(server.url + "/console/");
    await second.page.getByRole("button", { name: /^Sign in with 127/ }).click();
    await second.page.getByRole("link", { name: "Continue" }).click();
    await second.page.getByRole("heading", { level: 1, name: "Choose a role" }).waitFor();
    await t.axe(second.page, "choose a role");
    await t.shot(second.page, "choose-a-role");
    await second.page.getByRole("button", { name: "Operator in 100000000022" }).click();
    await second.page.getByRole("button", { name: "Account 100000000022" }).waitFor();
    people.person = { sub: "carl" };
    const third = await t.visitor();
    await third.page.goto(server.url + "/console/");
    await third.page.getByRole("button", { name: /^Sign in with 127/ }).click();
    await third.page.getByRole("link", { name: "Continue" }).click();
    await third.page.getByText("No role here trusts you").waitFor();
    await t.shot(third.page, "no-role");
    await third.page.getByRole("button", { name: "Back to sign in" }).click();
    await third.page.getByLabel("Access key ID").waitFor();
    await third.page.goto(server.url + "/console/oidc?error=access_denied&error_description=%3Cimg%20src%3Dx%3E%E2%80%AE");
    await third.page.getByText("did not sign you in: <img src=x>").waitFor();
    for (const v of [{ faults }, second, third]) none(v.faults.filter((f) => !f.startsWith("request elsewhere: " + server.url) && !f.startsWith("request elsewhere: " + people.url)));
  } finally {
    await server.stop();
    await people.stop();
  }
}

/** The whole invitation: the mail's link, signing in, enabling Macie, reading it, accepting; then both sides, and leaving. */
export async function invitationByLink(t) {
  const admin = "100000000011", member = "100000000012";
  const a = await t.client(admin);
  await a.call(R, "POST", "/macie", {});
  await a.call(R, "POST", "/members", { account: { accountId: member, email: "team@example.com" } });
  await a.call(R, "POST", "/invitations", { accountIds: [member], message: "Please join: ask Anna <b>first</b>" });
  const link = await until("the mail", () => {
    for (const text of t.mail()) {
      const found = new RegExp("http://[^\\s\"<]*/console/" + member + "/" + R + "/invitations/[0-9a-f]+").exec(text.replace(/=\r?\n/g, ""));
      if (found) return found[0];
    }
  });
  const { page, faults } = await t.visitor();
  await page.goto(link);
  await page.getByLabel("Access key ID").fill(member);
  await page.getByLabel("Secret access key").fill("dev");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("button", { name: "Enable Macie" }).click();
  await page.getByRole("heading", { name: "Invitation from " + admin }).waitFor();
  assert.ok((await page.getByRole("main").textContent()).includes("Please join: ask Anna <b>first</b>"));
  await t.axe(page, "invitation");
  await t.shot(page, "invitation");
  await page.getByRole("button", { name: "Accept", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Accept invitation from " + admin + "?" });
  await t.axe(page, "accept dialog");
  await dialog.getByRole("button", { name: "Accept invitation" }).click();
  await page.getByRole("button", { name: "Leave administrator" }).waitFor();
  await t.shot(page, "invitations");
  const members = (await a.call(R, "GET", "/members")).members;
  assert.equal(members[0].relationshipStatus, "Enabled");
  await page.getByRole("button", { name: "Leave administrator" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Leave administrator" }).click();
  await page.getByText("No account administers this one").waitFor();
  assert.equal((await a.call(R, "GET", "/members?onlyAssociated=false")).members[0].relationshipStatus, "Resigned");
  none(faults);
}

/** By keyboard alone, in the dark: sign in, find two invitations in the table, decline the one and accept the other. */
export async function answerByKeyboard(t) {
  const declined = "100000000021", accepted = "100000000023", member = "100000000022";
  const [a, b, m] = [await t.client(declined), await t.client(accepted), await t.client(member)];
  await m.call(R, "POST", "/macie", {});
  for (const admin of [a, b]) {
    await admin.call(R, "POST", "/macie", {});
    await admin.call(R, "POST", "/members", { account: { accountId: member, email: "team@example.com" } });
    await admin.call(R, "POST", "/invitations", { accountIds: [member] });
  }
  await until("the invitations", async () => (await m.call(R, "GET", "/invitations")).invitations.length === 2);
  const { page, faults } = await t.visitor({ colorScheme: "dark" });
  await page.goto(t.url + "/console/" + member + "/" + R + "/invitations");
  await page.getByRole("heading", { name: "Sign in to Magpie" }).waitFor();
  await page.keyboard.type(member); // the first field has the focus
  await page.keyboard.press("Tab");
  await page.keyboard.type("dev");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Decline invitation from " + declined }).waitFor();
  await t.axe(page, "invitations", { name: "invitations" });
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "");
  for (const [what, admin] of [["Decline", declined], ["Accept", accepted]]) {
    // Tab goes through the page; the table is one stop, with arrow keys inside.
    const inTable = () => page.evaluate(() => !!document.activeElement?.closest("table"));
    for (let i = 0; i < 60 && (i === 0 || !(await inTable())); i++) await page.keyboard.press("Tab");
    assert.ok(await inTable(), "Tab reaches the table");
    const name = what + " invitation from " + admin;
    await page.keyboard.press("Control+Home"); // wherever Tab came to
    for (let row = 0; row < 3 && (await focused()) !== name; row++) {
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Home");
      for (let i = 0; i < 12 && (await focused()) !== name; i++) await page.keyboard.press("ArrowRight");
    }
    assert.equal(await focused(), name);
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: name + "?" });
    await dialog.waitFor();
    for (let i = 0; i < 8 && (await focused()) !== what + " invitation"; i++) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("button", { name }).waitFor({ state: "detached" });
  }
  await until("the refusal", async () => (await a.call(R, "GET", "/members?onlyAssociated=false")).members.length === 0);
  assert.equal((await b.call(R, "GET", "/members")).members[0].relationshipStatus, "Enabled");
  none(faults);
}

/** An account is invited in two Regions at once; what was not done in one of them is tried again there. */
export async function inviteAcross(t) {
  const admin = "100000000025", member = "100000000026", other = "eu-west-1";
  const [a, m] = [await t.client(admin), await t.client(member)];
  await a.call(R, "POST", "/macie", {});
  for (const region of [R, other]) await m.call(region, "POST", "/macie", {});
  await a.call(R, "POST", "/members", { account: { accountId: member, email: "team@example.com" } });
  const { page, faults } = await t.visitor();
  await t.signIn(page, admin, admin + "/" + R + "/accounts");
  await page.getByRole("checkbox", { name: "Select " + member }).click();
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: /^Regions/ }).click();
  await page.getByRole("option", { name: other }).click();
  await page.keyboard.press("Escape");
  await t.axe(page, "invite");
  await t.shot(page, "invite");
  await dialog.getByRole("button", { name: "Send invitations" }).click();
  await dialog.getByRole("heading", { name: /1 done, 1 not/ }).waitFor();
  await dialog.getByRole("row").filter({ hasText: member }).getByText(other).waitFor();
  await t.axe(page, "some were not invited");
  await t.shot(page, "not-done");
  await a.call(other, "POST", "/macie", {});
  await dialog.getByRole("button", { name: "Try those again" }).click();
  for (const region of [R, other]) await until("the invitation in " + region, async () => (await m.call(region, "GET", "/invitations")).invitations.length === 1);
  await dialog.waitFor({ state: "detached" });
  none(faults);
}

/** Two tabs with two accounts; a page of an account that one is not says so. */
export async function roles(t) {
  const one = "100000000031", two = "100000000032";
  const { page, context, faults } = await t.visitor();
  await t.signIn(page, one);
  await page.getByRole("button", { name: "Account " + one }).click();
  await page.getByRole("menuitem", { name: "Switch role" }).click();
  await page.getByLabel("Account ID").fill(two);
  await page.getByLabel("Role name").fill("Operator");
  await t.axe(page, "switch role");
  await page.getByRole("dialog").getByRole("button", { name: "Switch role" }).click();
  await page.getByText("Operator in " + two).waitFor();
  await t.axe(page, "in a role");
  await t.shot(page, "role");
  const other = await context.newPage();
  await other.goto(t.url + "/console/" + one + "/" + R + "/invitations");
  await other.getByRole("button", { name: "Account " + one }).waitFor();
  await page.getByRole("button", { name: "Account " + two }).waitFor();
  await other.goto(t.url + "/console/100000000039/" + R + "/invitations");
  await other.getByText("This page is of account 100000000039").waitFor();
  await t.axe(other, "another account's page");
  await page.bringToFront();
  await page.getByRole("button", { name: "Return" }).click();
  await page.getByRole("button", { name: "Account " + one }).waitFor();
  none(faults);
}

/** 300 accounts of a CSV file with 5 bad lines are added and invited; the table, its filter and one account's page. */
export async function addAccounts(t) {
  const admin = "100000000041";
  const a = await t.client(admin);
  await a.call(R, "POST", "/macie", {});
  const lines = ["Account ID,Email"];
  for (let i = 0; i < 300; i++) lines.push("2000000" + String(i).padStart(5, "0") + ",team" + i + "@example.com");
  lines.push("123,short@example.com", "200000000007,again@example.com", admin + ",me@example.com", "200000009999,nobody", "2.00000E+11,x@example.com");
  const { page, faults } = await t.visitor();
  await t.signIn(page, admin, admin + "/" + R + "/accounts");
  await page.getByRole("heading", { level: 1, name: "Accounts" }).waitFor();
  await page.getByText("Add the accounts whose buckets").waitFor();
  await t.axe(page, "accounts, empty");
  await t.shot(page, "accounts-empty");
  await page.getByRole("button", { name: "Add accounts" }).first().click();
  await page.getByRole("heading", { level: 1, name: "Add accounts" }).waitFor();
  await page.locator("input[type=file]").setInputFiles({ name: "accounts.csv", mimeType: "text/csv", buffer: Buffer.from(lines.join("\n")) });
  await page.getByText("305 lines, 5 faults").waitFor();
  await t.axe(page, "add accounts");
  await t.shot(page, "add-accounts");
  await page.getByRole("button", { name: "Next", exact: true }).click();
  await page.getByText("5 lines are left out").waitFor();
  await t.axe(page, "add accounts, check");
  await t.shot(page, "add-accounts-check");
  await page.getByRole("button", { name: "Next", exact: true }).click();
  await page.getByRole("textbox", { name: "Message" }).fill("Welcome");
  await t.axe(page, "add accounts, message");
  await page.getByRole("button", { name: "Add and invite" }).click();
  await page.getByText("300 done, 0 not").first().waitFor({ timeout: 120_000 });
  await t.shot(page, "add-accounts-result");
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("heading", { level: 1, name: "Accounts" }).waitFor();
  await page.getByRole("checkbox", { name: "Select 200000000000" }).waitFor();
  await until("the invitations", async () => (await a.call(R, "GET", "/magpie/v1/members?status=Invited")).members.length === 300);
  await page.getByRole("button", { name: "Refresh accounts" }).click();
  await page.getByRole("link", { name: "300 Invited" }).waitFor();
  await t.axe(page, "accounts");
  await t.shot(page, "accounts");
  await page.getByRole("combobox", { name: "Find accounts" }).fill("team77@");
  await page.keyboard.press("Enter");
  await page.getByText("1 match").first().waitFor();
  assert.ok(page.url().includes("filter="));
  await page.getByRole("link", { name: "200000000077" }).click();
  await page.getByRole("heading", { level: 1, name: "Account 200000000077" }).waitFor();
  await page.getByRole("grid", { name: "History" }).getByText("Invited").first().waitFor();
  await t.axe(page, "account");
  await t.shot(page, "account");
  // With 300 accounts loaded and 25 shown: what the page holds.
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("HeapProfiler.enable");
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  assert.ok(usedSize <= 60 * 1024 * 1024, "the page holds " + usedSize + " bytes");
  const other = await t.client("200000000078");
  await other.call(R, "POST", "/macie", {});
  await other.call(R, "POST", "/invitations/decline", { accountIds: [admin] });
  await page.goBack();
  await page.getByText("1 match").first().waitFor();
  await page.getByRole("link", { name: "1 Declined lately" }).click();
  const refusal = page.getByRole("row").filter({ hasText: "200000000078" });
  await refusal.getByText("Not on the list").waitFor();
  await t.axe(page, "accounts, declined");
  await t.shot(page, "accounts-declined");
  none(faults);
}

/** An identifier is tried while it is typed, made, and duplicated; the session ends in the form, and the form stays. */
export async function identifiers(t) {
  const account = "100000000051";
  const a = await t.client(account);
  await a.call(R, "POST", "/macie", {});
  const { page, context, faults } = await t.visitor();
  await t.signIn(page, account, account + "/" + R + "/custom-data-identifiers");
  await page.getByRole("heading", { level: 1, name: "Custom data identifiers" }).waitFor();
  await page.getByRole("button", { name: "Create" }).first().click();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill('Customer <img src=x onerror="window.hit=1">' + odd + faces.repeat(80));
  await page.getByRole("textbox", { name: "Regular expression" }).fill("C-[0-9]{4}");
  await page.getByRole("textbox", { name: "Sample data" }).fill("C-1234, C-5678 and C-99");
  const status = page.getByRole("status", { name: "Matches" });
  await status.getByText("2 matches").waitFor();
  assert.equal(await page.locator("mark").count(), 2);
  await t.axe(page, "create identifier");
  await t.shot(page, "create-identifier");
  await page.getByRole("textbox", { name: "Keywords" }).fill("customer");
  await status.getByText("0 matches").waitFor();
  await page.getByRole("list", { name: "What does not count" }).getByText("C-1234: No keyword is within reach").waitFor();
  await t.axe(page, "what does not count");
  await t.shot(page, "identifier-misses");
  await page.getByRole("textbox", { name: "Sample data" }).fill("customer C-1234");
  await status.getByText("1 match").waitFor();
  await page.getByRole("textbox", { name: "Regular expression" }).fill("C-[0-9");
  await page.locator("[aria-invalid=true]").waitFor();
  await page.getByRole("textbox", { name: "Regular expression" }).fill("C-[0-9]{4}");
  await status.getByText("1 match").waitFor();
  await context.clearCookies();
  await page.getByRole("button", { name: "Create", exact: true }).click();
  const again = page.getByRole("dialog", { name: "The session has ended" });
  await again.getByLabel("Access key ID").fill(account);
  await again.getByLabel("Secret access key").fill("dev");
  await t.axe(page, "the session has ended");
  await t.shot(page, "session-ended");
  await again.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Custom data identifiers" }).waitFor();
  await page.getByRole("link", { name: 'Customer <img src=x onerror="window.hit=1">' + oddShown + faces.repeat(80) }).waitFor();
  await t.axe(page, "identifiers");
  await t.shot(page, "identifiers");
  await page.getByRole("link", { name: "Customer <img" }).press("Enter"); // its middle is where the column has ended
  await page.getByRole("button", { name: "Change tags" }).waitFor();
  await t.axe(page, "identifier", { name: "identifier", part: "main" });
  await narrow(t, page, "identifier");
  await page.getByRole("button", { name: "Duplicate" }).click();
  await page.waitForFunction(() => [...document.querySelectorAll("textarea")].some((e) => e.value === "C-[0-9]{4}"));
  assert.equal(await page.evaluate(() => window.hit), undefined);
  none(faults.filter((f) => !/401/.test(f)));
}

/** Allow lists, settings, activity and health: each with data, in light and dark. */
export async function smallPages(t) {
  const account = "100000000061";
  const a = await t.client(account);
  await a.call(R, "POST", "/macie", {});
  const { page, faults } = await t.visitor();
  await t.signIn(page, account, account + "/" + R + "/allow-lists/create");
  await page.getByRole("heading", { level: 1, name: "Create allow list" }).waitFor();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("Our numbers");
  await page.getByRole("textbox", { name: "Regular expression" }).last().fill("0800-[0-9]{3}");
  await t.axe(page, "create allow list");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("link", { name: "Our numbers" }).waitFor();
  for (const [path, loaded] of [["allow-lists", page.getByRole("link", { name: "Our numbers" })], ["settings", page.getByText("Suspend Macie").first()], ["activity", page.getByText("CreateAllowList").first()], ["health", page.getByText("Ready").first()]]) {
    await t.follow(page, account + "/" + R + "/" + path);
    await loaded.waitFor();
    await t.axe(page, path, { name: path });
    await narrow(t, page, path);
  }
  // Tags are given, changed and taken away; what the server refuses is said where it was typed.
  await t.follow(page, account + "/" + R + "/settings");
  await page.getByRole("button", { name: "Change tags" }).click();
  const tags = page.getByRole("dialog", { name: /^Tags of / });
  const type = async (n, key, value) => {
    await tags.getByRole("button", { name: "Add tag" }).click();
    await tags.getByRole("textbox", { name: "Key " + n }).fill(key);
    await tags.getByRole("textbox", { name: "Value " + n }).fill(value);
  };
  await type(1, "team=1", "=a@b");
  await type(2, "aws:x", "");
  await tags.getByRole("button", { name: "Save" }).click();
  await tags.getByText("begins with aws:").waitFor();
  await t.axe(page, "tags", { name: "tags", part: "[role=dialog]" });
  await tags.getByRole("button", { name: "Remove aws:x" }).click();
  await tags.getByRole("button", { name: "Save" }).click();
  await page.getByRole("main").getByText("team=1").waitFor();
  await page.getByRole("button", { name: "Change tags" }).click();
  await tags.getByRole("textbox", { name: "Key 1" }).fill("aws:x");
  await tags.getByRole("button", { name: "Save" }).click();
  await tags.getByText("begins with aws:").waitFor();
  const arn = "arn:aws:macie2:" + R + ":" + account + ":";
  assert.deepEqual((await a.call(R, "GET", "/tags/" + encodeURIComponent(arn))).tags, { "team=1": "=a@b" });
  await tags.getByRole("button", { name: "Remove aws:x" }).click();
  await type(1, "stage", "");
  await tags.getByRole("button", { name: "Save" }).click();
  await page.getByRole("main").getByText("team=1").waitFor({ state: "detached" });
  assert.deepEqual((await a.call(R, "GET", "/tags/" + encodeURIComponent(arn))).tags, { stage: "" });
  // One allow list, tagged; which of more jobs than are asked at once use it.
  const list = (await a.call(R, "GET", "/allow-lists")).allowLists[0].id;
  await t.follow(page, account + "/" + R + "/allow-lists");
  await page.evaluate((list) => {
    const before = globalThis.fetch;
    const answer = (body) => Promise.resolve(new Response(JSON.stringify(body), { status: 200 }));
    globalThis.fetch = (at, o) => {
      const job = /\/call\/jobs\/(\w+)$/.exec(String(at))?.[1];
      if (job === "list") return answer({ items: Array.from({ length: 130 }, (_, i) => ({ jobId: "job" + i })) });
      return job ? answer({ jobId: job, name: "The " + job, allowListIds: /^job(7|120)$/.test(job) ? [list] : [] }) : before(at, o);
    };
  }, list);
  await page.getByRole("link", { name: "Our numbers" }).click();
  await page.getByText("100 of 130 jobs looked at").waitFor();
  await page.getByRole("link", { name: "The job7" }).waitFor();
  await page.getByRole("button", { name: "Look at 30 more" }).click();
  await page.getByRole("link", { name: "The job120" }).waitFor();
  await page.getByText("130 of 130 jobs looked at").waitFor();
  await page.getByRole("button", { name: "Change tags" }).click();
  await type(1, "owner", "x");
  await tags.getByRole("button", { name: "Save" }).click();
  await page.getByRole("main").getByText("owner=x").waitFor();
  await t.axe(page, "allow list", { name: "allow-list", part: "main" });
  await narrow(t, page, "allow-list");
  // Another session of the same account is ended, and then signed out.
  const second = await t.visitor({ userAgent: "Other browser" });
  await t.signIn(second.page, account, account + "/" + R + "/settings");
  await second.page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
  await page.getByRole("button", { name: "Account " + account }).click();
  await page.getByRole("menuitem", { name: "Sessions" }).click();
  const sessions = page.getByRole("dialog", { name: "Sessions" });
  const theirs = sessions.getByRole("row").filter({ hasText: "Other browser" });
  await theirs.waitFor();
  await t.axe(page, "sessions", { name: "sessions", part: "[role=dialog]" });
  await theirs.getByRole("button", { name: /^End the session of/ }).click();
  await theirs.waitFor({ state: "detached" });
  assert.equal(await sessions.getByRole("row").filter({ hasText: "(this one)" }).count(), 1);
  await sessions.getByRole("button", { name: "Close" }).last().click();
  await second.page.getByRole("link", { name: "Allow lists" }).click();
  await second.page.getByRole("dialog", { name: "The session has ended" }).waitFor();
  none([...faults, ...second.faults]);
}

/** Buckets, a job over them, what it finds, triage, suppression and rules; then every page of it in light and dark. */
export async function findings(t) {
  const account = "100000000071";
  const folder = t.folder();
  mkdirSync(join(folder, "exports"));
  mkdirSync(join(folder, 'odd"><img src=x onerror=window.hit=1>'));
  writeFileSync(join(folder, 'odd"><img src=x onerror=window.hit=1>', "film.mp4"), "nothing that can be read");
  writeFileSync(join(folder, "exports", "customers.csv"), "name,credit card number\nAnna Meyer,4539148803436467\nJan Klein,4556737586899855\n");
  writeFileSync(join(folder, "exports", 'x"><img src=x onerror=window.hit=1>' + odd + faces.repeat(40) + ".csv"), "name,credit card number\nAnna Meyer,4539148803436467\n");
  t.magpie("account", "create", account, "--email", "owner@example.com", "--name", "Storage");
  t.magpie("store", "add", account, "files", "--endpoint", "file://" + folder, "--region", R);
  const a = await t.client(account);
  await a.call(R, "POST", "/macie", {});
  const { page, faults } = await t.visitor();
  await t.signIn(page, account, account + "/" + R + "/findings");
  await page.getByRole("heading", { level: 1, name: "Findings" }).waitFor();
  await page.getByText("Jobs find sensitive data").waitFor();
  await t.axe(page, "findings, empty");
  await until("the bucket", async () => (await a.call(R, "POST", "/datasources/s3", {})).buckets.some((b) => b.bucketName === "exports" && b.classifiableObjectCount > 0));
  await t.follow(page, account + "/" + R + "/buckets");
  await page.getByRole("checkbox", { name: "Select exports" }).click();
  await t.axe(page, "buckets");
  await t.shot(page, "buckets");
  await page.getByText("Map", { exact: true }).click();
  const squares = page.getByRole("list", { name: "Buckets of account " + account });
  await squares.getByRole("link", { name: /^exports/ }).waitFor();
  assert.match(page.url(), /view=map/);
  assert.equal(await squares.getByRole("link").count(), 2);
  await t.axe(page, "map");
  await t.shot(page, "buckets-map");
  await page.getByRole("combobox", { name: "Find buckets" }).fill("exports");
  await page.keyboard.press("Enter");
  await until("one square", async () => (await squares.getByRole("link").count()) === 1);
  await t.follow(page, account + "/" + R + "/jobs/create");
  await page.getByText("By criteria", { exact: true }).click();
  await page.getByRole("group", { name: "Condition 1" }).getByRole("textbox", { name: "Values" }).fill("NOT_PUBLIC\nUNKNOWN");
  await page.getByRole("button", { name: "Add exception" }).click();
  await page.getByRole("group", { name: "Exception 1" }).getByRole("textbox", { name: "Values" }).fill("exports");
  await page.getByText("Estimate: 1 bucket now").waitFor();
  await page.getByRole("grid", { name: "Buckets that match now" }).getByText("odd").waitFor();
  await t.axe(page, "create job, by criteria");
  await t.shot(page, "create-job-criteria");
  await page.getByRole("button", { name: "Skip to Name" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("By criteria");
  await page.getByRole("button", { name: "Next", exact: true }).click();
  await page.getByText("Public is NOT_PUBLIC or UNKNOWN; not Bucket name is exports").waitFor();
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "By criteria" }).waitFor();
  const made = (await a.call(R, "POST", "/jobs/list", {})).items[0].jobId;
  assert.deepEqual((await a.call(R, "GET", "/jobs/" + made)).s3JobDefinition.bucketCriteria.excludes.and, [{ simpleCriterion: { comparator: "EQ", key: "S3_BUCKET_NAME", values: ["exports"] } }]);
  await t.follow(page, account + "/" + R + "/buckets");
  await page.getByRole("checkbox", { name: "Select exports" }).click();
  await page.getByRole("button", { name: "Create job" }).click();
  await page.getByRole("heading", { level: 1, name: "Create job" }).waitFor();
  await page.getByText("Estimate: 1 bucket").waitFor();
  await t.axe(page, "create job");
  await t.shot(page, "create-job");
  for (const step of ["Schedule and depth", "Managed data identifiers", "Custom data identifiers", "Allow lists", "Name"]) {
    await page.getByRole("button", { name: "Next", exact: true }).click();
    await page.getByRole("heading", { name: step, exact: false }).first().waitFor();
    if (step === "Schedule and depth" || step === "Managed data identifiers") await t.axe(page, step);
  }
  const name = "Nightly " + "long ".repeat(60) + odd + faces.repeat(80);
  await page.getByRole("textbox", { name: "Name" }).fill(name.trim());
  await page.getByRole("button", { name: "Next", exact: true }).click();
  await page.getByRole("heading", { name: "Review" }).first().waitFor();
  await t.axe(page, "review");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Nightly" }).waitFor();
  await until("the end of the job", async () => (await a.call(R, "POST", "/jobs/list", {})).items.every((j) => j.jobStatus === "COMPLETE"));
  await page.reload();
  await page.getByText("Complete", { exact: true }).first().waitFor();
  await page.getByRole("link", { name: "Data: Financial" }).first().waitFor();
  assert.equal(await page.getByText("Objects to process").count(), 0, "nothing is left to process");
  await t.axe(page, "job");
  await t.shot(page, "job");
  await page.getByRole("tab", { name: "Log" }).click();
  await page.getByRole("grid", { name: "Log" }).getByText("Job created").waitFor();
  await page.getByRole("link", { name: "Findings", exact: true }).click();
  await page.getByRole("link", { name: "Data: Financial" }).first().waitFor();
  await t.axe(page, "findings");
  await t.shot(page, "findings");
  // Keys go through the rows, choose, and lead to what is done with them; they are letters in a text field, and nothing when turned off.
  const row = () => page.evaluate(() => [...document.querySelectorAll("table[aria-label=Findings] tbody tr")].findIndex((r) => r.contains(document.activeElement)));
  const dialog = page.getByRole("dialog");
  await page.getByRole("grid", { name: "Findings" }).getByRole("link", { name: "Data: Financial" }).nth(1).waitFor();
  for (const [key, at] of [["j", 0], ["j", 1], ["k", 0], ["k", 0]]) {
    await page.keyboard.press(key);
    assert.equal(await row(), at, key);
  }
  for (const [key, title] of [["e", "Set the state of 1 finding"], ["s", "Suppress findings like this"]]) {
    await page.getByRole("grid", { name: "Findings" }).getByRole("link").first().focus();
    await page.keyboard.press(key);
    await dialog.getByRole("heading", { name: title }).waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  }
  const chosen = page.getByRole("grid", { name: "Findings" }).locator("tbody input:checked");
  for (const n of [1, 0]) {
    await page.getByRole("grid", { name: "Findings" }).getByRole("link").first().focus();
    await page.keyboard.press("x");
    await until(n + " chosen", async () => (await chosen.count()) === n);
  }
  await page.keyboard.press("/");
  await page.keyboard.type("jx?");
  assert.equal(await page.getByRole("combobox", { name: "Find findings" }).inputValue(), "jx?");
  assert.equal(await dialog.count(), 0);
  await page.getByRole("combobox", { name: "Find findings" }).fill("");
  await page.keyboard.press("Escape");
  const explained = page.getByRole("button", { name: "Keyboard shortcuts" });
  await explained.focus();
  await page.keyboard.press("?");
  await dialog.getByText("To the next row").waitFor();
  await t.axe(page, "keys");
  await t.shot(page, "keys");
  await dialog.getByText("Shortcuts work").click();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await dialog.waitFor({ state: "detached" });
  await explained.focus();
  await page.keyboard.press("j");
  assert.equal(await row(), -1, "turned off");
  await explained.click();
  await dialog.getByText("Shortcuts work").click();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await dialog.waitFor({ state: "detached" });
  const byBucket = page.getByText("By bucket");
  await byBucket.click();
  await page.getByRole("link", { name: "exports" }).click();
  await page.getByText("customers.csv").first().waitFor();
  await page.getByRole("row").filter({ hasText: "customers.csv" }).getByRole("link").first().click();
  await page.getByRole("table", { name: "What was found" }).waitFor();
  // To the other one of the list and back.
  const place = page.getByRole("main").getByRole("link", { name: /^[12] of 2$/ });
  const began = await place.textContent();
  const [there, back] = began === "1 of 2" ? ["Next finding", "Previous finding"] : ["Previous finding", "Next finding"];
  assert.ok(await page.getByRole("button", { name: back }).isDisabled());
  await page.getByRole("button", { name: there }).click();
  await page.getByRole("link", { name: began === "1 of 2" ? "2 of 2" : "1 of 2" }).waitFor();
  assert.match(await place.getAttribute("href"), /findings\?.*bucket=exports/);
  await page.getByRole("button", { name: back }).click();
  await page.getByRole("link", { name: began }).waitFor();
  assert.ok(!(await page.getByRole("main").textContent()).includes("4539148803436467"));
  await t.axe(page, "finding");
  await t.shot(page, "finding");
  await page.getByRole("button", { name: "Set state" }).click();
  await dialog.getByRole("button", { name: /^State/ }).click();
  await page.getByRole("option", { name: "False alarm" }).click();
  await dialog.getByRole("textbox", { name: "Reason" }).fill("Test numbers <b>" + odd + faces.repeat(80));
  await t.axe(page, "set state");
  await dialog.getByRole("button", { name: "Set state" }).click();
  await page.getByRole("tab", { name: "State" }).click();
  await page.getByRole("table", { name: "What was said" }).getByText("Test numbers <b>" + oddShown + faces.repeat(80)).waitFor();
  await t.follow(page, account + "/" + R + "/findings");
  await page.getByRole("checkbox", { name: "customers.csv" }).click();
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Suppress like this" }).click();
  await page.getByRole("dialog").getByText("2 current findings like this now").waitFor();
  await page.getByRole("dialog").getByRole("textbox", { name: "Name" }).fill("test data");
  await t.axe(page, "suppress");
  await page.getByRole("dialog").getByRole("button", { name: "Create rule" }).click();
  await page.getByText("The rule test data archives them").waitFor();
  // An archived finding says which rules match it now; which one did it, nobody has written down.
  const other = await a.call(R, "POST", "/findingsfilters", { name: "no match", action: "ARCHIVE", findingCriteria: { criterion: { "severity.description": { eq: ["Low"] }, type: { eq: ["Policy:IAMUser/S3BucketPublic"] } } } });
  await until("the rule has archived them", async () => (await a.call(R, "POST", "/findings", { findingCriteria: { criterion: { archived: { eq: ["true"] } } } })).findingIds.length === 2);
  await t.follow(page, account + "/" + R + "/findings?status=archived");
  await page.getByRole("row").filter({ hasText: "customers.csv" }).getByRole("link").first().click();
  await page.getByText("A rule has archived it").waitFor();
  await page.getByRole("main").getByRole("link", { name: "test data" }).waitFor();
  assert.equal(await page.getByRole("main").getByRole("link", { name: "no match" }).count(), 0);
  await t.axe(page, "an archived finding", { name: "archived-finding", part: "main" });
  await page.getByRole("main").getByRole("link", { name: "test data" }).click();
  await page.getByRole("grid", { name: "Rules" }).getByText("test data").waitFor();
  assert.equal(await page.getByRole("grid", { name: "Rules" }).getByText("no match").count(), 0);
  await a.call(R, "DELETE", "/findingsfilters/" + other.id);
  await t.follow(page, account + "/" + R + "/rules");
  await page.getByRole("button", { name: "Create rule" }).click();
  const rule = page.getByRole("dialog");
  await rule.getByRole("textbox", { name: "Name" }).fill("all of exports");
  await rule.getByRole("radio", { name: "Filter" }).check();
  await rule.getByRole("group", { name: "Condition 1" }).getByRole("combobox", { name: "What" }).fill("no.such.field");
  await rule.getByRole("group", { name: "Condition 1" }).getByRole("textbox", { name: "Values" }).fill("exports");
  await rule.getByRole("status").getByText("no.such.field").waitFor();
  await rule.getByRole("group", { name: "Condition 1" }).getByRole("combobox", { name: "What" }).fill("resourcesAffected.s3Bucket.name");
  await rule.getByRole("status").getByText(/^[0-9]+ current findings? like this now/).waitFor();
  await t.axe(page, "create rule");
  await t.shot(page, "create-rule");
  await rule.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByText("The rule all of exports is made.").waitFor();
  await page.getByRole("radio", { name: "Select all of exports" }).check();
  await page.getByRole("button", { name: "Move up" }).click();
  await until("the order", async () => (await a.call(R, "GET", "/findingsfilters")).findingsFilterListItems[0].name === "all of exports");
  await page.getByRole("button", { name: "Edit" }).click();
  await rule.getByRole("button", { name: "Add condition" }).click();
  await rule.getByRole("group", { name: "Condition 2" }).getByRole("combobox", { name: "What" }).fill("updatedAt");
  await rule.getByRole("group", { name: "Condition 2" }).getByRole("button", { name: /How/ }).click();
  await page.getByRole("option", { name: "is at least" }).click();
  await rule.getByRole("group", { name: "Condition 2" }).getByRole("textbox", { name: "Values" }).fill("2026-01-31T00:00:00Z");
  await rule.getByRole("button", { name: "Save" }).click();
  await page.getByText("The rule all of exports is changed.").waitFor();
  await page.getByRole("grid", { name: "Rules" }).getByText("Bucket is exports and Updated is at least").waitFor();
  // The rule is in the box of the list of findings, and what it asks is the server's.
  await t.follow(page, account + "/" + R + "/findings?status=all");
  await page.getByRole("button", { name: "Saved rules" }).click();
  await page.getByRole("option", { name: "all of exports" }).click();
  await page.getByText("Bucket = exports").waitFor();
  await page.getByRole("checkbox", { name: /^Select .*customers.csv/ }).click();
  await page.getByRole("heading", { name: /Data: Financial: exports.customers.csv/ }).waitFor();
  await t.axe(page, "finding below the list");
  await t.shot(page, "finding-panel");
  await page.getByRole("button", { name: "Close the details" }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Save all that match as JSON" }).click();
  assert.equal(JSON.parse(readFileSync(await (await download).path(), "utf8")).length, 2);
  await t.follow(page, account + "/" + R + "/rules");
  const kept = (await a.call(R, "GET", "/findingsfilters")).findingsFilterListItems[0].id;
  assert.deepEqual((await a.call(R, "GET", "/findingsfilters/" + kept)).findingCriteria.criterion, { "resourcesAffected.s3Bucket.name": { eq: ["exports"] }, updatedAt: { gte: Date.UTC(2026, 0, 31) } });
  await a.call(R, "PUT", "/automated-discovery/configuration", { status: "ENABLED" });
  // A bucket is left out of automated discovery, and looked into again.
  const scope = (await a.call(R, "GET", "/automated-discovery/configuration")).classificationScopeId;
  await t.follow(page, account + "/" + R + "/buckets");
  for (const [what, said, left] of [["Exclude from", "1 bucket is left out of automated discovery.", ["exports"]], ["Include in", "1 bucket is looked into by automated discovery again.", []]]) {
    await page.getByRole("checkbox", { name: "Select exports" }).click();
    await page.getByRole("button", { name: "Actions" }).click();
    await page.getByRole("menuitem", { name: what + " automated discovery" }).click();
    await page.getByText(said).waitFor();
    assert.deepEqual((await a.call(R, "GET", "/classification-scopes/" + scope)).s3.excludes.bucketNames, left);
  }
  // What stands in the way of knowing a bucket: a tab for each, with how many there are.
  await page.getByText("Coverage", { exact: true }).click();
  const covered = page.getByRole("grid", { name: "Buckets" }).getByRole("checkbox", { name: /^Select (exports|odd)/ });
  for (const [tab, n] of [["Unclassifiable (1)", 1], ["Access denied (0)", 0], ["All (2)", 2]]) {
    await page.getByText(tab, { exact: true }).click();
    await until(n + " buckets under " + tab, async () => (await covered.count()) === n);
  }
  await t.follow(page, account + "/" + R + "/automated-discovery");
  await page.getByRole("tab", { name: "What is looked for" }).click();
  await page.getByRole("button", { name: "Managed identifiers left out" }).click();
  await page.getByRole("option", { name: "AWS credentials" }).click();
  await page.keyboard.press("Escape");
  await t.axe(page, "what is looked for");
  await t.shot(page, "template");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Changed.").waitFor();
  const templates = await a.call(R, "GET", "/templates/sensitivity-inspections");
  const list = templates.sensitivityInspectionTemplates[0].id;
  assert.deepEqual((await a.call(R, "GET", "/templates/sensitivity-inspections/" + list)).excludes, { managedDataIdentifierIds: ["AWS_CREDENTIALS"] });
  for (const [path, what] of [["buckets?view=map", "exports"], ["rules", "test data"], ["buckets", "exports"], ["jobs", "Nightly"], ["buckets?view=coverage", "exports"], ["summary", "Buckets with most findings"], ["usage", "Show as a table"], ["automated-discovery", "Coverage"], ["buckets/exports", "Sensitivity"]]) {
    await t.follow(page, account + "/" + R + "/" + path);
    await page.getByRole("main").getByText(what).first().waitFor();
    const top = page.getByRole("main").getByRole("heading").filter({ hasNotText: "Notifications" }).first();
    assert.equal(await top.evaluate((h) => h.tagName), "H1", path + " begins with " + (await top.textContent()));
    await t.axe(page, path, { name: path.replace(/\W/g, "-") });
    await narrow(t, page, path);
  }
  assert.equal(await page.evaluate(() => window.hit), undefined);
  none(faults);
}

/** With 1,000 accounts, a page takes what it may of the processor and of memory. Processor time grows somewhat where others compute too. */
export async function speed(t) {
  const { page, faults } = await t.visitor();
  for (const s of await spending(page, t.url, "100000000099")) assert.ok(s.spent <= (s.unit === "MiB" ? 1 : 3) * s.budget, s.what + ": " + s.spent + " " + s.unit);
  none(faults);
}

/** What a page does by itself: rows that came wait, how often is a choice, a load that takes long can be ended, old rows stay. */
export async function live(t) {
  const admin = "100000000091";
  const a = await t.client(admin);
  await a.call(R, "POST", "/macie", {});
  const add = (id) => a.call(R, "POST", "/members", { account: { accountId: id, email: "team@example.com" } });
  await add("200000000001");
  await add("200000000003");
  const { page, faults } = await t.visitor();
  await page.clock.install();
  await t.signIn(page, admin, admin + "/" + R + "/accounts");
  const row = (id) => page.getByRole("checkbox", { name: "Select " + id });
  await row("200000000001").waitFor();
  await add("200000000002");
  await page.clock.fastForward(61_000);
  const show = page.getByRole("button", { name: "1 change, show" });
  await show.waitFor();
  assert.equal(await row("200000000002").count(), 0);
  await t.axe(page, "rows that wait");
  await t.shot(page, "rows-that-wait");
  await show.click();
  await row("200000000002").waitFor();
  assert.equal(await show.count(), 0);
  // A row that is chosen keeps the page as it is; so does switching it off.
  let asked = 0;
  page.on("request", (r) => (asked += r.url().includes("/members/search") ? 1 : 0));
  await row("200000000001").click();
  await page.clock.fastForward(61_000);
  await row("200000000001").click();
  await page.getByRole("button", { name: "Auto refresh" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Auto refresh off" }).click();
  await page.clock.fastForward(61_000);
  assert.equal(asked, 0, "asked by itself");
  await page.getByRole("button", { name: "Auto refresh" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Auto refresh every 15 seconds" }).click();
  await page.clock.fastForward(16_000);
  await until("the page asks by itself", async () => asked > 0);
  // What follows takes longer than that on a slow machine, and the page must not help itself meanwhile.
  await page.getByRole("button", { name: "Auto refresh" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Auto refresh off" }).click();
  // The server does not answer.
  await page.evaluate(() => {
    const before = globalThis.fetch;
    globalThis.restore = () => (globalThis.fetch = before);
    globalThis.fetch = (at, o) => (String(at).includes("members/search") ? new Promise((_, fail) => o.signal?.addEventListener("abort", () => fail(new DOMException("", "AbortError")))) : before(at, o));
  });
  await page.getByRole("button", { name: "Refresh accounts" }).click();
  await page.clock.fastForward(10_500);
  await page.getByText("Still loading").waitFor();
  await t.axe(page, "still loading");
  await page.getByRole("main").getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Not loaded").waitFor();
  await row("200000000003").waitFor();
  await t.axe(page, "old rows");
  await t.shot(page, "old-rows");
  assert.equal(await page.locator(".stale").count(), 1);
  await page.evaluate(() => globalThis.restore());
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("Not loaded").waitFor({ state: "detached" });
  // The server filters and sorts; what it is asked for is in the address.
  await page.getByRole("button", { name: "Account ID", exact: true }).first().click();
  await page.getByRole("button", { name: "Account ID", exact: true }).first().click();
  await until("the order", async () => (await page.getByRole("checkbox", { name: /^Select 2/ }).first().getAttribute("aria-label"))?.endsWith("3") ?? /sort=-account/.test(page.url()));
  assert.match(page.url(), /sort=-account/);
  none(faults);
}

/** Both Regions at once: invitations accepted together, and Summary and Accounts of all Regions. */
export async function everywhere(t) {
  const admin = "100000000093", member = "100000000094", other = "eu-west-1";
  const [a, m] = [await t.client(admin), await t.client(member)];
  for (const region of [R, other]) {
    await a.call(region, "POST", "/macie", {});
    await m.call(region, "POST", "/macie", {});
    await a.call(region, "POST", "/members", { account: { accountId: member, email: "team@example.com" } });
    await a.call(region, "POST", "/invitations", { accountIds: [member] });
  }
  for (const region of [R, other]) await until("the invitation", async () => (await m.call(region, "GET", "/invitations")).invitations.length);
  const { page, faults } = await t.visitor();
  await t.signIn(page, member, member + "/" + R + "/invitations");
  await page.getByRole("link", { name: "1 unanswered invitation in other Regions" }).click();
  const both = [page.getByRole("checkbox", { name: "Select " + admin + " in " + R }), page.getByRole("checkbox", { name: "Select " + admin + " in " + other })];
  for (const b of both) await b.click();
  await t.axe(page, "invitations of all Regions");
  await t.shot(page, "invitations-everywhere");
  await page.getByRole("button", { name: "Accept selected" }).click();
  await page.getByRole("dialog", { name: "Accept 2 invitations?" }).getByRole("button", { name: "Accept invitations" }).click();
  await page.getByText("Accepted: 2 invitations.").waitFor();
  for (const region of [R, other]) assert.equal((await a.call(region, "GET", "/members")).members[0].relationshipStatus, "Enabled", region);
  await t.follow(page, member + "/" + R + "/summary?regions=all");
  await page.getByRole("grid", { name: "Summary" }).getByRole("link", { name: other }).waitFor();
  await t.axe(page, "summary of all Regions");
  await t.shot(page, "summary-everywhere");
  const second = await t.visitor();
  await t.signIn(second.page, admin, admin + "/" + R + "/accounts?regions=all");
  const rows = second.page.getByRole("grid", { name: "Accounts" }).getByRole("row").filter({ hasText: member });
  await until("a row for each Region", async () => (await rows.count()) === 2);
  await until("what is known of both", async () => (await rows.getByText("Off", { exact: true }).count()) === 2);
  await t.axe(second.page, "accounts of all Regions");
  await t.shot(second.page, "accounts-everywhere");
  // Automated discovery is turned on for a member, and cannot be turned off for it while it is on for all.
  const discovery = (mode) => a.call(R, "PUT", "/automated-discovery/configuration", { status: "ENABLED", autoEnableOrganizationMembers: mode });
  const isOn = async () => (await a.call(R, "GET", "/automated-discovery/accounts?accountIds=" + member)).items[0].status;
  await discovery("NONE");
  await t.follow(second.page, admin + "/" + R + "/accounts");
  const turn = async (to, look = () => {}) => {
    await second.page.getByRole("checkbox", { name: "Select " + member }).click();
    await second.page.getByRole("button", { name: "Actions" }).click();
    await second.page.getByRole("menuitem", { name: "Turn automated discovery " + to }).click();
    const yes = second.page.getByRole("dialog").getByRole("button", { name: "Turn " + to });
    await yes.waitFor();
    await look();
    await yes.click();
  };
  const one = second.page.getByRole("grid", { name: "Accounts" }).getByRole("row").filter({ hasText: member });
  await one.getByText("Off", { exact: true }).waitFor();
  await turn("on", () => t.axe(second.page, "automated discovery", { part: "[role=dialog]" })); // the other has other words
  await one.getByText("On", { exact: true }).waitFor();
  assert.equal(await isOn(), "ENABLED");
  await discovery("ALL");
  await turn("off");
  const refused = second.page.getByRole("dialog", { name: "0 done, 1 not" });
  await refused.getByText("Cannot modify account states").waitFor();
  await discovery("NONE");
  await refused.getByRole("button", { name: "Try those again" }).click();
  await one.getByText("Off", { exact: true }).waitFor();
  assert.equal(await isOn(), "DISABLED");
  await one.getByRole("link", { name: member }).click();
  await second.page.getByRole("button", { name: "Turn automated discovery on" }).click();
  await second.page.getByRole("button", { name: "Turn automated discovery off" }).waitFor();
  assert.equal(await isOn(), "ENABLED");
  // An address that somebody has made up changes nothing but what it says.
  const odds = ["__proto__", "constructor"].map((propertyKey) => ({ propertyKey, operator: "=", value: "x" })).concat([{ propertyKey: {}, operator: "=", value: "x" }, { propertyKey: "status", operator: "constructor", value: "x" }, null]);
  const query = "?filter=" + encodeURIComponent(JSON.stringify({ operation: "and", tokens: odds })) + "&sort=%0A__proto__&status=constructor&view=__proto__&issue=constructor";
  for (const path of ["accounts", "findings", "findings/", "buckets", "jobs", "activity", "invitations"]) {
    await t.follow(second.page, admin + "/" + R + "/" + path + query);
    await second.page.locator("main h1:visible").first().waitFor();
    assert.equal(await second.page.getByText("The page failed").count(), 0, path);
    assert.deepEqual(await second.page.evaluate(() => Object.keys(Object.prototype)), [], path);
  }
  none([...faults, ...second.faults]);
}

// What stands on pages that is nobody's text: names of Regions, units, names of operations, and what Cloudscape brings itself, which it
// has in fifteen languages.
const noText = [/\b[a-z]{2}(-[a-z]+)+-\d\b/g, /UTC([+-]\d\d:\d\d)?/g, /\b(High|Medium|Low|Magpie|B|KiB|MiB|GiB|JSON|CSV|ARN)\b/g, /\b[A-Z][a-z]+([A-Z][A-Za-z]+)+\b/g, /arn:[\w:/.-]+/g, /\b(user|root)\b/g, /\d+ (second|minute)s? ago|\bnow\b/g, /\b\d{12}( \w+)?/g, /^(Search|Notifications|Show path|Info|Disabled)$/g, /,?\w+@[\w.]+/g];

/** Every page in a language of marks: a text without them does not come from the file of texts. */
export async function language(t) {
  const account = "100000000095";
  const a = await t.client(account);
  await a.call(R, "POST", "/macie", {});
  const { page, faults } = await t.visitor();
  await page.addInitScript(() => localStorage.setItem("magpie.text", "pseudo"));
  await page.goto(t.url + "/console/" + account + "/" + R + "/health");
  await page.getByLabel("Access key ID").waitFor();
  const plain = async (what) => {
    const found = await page.evaluate((patterns) => {
      const seen = [];
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) if (!walk.currentNode.parentElement.closest("script, style, noscript")) seen.push(walk.currentNode.data);
      for (const e of document.querySelectorAll("[aria-label], [placeholder], [title]")) seen.push(e.ariaLabel ?? "", e.getAttribute("placeholder") ?? "", e.title ?? "");
      seen.push(document.title);
      return [...new Set(seen)].filter((text) => {
        let rest = text;
        while (/\u27e6[^\u27e6\u27e7]*\u27e7/.test(rest)) rest = rest.replace(/\u27e6[^\u27e6\u27e7]*\u27e7/g, "");
        rest = rest.replace(/\u27e6[^\u27e7]*$/, "").replace(/^[^\u27e6]*\u27e7/, ""); // a text with elements in its places
        for (const p of patterns) rest = rest.replace(new RegExp(p, "g"), "");
        return /\p{L}{2}/u.test(rest);
      });
    }, noText.map((p) => p.source));
    assert.deepEqual(found, [], what);
  };
  await plain("sign in");
  await page.getByLabel("Access key ID").fill(account);
  await page.getByLabel("Secret access key").fill("dev");
  await page.keyboard.press("Enter");
  await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
  for (const path of ["health", "summary", "findings", "findings?group=bucket", "buckets", "buckets?view=coverage", "jobs", "jobs/create", "accounts", "accounts/add", "invitations", "custom-data-identifiers", "custom-data-identifiers/create", "allow-lists", "allow-lists/create", "rules", "automated-discovery", "settings", "usage"]) {
    await t.follow(page, account + "/" + R + "/" + path);
    await page.locator("main h1").first().waitFor();
    await page.waitForFunction(() => !document.querySelector("main [class*=awsui_status-loading], main [class*=awsui_root_][class*=spinner]"));
    await plain(path);
  }
  none(faults);
}

// Every page that there is. What the last ones are about is not there: they say so, or what stands against looking.
const id = "0123456789abcdef".repeat(2);
const everyPage = ["summary", "findings", "findings?group=bucket", "buckets", "buckets?view=map", "buckets?view=coverage", "jobs", "jobs/create", "accounts", "accounts/add", "invitations", "custom-data-identifiers", "custom-data-identifiers/create", "allow-lists", "allow-lists/create", "rules", "automated-discovery", "settings", "usage", "activity", "health", "findings/" + id, "buckets/nothing", "jobs/" + id, "accounts/200000000001", "invitations/" + id, "custom-data-identifiers/0b3a4d1c-7a5c-4a3e-9a0e-000000000000", "allow-lists/0123456789abcdef"];

// They ask nothing before they are sent.
const forms = ["accounts/add", "custom-data-identifiers/create", "allow-lists/create"];

/** Goes through every page in one state, and looks at each in light and dark; all but the silent ones say the text. */
async function visitAll(t, page, account, state, text, silent = [], go = t.follow, look = () => {}) {
  for (const path of everyPage) {
    await go(page, account + "/" + R + "/" + path);
    await page.locator("main h1:visible").first().waitFor();
    await page.waitForFunction(() => !document.querySelector("main [class*=awsui_status-loading], main [class*=awsui_root_][class*=spinner]"));
    if (text && !silent.includes(path)) await page.getByText(text).first().waitFor();
    await t.axe(page, path + ", " + state, { name: (state + " " + path.replace(id, "one")).replace(/\W+/g, "-"), part: path === everyPage[0] ? undefined : "main" });
    await look(path);
  }
}

/** Every page where Macie is not enabled, and where it is and nothing is there yet. */
export async function nothingThere(t) {
  const account = "100000000081";
  t.magpie("account", "create", account, "--email", "owner@example.com");
  const { page, faults } = await t.visitor();
  await t.signIn(page, account, account + "/" + R + "/accounts");
  await page.getByRole("button", { name: "Enable Macie" }).waitFor();
  await visitAll(t, page, account, "not enabled", "Macie is not enabled in " + R, ["health", "activity"]);
  await (await t.client(account)).call(R, "POST", "/macie", {});
  await visitAll(t, page, account, "empty");
  await t.follow(page, account + "/" + R + "/jobs/" + id);
  await page.getByText("That is not here, or not any more").waitFor();
  none(faults);
}

/** Every page for somebody who may do nothing, and where the server fails. */
export async function refusals(t) {
  const account = "100000000082";
  t.magpie("account", "create", account, "--email", "owner@example.com");
  const { page, faults } = await t.visitor({ colorScheme: "dark" });
  await t.signIn(page, account, account + "/" + R + "/accounts");
  await page.getByRole("button", { name: "Enable Macie" }).waitFor();
  await t.answering(page, { status: 403, headers: { "x-amzn-ErrorType": "AccessDeniedException" }, message: "User: arn:aws:iam::1:user/a is not authorized to perform: macie2:ListMembers on resource: *" });
  await visitAll(t, page, account, "not allowed", "You may not do macie2:ListMembers", forms);
  await t.answering(page, { status: 500, headers: { "x-amzn-ErrorType": "InternalServerException", "x-amzn-RequestId": "0f0f0f" }, message: "The request failed because of an internal error." });
  // Every page without anything remembered, but other views of one that was: what comes over the wire is within bounds, on each of them.
  const cold = (path) => !/[?]|0{6}|nothing|abcdef/.test(path);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
  let loaded = 0;
  devtools.on("Network.loadingFinished", (e) => (loaded += e.encodedDataLength));
  await visitAll(t, page, account, "the server fails", "Request 0f0f0f", forms, (at, path) => (cold(path) ? at.goto(t.url + "/console/" + path) : t.follow(at, path)), (path) => {
    assert.ok((loaded > 0 || !cold(path)) && loaded <= 650 * 1024, path + ": " + loaded + " bytes");
    loaded = 0;
  });
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy the request ID" }).first().click();
  await page.getByText("The request ID is copied.").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "0f0f0f");
  none(faults);
}
