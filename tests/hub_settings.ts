/** Settings for a client of a fake hub, impatient enough for tests. */
import { join } from "node:path";
import { HubClient } from "../hub/client.ts";
import type { HubSettings } from "../hub/settings.ts";
import { Token } from "../hub/token.ts";
import { type FakeHub, fakeToken } from "./fake_hub.ts";

/** A client that keeps its cache in `folder/hub`. */
export function clientOf(
  hub: FakeHub,
  folder: string,
  { token, ...settings }: Partial<Omit<HubSettings, "token">> & { token?: boolean } = {},
): HubClient {
  return new HubClient({
    endpoint: hub.url,
    token: token ? new Token(fakeToken, { source: "test" }) : undefined,
    cacheFolder: join(folder, "hub"),
    offline: false,
    answerSeconds: 5,
    stallSeconds: 1,
    xet: true,
    retries: 2,
    retrySeconds: 0.001,
    ...settings,
  });
}
