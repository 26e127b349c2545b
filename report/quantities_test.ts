import assert from "node:assert/strict";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatFlops,
  formatNumber,
  formatShort,
  formatTime,
} from "./quantities.ts";

function check(format: (value: number) => string, wanted: Readonly<Record<string, string>>): void {
  for (const [value, text] of Object.entries(wanted)) assert.equal(format(Number(value)), text, value);
}

Deno.test("formatNumber() has three digits", () => {
  check(formatNumber, {
    "0": "0",
    "0.012345": "0.0123",
    "-0.5": "-0.5",
    "0.30000000000000004": "0.3",
    "1e-5": "1e-5",
    "0.0000123456": "1.23e-5",
    "12345.6": "12,346",
    "2.1e17": "2.1e17",
    "1e20": "1e20",
    "NaN": "NaN",
    "Infinity": "∞",
    "-Infinity": "−∞",
  });
});

Deno.test("formatCount() and formatShort() write thousands", () => {
  check(formatCount, { "0": "0", "1234567": "1,234,567", "1e20": "100,000,000,000,000,000,000" });
  check(formatShort, { "500": "500", "2500": "2.5k", "17400": "17.4k", "1e6": "1M", "3e9": "3G", "0.2": "0.2" });
});

Deno.test("operations and bytes have prefixes of their own", () => {
  check(formatFlops, { "0": "0 FLOP", "950000": "950,000 FLOP", "3.214e12": "3.21 TFLOP", "2e18": "2 EFLOP" });
  check(formatBytes, { "512": "512 B", "1536": "1.5 KiB", "2254857830": "2.1 GiB" });
});

Deno.test("formatDuration() says seconds, minutes or hours", () => {
  check(formatDuration, {
    "0": "0 s",
    "1.2345": "1.2 s",
    "59.4": "59 s",
    "59.6": "1 min 00 s",
    "303": "5 min 03 s",
    "3599.7": "1 h 00 min",
    "45600": "12 h 40 min",
  });
});

Deno.test("formatTime() is to the minute, in UTC", () => {
  assert.equal(formatTime("2026-02-03T14:05:59.123Z"), "2026-02-03 14:05 UTC");
});
