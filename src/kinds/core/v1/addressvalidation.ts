import { parseIpSloppy } from "#base/cidr.ts";
import type { Path, Report } from "#base/fielderror.ts";

/** Addresses that can be no endpoint and no external address of a service: they mean something else on every machine. */
export function checkEndpointIp(report: Report, at: Path, text: string): void {
  const ip = parseIpSloppy(text);
  if (!ip) return report.invalid(at, text, "must be a valid IP address");
  const four = ip.family === 4;
  const v = ip.value;
  const is = (prefix4: [bigint, bigint], prefix6: [bigint, bigint]) => {
    const [value, shift] = four ? prefix4 : prefix6;
    return v >> shift === value;
  };
  if (v === 0n) report.invalid(at, text, `may not be unspecified (${text})`);
  if (is([127n, 24n], [1n, 0n])) report.invalid(at, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
  if (is([0xa9fen, 16n], [0x3fan, 118n])) report.invalid(at, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  if (is([0xe00000n, 8n], [0xff02n, 112n]))
    report.invalid(at, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
}
