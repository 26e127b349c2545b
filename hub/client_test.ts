import assert from "node:assert/strict";
import { HubError } from "../errors.ts";
import { FakeHub, fakeToken } from "../tests/fake_hub.ts";
import { clientOf } from "../tests/hub_settings.ts";
import type { HubClient } from "./client.ts";
import { listRepository } from "./listing.ts";

const id = "org/model";
const subject = { id, revision: "main", path: "config.json" };

const fails = (work: () => Promise<unknown>, message: RegExp) =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof HubError, String(error));
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, new RegExp(fakeToken));
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });

const get = async (client: HubClient, path = `${id}/resolve/main/config.json`) =>
  await (await client.request(client.url(path), { subject })).text();

async function withHub(test: (hub: FakeHub) => Promise<void>): Promise<void> {
  await using hub = new FakeHub();
  hub.add(id, { "config.json": "{}", "model.safetensors": "12345678" });
  await test(hub);
}

Deno.test("every refusal has its own words", () =>
  withHub(async (hub) => {
    hub.add("org/gated", { "config.json": "{}" }, { access: "gated" });
    hub.add("org/private", { "config.json": "{}" }, { access: "private" });
    const [nobody, somebody] = [clientOf(hub, ""), clientOf(hub, "", { token: true })];
    const file = (client: HubClient, id: string) =>
      client.request(client.url(`${id}/resolve/main/config.json`), { subject: { ...subject, id } });
    await fails(() => file(nobody, "org/gated"), /^org\/gated: is gated: ask for access at .*, then set HF_TOKEN/);
    await (await file(somebody, "org/gated")).text();
    await fails(
      () => listRepository(nobody, { id: "org/private", revision: "main" }),
      /no such model .* or it is private: then set/,
    );
    await fails(
      () => listRepository(somebody, { id: "org/none", revision: "main" }),
      /no such model .* this token's account may not/,
    );
    await fails(
      () => listRepository(nobody, { id, revision: "none" }),
      /^org\/model: has no branch, tag or commit "none"$/,
    );
    await fails(() => get(nobody, `${id}/resolve/main/none.json`), /^org\/model: has no file "config.json"/);
    hub.fail(/config/, { status: 401 });
    await fails(() => get(somebody), /does not accept the token: make a new one \(401\)$/);
    hub.fail(/config/, { status: 401 });
    await fails(() => get(nobody), /asks who you are: set HF_TOKEN/);
    hub.fail(/config/, { status: 403 });
    await fails(() => get(somebody), /the account of this token may not do this \(403\)$/);
    hub.fail(/config/, { status: 403, headers: { "x-error-code": "GatedRepo" } });
    await fails(() => get(somebody), /is gated: .*the account of this token does not have it yet$/);
    hub.fail(/config/, { status: 418 });
    await fails(() => get(nobody), /refuses \(418\): "no"$/);
  }));

Deno.test("what fails for the moment is tried again, and not forever", () =>
  withHub(async (hub) => {
    const client = clientOf(hub, "");
    hub.fail(/config/, { status: 503 }, { times: 2 });
    assert.equal(await get(client), "{}");
    hub.fail(/config/, { status: 503 }, { times: 3 });
    await fails(() => get(client), /is not well \(503\): try again later/);
    assert.equal(hub.requests.length, 6);
    hub.fail(/config/, { status: 429, headers: { "retry-after": "3600" } });
    await fails(() => get(client), /too many requests \(429\): try again in 3600 s, or set HF_TOKEN/);
    assert.equal(hub.requests.length, 7);
    hub.fail(/config/, { status: 429, headers: { "retry-after": "1" } });
    const start = performance.now();
    assert.equal(await get(client), "{}");
    assert.ok(performance.now() - start >= 990, "the server's wait is kept");
    hub.fail(/config/, { silent: true }, { times: 3 });
    await fails(() => get(clientOf(hub, "", { answerSeconds: 0.05 })), /no answer within 0.05 s/);
  }));

Deno.test("a hub that is not there is said to be that", async () => {
  await using hub = new FakeHub();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  const gone = clientOf(hub, "", { retries: 0, endpoint: `http://127.0.0.1:${listener.addr.port}` });
  await fails(() => get(gone), /^Cannot reach 127\.0\.0\.1:\d+: it refuses connections; check/);
  const nameless = clientOf(hub, "", { retries: 0, endpoint: "http://nothing.invalid", answerSeconds: 10 });
  await fails(() => get(nameless), /^Cannot reach nothing\.invalid: its name cannot be resolved/);
});

