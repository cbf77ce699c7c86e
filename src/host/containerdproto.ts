/** containerd's own services (https://github.com/containerd/containerd, api/): the calls and fields that images and events need. */

import { message, method, repeated } from "#base/message.ts";

/** The namespace in which containerd's CRI keeps everything. */
export const inNamespace = { "containerd-namespace": "k8s.io" } as const;

const empty = message({});
const Descriptor = message({ mediaType: [1, "string"], digest: [2, "string"], size: [3, "int64"] });
const Mount = message({ type: [1, "string"], source: [2, "string"], target: [3, "string"], options: [4, repeated("string")] });
const Image = message({ name: [1, "string"], labels: [2, "map"], target: [3, Descriptor] });
const imageOnly = message({ image: [1, Image] });

/** containerd.events.TaskStart, TaskExit and ContainerDelete begin alike. */
export const AnyEvent = message({ containerId: [1, "string"] });
/** `id` is that of the process: the container's own for its first one. */
export const TaskExit = message({ containerId: [1, "string"], id: [2, "string"] });
export const writeAction = { stat: 0, write: 1, commit: 2 } as const;

export const containerd = {
  version: method("/containerd.services.version.v1.Version/Version", empty, message({ version: [1, "string"], revision: [2, "string"] })),
  events: method(
    "/containerd.services.events.v1.Events/Subscribe",
    message({ filters: [1, repeated("string")] }),
    message({ namespace: [2, "string"], topic: [3, "string"], event: [4, message({ typeUrl: [1, "string"], value: [2, "bytes"] })] }),
  ),
  createLease: method(
    "/containerd.services.leases.v1.Leases/Create",
    message({ id: [1, "string"], labels: [3, "map"] }),
    message({ lease: [1, message({ id: [1, "string"] })] }),
  ),
  deleteLease: method("/containerd.services.leases.v1.Leases/Delete", message({ id: [1, "string"], sync: [2, "bool"] }), empty),
  writeContent: method(
    "/containerd.services.content.v1.Content/Write",
    message({
      action: [1, "int32"],
      ref: [2, "string"],
      total: [3, "int64"],
      expected: [4, "string"],
      offset: [5, "int64"],
      data: [6, "bytes"],
      labels: [7, "map"],
    }),
    message({ action: [1, "int32"], offset: [4, "int64"], digest: [6, "string"] }),
  ),
  createImage: method("/containerd.services.images.v1.Images/Create", imageOnly, imageOnly),
  updateImage: method("/containerd.services.images.v1.Images/Update", imageOnly, imageOnly),
  prepareSnapshot: method(
    "/containerd.services.snapshots.v1.Snapshots/Prepare",
    message({ snapshotter: [1, "string"], key: [2, "string"], parent: [3, "string"], labels: [4, "map"] }),
    message({ mounts: [1, repeated(Mount)] }),
  ),
  commitSnapshot: method(
    "/containerd.services.snapshots.v1.Snapshots/Commit",
    message({ snapshotter: [1, "string"], name: [2, "string"], key: [3, "string"], labels: [4, "map"] }),
    empty,
  ),
  statSnapshot: method(
    "/containerd.services.snapshots.v1.Snapshots/Stat",
    message({ snapshotter: [1, "string"], key: [2, "string"] }),
    empty,
  ),
  removeSnapshot: method(
    "/containerd.services.snapshots.v1.Snapshots/Remove",
    message({ snapshotter: [1, "string"], key: [2, "string"] }),
    empty,
  ),
  applyDiff: method(
    "/containerd.services.diff.v1.Diff/Apply",
    message({ diff: [1, Descriptor], mounts: [2, repeated(Mount)] }),
    message({ applied: [1, Descriptor] }),
  ),
} as const;
