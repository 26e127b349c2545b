import assert from "node:assert/strict";
import { escapeHtml } from "./escape_html.ts";

Deno.test("escapeHtml() leaves nothing that opens an element, an entity or ends an attribute", () => {
  assert.equal(
    escapeHtml(`</bdi><script>alert("x")</script> & 'y' &lt;`),
    "&lt;/bdi&gt;&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39; &amp;lt;",
  );
});

Deno.test("escapeHtml() keeps every script and line ends, and replaces what a page must not hold", () => {
  assert.equal(escapeHtml("ä 赤い 🦊 שלום\n\t"), "ä 赤い 🦊 שלום\n\t");
  assert.equal(escapeHtml("a\0b\u001bc\ud800d\u009f"), "a\ufffdb\ufffdc\ufffdd\ufffd");
});