Deno.test("the token goes to the endpoint's host only, never along a redirection to another", () =>
  withHub(async (hub) => {
    const client = clientOf(hub, "", { token: true });
    assert.equal(await get(client, `${id}/resolve/main/model.safetensors`), "12345678");
    const [first, second] = hub.requests;
    assert.deepEqual([first!.host, first!.authorization], ["hub", `Bearer ${fakeToken}`]);
    assert.deepEqual([second!.host, second!.authorization], ["cdn", null]);
    // What a library says to the endpoint by itself does not go further either.
    await client.fetcher(subject)(client.url(`${id}/resolve/main/model.safetensors`), {
      headers: { Authorization: "Bearer other" },
    }).then((response) => response.text());
    assert.deepEqual(hub.requests.slice(2).map(({ authorization }) => authorization), ["Bearer other", null]);
    // Nor to a host that leads back.
    hub.fail(/cdn:/, { redirect: `${hub.url}/${id}/resolve/main/config.json` });
    assert.equal(await get(client, `${id}/resolve/main/model.safetensors`), "{}");
    assert.deepEqual(hub.requests.slice(4).map(({ host, authorization }) => [host, authorization]), [
      ["hub", `Bearer ${fakeToken}`],
      ["cdn", null],
      ["hub", null],
    ]);
    // Nor from a file that lies on another host to begin with.
    hub.fail(/cdn:/, { redirect: `${hub.url}/${id}/resolve/main/config.json` });
    await (await client.request(`${hub.cdn}/${id}/model.safetensors`, { subject })).text();
    assert.deepEqual(hub.requests.slice(7).map(({ authorization }) => authorization), [null, null]);
  }));

Deno.test("a refusal that never ends is read as far as it says something, and one that stalls not for longer than a download", () =>
  withHub(async (hub) => {
    const client = clientOf(hub, "", { stallSeconds: 0.1 });
    const ask = (maxBytes?: number) =>
      client.request(client.url(`${id}/resolve/main/config.json`), {
        subject,
        maxBytes,
        signal: AbortSignal.timeout(10_000),
        answers: [409],
      });
    for (const body of [{ endless: true }, { stall: 1 }]) {
      hub.fail(/config/, { status: 404, ...body });
      await fails(() => ask(), /has no file "config.json" at main/);
      hub.fail(/config/, { status: 409, ...body });
      assert.equal((await (await ask()).text()).length, "endless" in body ? 4096 : 0);
      hub.fail(/config/, { status: 503, ...body });
      assert.equal(await (await ask()).text(), "{}");
    }
    hub.fail(/config/, { redirect: `/${id}/resolve/main/config.json`, endless: true });
    assert.equal(await (await ask()).text(), "{}");
    hub.fail(/config/, { redirect: "ftp://x/", endless: true });
    await fails(() => ask(), /redirects to no web address/);
  }));

Deno.test("a list that never ends is refused, and one that breaks off is asked for again", () =>
  withHub(async (hub) => {
    const client = clientOf(hub, "", { stallSeconds: 0.1 });
    const list = () => listRepository(client, { id, revision: "main" }, { signal: AbortSignal.timeout(10_000) });
    for (const part of [/revision/, /tree/]) {
      hub.fail(part, { status: 200, endless: true });
      await fails(list, /^org\/model: 127\.0\.0\.1:\d+ answers with more than 67108864 bytes where a list is expected/);
      hub.fail(part, { status: 200, stall: 1 });
      assert.equal((await list()).files.size, 2);
    }
  }));

Deno.test("redirections that lead in circles end", () =>
  withHub(async (hub) => {
    hub.fail(/config/, { redirect: `/${id}/resolve/main/config.json` }, { times: 20 });
    await fails(() => get(clientOf(hub, "")), /leads in circles \(8 redirections\)/);
  }));

Deno.test("offline nothing is sent", () =>
  withHub(async (hub) => {
    await fails(
      () => get(clientOf(hub, "", { offline: true })),
      /HF_HUB_OFFLINE forbids to fetch it: run wuerstchen pull org\/model/,
    );
    assert.equal(hub.requests.length, 0);
  }));

Deno.test("a signal ends a request and the wait before the next", () =>
  withHub(async (hub) => {
    hub.fail(/config/, { status: 503 });
    const client = clientOf(hub, "", { retrySeconds: 60 });
    const signal = AbortSignal.timeout(50);
    await assert.rejects(() => client.request(client.url(`${id}/resolve/main/config.json`), { subject, signal }), {
      name: "TimeoutError",
    });
  }));
