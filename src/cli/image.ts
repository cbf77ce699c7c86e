import { type CoxCommand, Refusal } from "#cli/command.ts";
import { layoutFor, withDataDir } from "#cli/datadir.ts";
import { terminal } from "#host/terminal.ts";

/** `cox image load FILE`: an OCI or docker archive into the node's runtime. */
export const image: CoxCommand = program => {
  const command = program.command("image").description("the node's images");
  withDataDir(command.command("load <archive>").description("load an OCI or docker archive into the node's runtime")).action(
    async (archive: string, flags: { dataDir?: string }) => {
      const layout = layoutFor(flags);
      const { readSettled } = await import("#cluster/prepare.ts");
      const settled = await readSettled(layout);
      if (!settled) throw new Refusal(`there is no cluster in ${layout.dataDir}: start one with "cox up"`);
      if (settled.simulated) throw new Refusal("the nodes are simulated: they take every image as there, and nothing is to be loaded");
      const [{ loadImage }, { containerdPaths }, { grpcClient }] = await Promise.all([
        import("#host/images.ts"),
        import("#host/containerdconfig.ts"),
        import("#host/grpc.ts"),
      ]);
      const client = grpcClient(containerdPaths(layout.dataDir).socket);
      try {
        for (const loaded of await loadImage(client, archive)) terminal.out(`loaded ${loaded.name}`);
      } catch (error) {
        throw new Refusal((error as Error).message);
      } finally {
        client.close();
      }
    },
  );
};
