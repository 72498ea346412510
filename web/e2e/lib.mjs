// What the browser tests share: a server of their own, a browser, and calls that are signed by the console itself.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const browserPath = () => [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((p) => p && existsSync(p));

/** Starts `magpie serve --dev` on a free port with a fresh folder. */
export async function serve(program, ...more) {
  const folder = mkdtempSync(join(tmpdir(), "magpie-console-"));
  const child = spawn(program, ["serve", "--dev", "--listen", "127.0.0.1:0", "--data", folder, "--rate", "CreateClassificationJob=1000,TestCustomDataIdentifier=1000,CreateMember=1000", ...more], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  const url = await new Promise((done, fail) => {
    child.stderr.on("data", (b) => {
      log += b;
      const m = /msg=serving url=(\S+)/.exec(log);
      if (m) done(m[1]);
    });
    child.on("exit", (code) => fail(new Error("the server ended with " + code + ":\n" + log)));
  });
  return {
    url,
    folder,
    log: () => log,
    async stop() {
      const gone = new Promise((done) => child.once("exit", done));
      child.removeAllListeners("exit");
      child.once("exit", () => {});
      child.kill("SIGTERM");
      await Promise.race([gone, new Promise((done) => child.once("exit", done))]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Somebody who calls the API through the console's own door, without a browser. */
export class Client {
  constructor(url, account) {
    Object.assign(this, { url, account, cookie: "" });
  }
  async signIn() {
    const r = await fetch(this.url + "/console/api/session", { method: "POST", headers: { "X-Magpie-Console": "1", "Content-Type": "application/json" }, body: JSON.stringify({ accessKeyId: this.account, secretAccessKey: "dev" }) });
    if (!r.ok) throw new Error("sign in: " + r.status + " " + (await r.text()));
    this.cookie = r.headers.get("set-cookie").split(";")[0];
    return this;
  }
  async call(region, method, path, body) {
    const headers = { "X-Magpie-Console": "1", "X-Magpie-Region": region, Cookie: this.cookie };
    if (method !== "GET") headers["Content-Type"] = "application/json";
    const r = await fetch(this.url + "/console/api/call" + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await r.text();
    if (!r.ok) throw new Error(method + " " + path + ": " + r.status + " " + text);
    return text ? JSON.parse(text) : {};
  }
}

export const launch = () => chromium.launch({ executablePath: browserPath(), args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"] });

/** A fresh browser context whose page notes what it should not have: errors, refused requests, requests to other hosts. */
export async function visitor(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", timezoneId: "Europe/Berlin", reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(Number(process.env.PATIENCE ?? 60_000));
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (e) => faults.push("error: " + e.message));
  page.on("console", (m) => m.type() === "error" && !/Failed to load resource/.test(m.text()) && faults.push("console: " + m.text()));
  page.on("request", (r) => !r.url().startsWith(url) && !r.url().startsWith("blob:") && !r.url().startsWith("data:") && faults.push("request elsewhere: " + r.url()));
  return { context, page, faults };
}

/**
 * Has every call of the API answered so, on this page and after it is loaded anew; undefined ends it. It is done in the page: what the
 * browser lets a test answer goes through here with all its files, which takes longer than what is tested.
 */
export async function answering(page, answer) {
  const name = "test.answer";
  const install = (name) => {
    const fetch = (globalThis.unansweredFetch ??= globalThis.fetch);
    globalThis.fetch = (at, o) => {
      const answer = JSON.parse(sessionStorage.getItem(name) ?? "null");
      return answer && String(at).startsWith("/console/api/call/") ? Promise.resolve(new Response(JSON.stringify({ message: answer.message }), { status: answer.status, headers: answer.headers })) : fetch(at, o);
    };
  };
  if (answer) {
    await page.addInitScript(install, name);
    await page.evaluate(install, name);
  }
  await page.evaluate(([name, answer]) => sessionStorage.setItem(name, JSON.stringify(answer ?? null)), [name, answer]);
}

export async function signIn(page, url, account, path = "") {
  await page.goto(url + "/console/" + path);
  await page.getByLabel("Access key ID").fill(account);
  await page.getByLabel("Secret access key").fill("dev");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}
