import { text } from "#base/bytes.ts";
import { bytesOf } from "#base/http.ts";
import { type CoxCommand, jsonOutput, Refusal } from "#cli/command.ts";
import { layoutFor, withDataDir } from "#cli/datadir.ts";
import { terminal } from "#host/terminal.ts";

/** `cox why pod/web-1 -n hello`: the chain of reasons that brought an object to its state. */
export const why: CoxCommand = program => {
  withDataDir(program.command("why <object>").description("why an object is as it is: pod/NAME, deploy/NAME, node/NAME …"))
    .option("-n, --namespace <namespace>", "the object's namespace", "default")
    .addOption(jsonOutput("as the API tells it"))
    .action(async (object: string, flags: { dataDir?: string; namespace: string; output?: string }) => {
      const [type = "", name = "", ...rest] = object.split("/");
      if (!type || !name || rest.length) throw new Refusal(`"${object}" is not of the form TYPE/NAME`);
      const { adminClient } = await import("#cluster/admin.ts");
      const admin = await adminClient(layoutFor(flags));
      try {
        const query = new URLSearchParams({ type, name, namespace: flags.namespace, output: flags.output ?? "text" });
        const response = await admin.client.transport({ method: "GET", url: `/coxswain/why?${query}`, headers: {} });
        const body = text(await bytesOf(response));
        if (response.status !== 200) throw new Refusal((JSON.parse(body) as { message: string }).message);
        terminal.out(body.trimEnd());
      } finally {
        admin.close();
      }
    });
};
