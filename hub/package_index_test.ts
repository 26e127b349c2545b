import assert from "node:assert/strict";
import { FakeHub } from "../tests/fake_hub.ts";
import { clientOf } from "../tests/hub_settings.ts";
import { findWheel } from "./package_index.ts";

Deno.test("an index whose answer never ends is refused", async () => {
  await using hub = new FakeHub();
  const client = clientOf(hub, "", { endpointVariable: "PIP_INDEX_URL" });
  const find = () => findWheel(client, "package", { version: "1", signal: AbortSignal.timeout(10_000) });
  hub.fail(/package/, { status: 200, endless: true });
  await assert.rejects(find, {
    name: "HubError",
    message: /^package: .* answers with more than 67108864 bytes where a list is expected: check PIP_INDEX_URL$/,
  });
  hub.fail(/package/, { status: 404, endless: true });
  await assert.rejects(find, { name: "HubError", message: /has no such package \(404\)$/ });
});
