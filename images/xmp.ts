/**
 * The XMP packet that carries our two values in JPEG and WebP (ISO 16684-1), read and written without an XML library.
 *
 * A reader finds `parameters` and `config` in a namespace of our own, as exiftool and Pillow's `getxmp()` show them.
 * @module
 */
import { CheckpointError } from "../errors.ts";

/** Namespace of our values. */
export const xmpNamespace = "urn:wuerstchen:metadata:1.0/";

/** The text values of a packet. */
export interface XmpValues {
  readonly parameters?: string;
  /** JSON. */
  readonly config?: string;
}

const propertyNames = ["parameters", "config"] as const;

/**
 * Writes a packet as XML.
 *
 * The values must not hold characters that XML has no way to write: controls but for tab, line feed and carriage return, lone
 * surrogates, U+FFFE and U+FFFF.
 *
 * @param extension Digest of an extended packet that holds the rest, for JPEG's `xmpNote:HasExtendedXMP`
 */
export function buildXmp(values: XmpValues, { extension }: { extension?: string } = {}): string {
  const note = extension === undefined
    ? ""
    : ` xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="${extension}"`;
  const properties = propertyNames.flatMap((name) =>
    values[name] === undefined ? [] : [`   <wuerstchen:${name}>${escapeXml(values[name])}</wuerstchen:${name}>`]
  );
  return [
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>',
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">',
    ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
    `  <rdf:Description rdf:about="" xmlns:wuerstchen="${xmpNamespace}"${note}>`,
    ...properties,
    "  </rdf:Description>",
    " </rdf:RDF>",
    "</x:xmpmeta>",
    '<?xpacket end="r"?>',
  ].join("\n");
}

/**
 * Reads our values out of a packet, whatever else it holds; other tools may have rewritten it with another prefix, or as attributes.
 *
 * @throws {CheckpointError} where a value is not closed or not plain text
 */
export function parseXmp(packet: string): XmpValues {
  const values: { -readonly [name in keyof XmpValues]: XmpValues[name] } = {};
  const prefix = namespacePrefix(packet);
  if (prefix === undefined) return values;
  for (const name of propertyNames) {
    const value = elementText(packet, `${prefix}:${name}`) ?? attributeText(packet, `${prefix}:${name}`);
    if (value !== undefined) values[name] = unescapeXml(value);
  }
  return values;
}

/** Digest of the extended packet that a JPEG's main packet names. */
export function extensionOf(packet: string): string | undefined {
  return /\bxmpNote:HasExtendedXMP\s*=\s*["']([0-9A-Fa-f]{32})["']/.exec(packet)?.[1] ??
    /<xmpNote:HasExtendedXMP>\s*([0-9A-Fa-f]{32})\s*</.exec(packet)?.[1];
}

/** The prefix that the packet binds to our namespace. */
function namespacePrefix(packet: string): string | undefined {
  for (let at = packet.indexOf(xmpNamespace); at >= 0; at = packet.indexOf(xmpNamespace, at + 1)) {
    const found = /\bxmlns:([A-Za-z_][\w.-]{0,63})\s{0,9}=\s{0,9}["']$/.exec(packet.slice(Math.max(0, at - 100), at));
    if (found !== null) return found[1];
  }
  return undefined;
}

function elementText(packet: string, name: string): string | undefined {
  const start = packet.indexOf(`<${name}>`);
  if (start < 0) return packet.includes(`<${name}/>`) ? "" : undefined;
  const from = start + name.length + 2;
  const end = packet.indexOf("<", from);
  if (end < 0 || !packet.startsWith(`</${name}>`, end)) {
    throw new CheckpointError(
      `Cannot read the XMP metadata: its element ${name} is not closed or holds more than text`,
    );
  }
  return packet.slice(from, end);
}

function attributeText(packet: string, name: string): string | undefined {
  for (const quote of ['"', "'"]) {
    const start = packet.indexOf(` ${name}=${quote}`);
    if (start < 0) continue;
    const from = start + name.length + 3;
    const end = packet.indexOf(quote, from);
    if (end < 0) throw new CheckpointError(`Cannot read the XMP metadata: its attribute ${name} is not closed`);
    return packet.slice(from, end);
  }
  return undefined;
}

const entityTexts: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function escapeXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    // An XML reader turns a bare carriage return into a line feed.
    .replaceAll("\r", "&#13;");
}

function unescapeXml(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9A-Fa-f]{1,6})|(\w{1,8}));|&/g, (match, decimal, hex, name) => {
    if (name !== undefined && Object.hasOwn(entityTexts, name)) return entityTexts[name]!;
    const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? parseInt(hex, 16) : NaN;
    if (code <= 0x10ffff) return String.fromCodePoint(code);
    throw new CheckpointError(`Cannot read the XMP metadata: unknown entity "${match}"`);
  });
}
