/** Which form the client wants its answer in, and which form its body has (apiserver/pkg/endpoints/handlers/negotiation). */
import type { HttpRequest } from "#base/http.ts";
import { notAcceptable, unsupportedMediaType } from "#base/status.ts";

export type Media = "json" | "yaml" | "protobuf";
export interface Form {
  readonly media: Media;
  /** The answer stays a value: JSON that nobody writes or reads, for callers in this process. */
  readonly asValue: boolean;
  readonly as: "" | "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";
  /** Of `as`, in the group meta.k8s.io. */
  readonly version: "v1" | "v1beta1";
  readonly pretty: boolean;
}
export const JSON_TYPE = "application/json";
export const YAML_TYPE = "application/yaml";
export const PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf";
const MEDIA: Readonly<Record<string, Media>> = {
  [JSON_TYPE]: "json",
  "text/json": "json",
  [YAML_TYPE]: "yaml",
  "application/x-yaml": "yaml",
  "text/yaml": "yaml",
  [PROTOBUF_TYPE]: "protobuf",
};
export const CONTENT_TYPE: Readonly<Record<Media, string>> = { json: JSON_TYPE, yaml: YAML_TYPE, protobuf: PROTOBUF_TYPE };
export const ACCEPTED = [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE];
const STREAMS = [JSON_TYPE, `${PROTOBUF_TYPE};stream=watch`];

export interface Clause {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}
/** The clauses of an Accept header, in order of their weight, then of their place. */
export function clausesOf(accept: string): Clause[] {
  const out = accept.split(",").map((clause, at) => {
    const [type = "", ...rest] = clause.split(";").map(s => s.trim());
    const parameters: Record<string, string> = {};
    for (const p of rest) {
      const eq = p.indexOf("=");
      if (eq > 0) parameters[p.slice(0, eq).toLowerCase()] = p.slice(eq + 1).replace(/^"|"$/g, "");
    }
    return { type: type.toLowerCase(), parameters, weight: Number(parameters.q ?? 1) || 0, at };
  });
  return out.sort((a, b) => b.weight - a.weight || a.at - b.at);
}

export interface Offer {
  /** Whether objects of this endpoint can be shown as tables and as metadata only. */
  readonly transforms: boolean;
  readonly stream?: boolean;
}

function mediaOf(type: string, offer: Offer): Media | undefined {
  if (type === "*/*" || type === "application/*" || type === "") return "json";
  const media = MEDIA[type];
  return offer.stream && media === "yaml" ? undefined : media;
}
const TRANSFORMS = new Set(["Table", "PartialObjectMetadata", "PartialObjectMetadataList"]);

/** The form to answer in; throws NotAcceptable. */
export function formOf(request: HttpRequest, query: URLSearchParams, offer: Offer): Form {
  const accept = request.headers.accept;
  const asValue = request.takesValue === true;
  if (asValue && accept === JSON_TYPE) return VALUE;
  const pretty = prettyOf(request, query);
  const plain: Form = { media: "json", asValue, as: "", version: "v1", pretty };
  if (!accept || accept === "*/*" || accept === JSON_TYPE) return plain;
  for (const { type, parameters } of clausesOf(accept)) {
    const media = mediaOf(type, offer);
    if (!media) continue;
    if (!parameters.as) return { ...plain, media, asValue: asValue && media === "json" };
    const { as, v, g } = parameters;
    if (!offer.transforms || !TRANSFORMS.has(as) || g !== "meta.k8s.io" || (v !== "v1" && v !== "v1beta1")) continue;
    return { media, asValue: asValue && media === "json", as: as as Form["as"], version: v, pretty };
  }
  throw notAcceptable(offer.stream ? STREAMS : ACCEPTED);
}
/** What nobody writes is not written prettily either. */
const VALUE: Form = { media: "json", asValue: true, as: "", version: "v1", pretty: false };
function prettyOf(request: HttpRequest, query: URLSearchParams): boolean {
  const asked = query.get("pretty");
  if (asked !== null) return asked !== "false" && asked !== "0";
  return /^(curl|Wget|Mozilla\/5\.0)/.test(request.headers["user-agent"] ?? "");
}

/** The form of a body; no Content-Type means JSON. Throws UnsupportedMediaType. */
export function bodyMedia(request: HttpRequest): Media {
  const header = request.headers["content-type"];
  if (!header) return "json";
  const type = header.split(";")[0]!.trim().toLowerCase();
  const media = type === "*/*" ? "json" : MEDIA[type];
  if (!media) throw unsupportedMediaType(ACCEPTED);
  return media;
}
