/** Xet storage for the fake hub: a file is one block of pieces, which are listed, addressed and sent as the real one does. */

/** Bytes of a piece before its header is put in front. */
const pieceBytes = 1 << 16;
const headerBytes = 8;

/** Token that the storage gives out and asks for. */
const storageToken = "xet_fakeToken";

/** Hash of a file in the storage; any 64 digits. */
export function xetHash(hash: string): string {
  return [...hash.padEnd(64, "0")].reverse().join("");
}

/** The pieces of a file with their headers: version, length, no compression, length. */
function block(bytes: Uint8Array): { data: Uint8Array<ArrayBuffer>; starts: number[] } {
  const count = Math.ceil(bytes.byteLength / pieceBytes);
  const data = new Uint8Array(bytes.byteLength + count * headerBytes);
  const starts: number[] = [];
  for (let i = 0, at = 0; i < count; i++) {
    const piece = bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes);
    const length = [piece.byteLength & 255, piece.byteLength >> 8 & 255, piece.byteLength >> 16];
    starts.push(at);
    data.set([0, ...length, 0, ...length], at);
    data.set(piece, at + headerBytes);
    at += headerBytes + piece.byteLength;
  }
  return { data, starts: [...starts, data.byteLength] };
}

/** The hub's answer to who asks for a file in the storage's way. */
export function xetFileInfo(
  { hub, storage, id, commit }: { hub: string; storage: string; id: string; commit: string },
  { hash, size }: { hash: string; size: number },
): Response {
  const links = [
    `<${hub}/api/models/${id}/xet-read-token/${commit}>; rel="xet-auth"`,
    `<${storage}/v1/reconstructions/${xetHash(hash)}>; rel="xet-reconstruction-info"`,
  ];
  return new Response("{}", {
    headers: {
      "content-type": "application/vnd.xet-fileinfo+json",
      "x-linked-size": `${size}`,
      "x-linked-etag": `"${hash}"`,
      etag: `"${hash}"`,
      "x-xet-hash": xetHash(hash),
      link: links.join(", "),
    },
  });
}

/** The hub's answer to who asks for a token of the storage. */
export function xetToken(storage: string): Response {
  return Response.json({ accessToken: storageToken, casUrl: storage, exp: Math.floor(Date.now() / 1000) + 3600 });
}

/** The storage's answers; `undefined` for other requests. */
export function xetAnswer(
  request: Request,
  storage: string,
  fileOf: (hash: string) => Uint8Array | undefined,
): Response | undefined {
  const { pathname } = new URL(request.url);
  const [, action, hash] = /^\/(v2\/reconstructions|blocks)\/([0-9a-f]{64})$/.exec(pathname) ?? [];
  if (hash === undefined) return undefined;
  const bytes = fileOf(hash);
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "");
  if (!bytes || !range) return new Response(null, { status: 404 });
  const { data, starts } = block(bytes);
  const [from, to] = [Number(range[1]), Number(range[2])];
  if (action === "blocks") return new Response(data.slice(from, to + 1), { status: 206 });
  if (request.headers.get("authorization") !== `Bearer ${storageToken}`) return new Response(null, { status: 401 });
  const chunks = {
    start: Math.floor(from / pieceBytes),
    end: Math.min(starts.length - 1, Math.floor(to / pieceBytes) + 1),
  };
  const length = Math.min(bytes.byteLength, chunks.end * pieceBytes) - chunks.start * pieceBytes;
  return Response.json({
    offset_into_first_range: from - chunks.start * pieceBytes,
    terms: [{ hash, unpacked_length: length, range: chunks }],
    xorbs: {
      [hash]: [{
        url: `${storage}/blocks/${hash}`,
        ranges: [{ chunks, bytes: { start: starts[chunks.start], end: starts[chunks.end]! - 1 } }],
      }],
    },
  });
}
