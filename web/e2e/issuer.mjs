// An OpenID Connect issuer for the browser tests: whoever comes is signed in as the person that is set, after pressing a button.
import { createHash, createSign, generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";

const b64 = (v) => Buffer.from(typeof v === "string" ? v : JSON.stringify(v)).toString("base64url");

export async function issuer(clientId) {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const codes = new Map();
  const self = { url: "", person: {}, redirect: "" };
  const server = createServer((request, response) => {
    const at = new URL(request.url, self.url);
    const json = (v, status = 200) => {
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(v));
    };
    if (at.pathname === "/.well-known/openid-configuration")
      json({ issuer: self.url, authorization_endpoint: self.url + "/authorize", token_endpoint: self.url + "/token", jwks_uri: self.url + "/keys", id_token_signing_alg_values_supported: ["RS256"] });
    else if (at.pathname === "/keys") json({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "1", alg: "RS256", use: "sig" }] });
    else if (at.pathname === "/authorize") {
      const q = at.searchParams;
      const code = randomUUID();
      codes.set(code, { nonce: q.get("nonce"), challenge: q.get("code_challenge") });
      const back = new URL(q.get("redirect_uri"));
      back.search = new URLSearchParams({ code, state: q.get("state") }).toString();
      response.writeHead(200, { "Content-Type": "text/html" });
      response.end('<h1>Identity provider</h1><a href="' + back.href.replaceAll("&", "&amp;") + '">Continue</a>');
    } else if (at.pathname === "/token") {
      let body = "";
      request.on("data", (b) => (body += b));
      request.on("end", () => {
        const form = new URLSearchParams(body);
        const grant = codes.get(form.get("code"));
        codes.delete(form.get("code"));
        if (!grant || createHash("sha256").update(form.get("code_verifier")).digest("base64url") !== grant.challenge) return json({ error: "invalid_grant" }, 400);
        const now = Math.floor(Date.now() / 1000);
        const text = b64({ alg: "RS256", kid: "1" }) + "." + b64({ iss: self.url, aud: clientId, iat: now, exp: now + 600, nonce: grant.nonce, ...self.person });
        json({ access_token: "x", token_type: "Bearer", id_token: text + "." + createSign("RSA-SHA256").update(text).sign(privateKey, "base64url") });
      });
    } else json({}, 404);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  self.url = "http://127.0.0.1:" + server.address().port;
  self.stop = () => new Promise((done) => { server.closeAllConnections(); server.close(done); });
  return self;
}
