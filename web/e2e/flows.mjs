// What people do in the console. Each has accounts of its own, so that none depends on another.
import assert from "node:assert/strict";

const R = "us-east-1";

/** Waits until something holds, without a clock of its own: the server's answers are what it waits for. */
async function until(what, fn) {
  const end = Date.now() + 60_000;
  for (;;) {
    const found = await fn();
    if (found) return found;
    if (Date.now() > end) throw new Error("waited in vain for " + what);
    await new Promise((done) => setTimeout(done, 50));
  }
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
  await page.getByRole("button", { name: "Account 100000000001" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in to Magpie" }).waitFor();
  await other.getByRole("heading", { name: "Sign in to Magpie" }).waitFor();
  none(faults);
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

/** By keyboard alone, in the dark: sign in, find the invitation in the table, decline it. */
export async function declineByKeyboard(t) {
  const admin = "100000000021", member = "100000000022";
  const [a, m] = [await t.client(admin), await t.client(member)];
  await a.call(R, "POST", "/macie", {});
  await m.call(R, "POST", "/macie", {});
  await a.call(R, "POST", "/members", { account: { accountId: member, email: "team@example.com" } });
  await a.call(R, "POST", "/invitations", { accountIds: [member] });
  await until("the invitation", async () => (await m.call(R, "GET", "/invitations")).invitations.length);
  const { page, faults } = await t.visitor({ colorScheme: "dark" });
  await page.goto(t.url + "/console/" + member + "/" + R + "/invitations");
  await page.getByRole("heading", { name: "Sign in to Magpie" }).waitFor();
  await page.keyboard.type(member); // the first field has the focus
  await page.keyboard.press("Tab");
  await page.keyboard.type("dev");
  await page.keyboard.press("Enter");
  const button = page.getByRole("button", { name: "Decline invitation from " + admin });
  await button.waitFor();
  await t.axe(page, "invitations, dark");
  await t.shot(page, "invitations-dark");
  // Tab goes through the page; the table is one stop, with arrow keys inside.
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "");
  await page.keyboard.press("Tab");
  let inTable = false;
  for (let i = 0; i < 60 && !inTable; i++) {
    inTable = await page.evaluate(() => !!document.activeElement?.closest("table"));
    if (!inTable) await page.keyboard.press("Tab");
  }
  assert.ok(inTable, "Tab reaches the table");
  await page.keyboard.press("ArrowDown");
  for (let i = 0; i < 12 && (await focused()) !== "Decline invitation from " + admin; i++) await page.keyboard.press("ArrowRight");
  assert.equal(await focused(), "Decline invitation from " + admin);
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Decline invitation from " + admin + "?" });
  await dialog.waitFor();
  for (let i = 0; i < 8 && (await focused()) !== "Decline invitation"; i++) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  await until("the answer", async () => (await a.call(R, "GET", "/members?onlyAssociated=false")).members.length === 0);
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
  await page.getByRole("button", { name: "Return" }).click();
  await page.getByRole("button", { name: "Account " + one }).waitFor();
  none(faults);
}
