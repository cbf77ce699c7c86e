import assert from "node:assert/strict";
import { test } from "node:test";
import { useBuffer } from "#host/bytes.ts";
import { bcryptHash, bcryptMatches } from "./bcrypt.ts";

const turn = async () => undefined;

// Its bytes share a pool, as in the product.
useBuffer();

test("the published vectors, and passwords that do not match", async () => {
  // From the vectors of jBCrypt and OpenBSD's.
  const known: [string, string][] = [
    ["a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"],
    ["abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"],
    ["U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"],
  ];
  for (const [password, hash] of known) {
    assert.equal(await bcryptMatches(password, hash, turn), true, hash);
    assert.equal(await bcryptMatches(`${password}x`, hash, turn), false);
  }
});
test("what is hashed matches, and the work gives way to others", async () => {
  let turns = 0;
  const salt = Uint8Array.from({ length: 16 }, (_, i) => i * 15);
  const hash = await bcryptHash("Grüße", salt, async () => void turns++, 6);
  assert.match(hash, /^\$2a\$06\$.{53}$/);
  assert.ok(turns >= 4);
  assert.equal(await bcryptMatches("Grüße", hash, turn), true);
  assert.equal(await bcryptMatches("Gruße", hash, turn), false);
  assert.equal(await bcryptMatches("x", "$2a$99$short", turn), false);
});
