/**
 * The program that holds a pod's namespaces open: it waits for signals, reaps orphans (a pod may share one process
 * namespace) and ends on SIGTERM or SIGINT. Some hundred bytes of machine code, written here so that no image
 * needs to be fetched and no compiler be there.
 *
 * In C, with all three signals blocked:
 *   for (;;) switch (sigtimedwait(&set, NULL, NULL)) {
 *     case SIGCHLD: while (waitpid(-1, NULL, WNOHANG) > 0); break;
 *     case SIGTERM: case SIGINT: exit(0);
 *   }
 */
export type Architecture = "amd64" | "arm64";

const SIGINT = 2;
const SIGTERM = 15;
const SIGCHLD = 17;
/** The kernel's signal set: bit n - 1 for signal n. */
const SIGNALS = (1 << (SIGINT - 1)) | (1 << (SIGTERM - 1)) | (1 << (SIGCHLD - 1));

/** The program as a static ELF file. */
export function pauseProgram(architecture: Architecture): Uint8Array {
  const code = architecture === "amd64" ? amd64() : arm64();
  return elf(architecture === "amd64" ? 62 : 183, code);
}

function elf(machine: number, code: Uint8Array): Uint8Array {
  const HEADER = 64;
  const PROGRAM_HEADER = 56;
  const start = HEADER + 2 * PROGRAM_HEADER;
  const file = Buffer.alloc(start + code.length);
  const address = 0x400000n;
  file.set([0x7f, 0x45, 0x4c, 0x46, 2 /* 64 bits */, 1 /* little endian */, 1], 0);
  file.writeUInt16LE(2 /* executable */, 16);
  file.writeUInt16LE(machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(address + BigInt(start), 24); // entry
  file.writeBigUInt64LE(BigInt(HEADER), 32); // program headers
  file.writeUInt16LE(HEADER, 52);
  file.writeUInt16LE(PROGRAM_HEADER, 54);
  file.writeUInt16LE(2, 56);
  file.writeUInt16LE(64, 58);
  // The whole file, loaded readable and executable; 64 KiB is the largest page that Linux has here.
  file.writeUInt32LE(1, HEADER);
  file.writeUInt32LE(5, HEADER + 4);
  file.writeBigUInt64LE(address, HEADER + 16);
  file.writeBigUInt64LE(address, HEADER + 24);
  file.writeBigUInt64LE(BigInt(file.length), HEADER + 32);
  file.writeBigUInt64LE(BigInt(file.length), HEADER + 40);
  file.writeBigUInt64LE(0x10000n, HEADER + 48);
  // PT_GNU_STACK: a stack that is not executable.
  file.writeUInt32LE(0x6474e551, HEADER + PROGRAM_HEADER);
  file.writeUInt32LE(6, HEADER + PROGRAM_HEADER + 4);
  file.set(code, start);
  return file;
}

function amd64(): Uint8Array {
  const out: number[] = [];
  const u32 = (value: number) => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff];
  const emit = (...bytes: number[]) => out.push(...bytes);
  const fixes: { at: number; to: string }[] = [];
  const labels: Record<string, number> = {};
  const label = (name: string) => {
    labels[name] = out.length;
  };
  const jump = (opcode: number, to: string) => {
    emit(opcode, 0);
    fixes.push({ at: out.length - 1, to });
  };
  const eax = (value: number) => emit(0xb8, ...u32(value));
  const edi0 = () => emit(0x31, 0xff);
  const esi0 = () => emit(0x31, 0xf6);
  const edx0 = () => emit(0x31, 0xd2);
  const r10 = (value: number) => emit(0x41, 0xba, ...u32(value));
  const syscall = () => emit(0x0f, 0x05);
  // push the set, and point at it
  emit(0x68, ...u32(SIGNALS)); // push imm32
  eax(14); // rt_sigprocmask(SIG_BLOCK, set, NULL, 8)
  edi0();
  emit(0x48, 0x89, 0xe6); // mov rsi, rsp
  edx0();
  r10(8);
  syscall();
  label("wait");
  eax(128); // rt_sigtimedwait(set, NULL, NULL, 8)
  emit(0x48, 0x89, 0xe7); // mov rdi, rsp
  esi0();
  edx0();
  r10(8);
  syscall();
  emit(0x83, 0xf8, SIGCHLD); // cmp eax
  jump(0x74, "reap"); // je
  emit(0x83, 0xf8, SIGTERM);
  jump(0x74, "exit");
  emit(0x83, 0xf8, SIGINT);
  jump(0x75, "wait"); // jne
  label("exit");
  eax(231); // exit_group(0)
  edi0();
  syscall();
  label("reap");
  eax(61); // wait4(-1, NULL, WNOHANG, NULL)
  emit(0x48, 0xc7, 0xc7, ...u32(-1)); // mov rdi, -1
  esi0();
  emit(0xba, ...u32(1)); // mov edx, 1
  r10(0);
  syscall();
  emit(0x85, 0xc0); // test eax, eax
  jump(0x7f, "reap"); // jg
  jump(0xeb, "wait"); // jmp
  for (const { at, to } of fixes) out[at] = (labels[to]! - (at + 1)) & 0xff;
  return Uint8Array.from(out);
}

function arm64(): Uint8Array {
  const out: number[] = [];
  const fixes: { at: number; to: string; bits: "imm19" | "imm26" }[] = [];
  const labels: Record<string, number> = {};
  const label = (name: string) => {
    labels[name] = out.length;
  };
  const mov = (register: number, value: number, shift = 0) => out.push((0xd2800000 | (shift << 21) | (value << 5) | register) >>> 0);
  const movk = (register: number, value: number, shift: number) => out.push((0xf2800000 | (shift << 21) | (value << 5) | register) >>> 0);
  const fromStack = (register: number) => out.push((0x91000000 | (31 << 5) | register) >>> 0); // add x, sp, #0
  const compare = (value: number) => out.push((0x7100001f | (value << 10)) >>> 0); // cmp w0, #value
  const when = (condition: number, to: string) => {
    fixes.push({ at: out.length, to, bits: "imm19" });
    out.push((0x54000000 | condition) >>> 0);
  };
  const call = (number: number) => {
    mov(8, number);
    out.push(0xd4000001); // svc #0
  };
  mov(9, SIGNALS & 0xffff);
  movk(9, SIGNALS >>> 16, 1);
  out.push(0xf81f0fe9); // str x9, [sp, #-16]!
  mov(0, 0);
  fromStack(1);
  mov(2, 0);
  mov(3, 8);
  call(135); // rt_sigprocmask
  label("wait");
  fromStack(0);
  mov(1, 0);
  mov(2, 0);
  mov(3, 8);
  call(137); // rt_sigtimedwait
  compare(SIGCHLD);
  when(0, "reap");
  compare(SIGTERM);
  when(0, "exit");
  compare(SIGINT);
  when(1, "wait");
  label("exit");
  mov(0, 0);
  call(94); // exit_group
  label("reap");
  out.push(0x92800000); // mov x0, #-1
  mov(1, 0);
  mov(2, 1);
  mov(3, 0);
  call(260); // wait4
  compare(0);
  when(12, "reap");
  fixes.push({ at: out.length, to: "wait", bits: "imm26" });
  out.push(0x14000000);
  for (const { at, to, bits } of fixes) {
    const distance = labels[to]! - at;
    out[at] = (bits === "imm19" ? out[at]! | ((distance & 0x7ffff) << 5) : out[at]! | (distance & 0x3ffffff)) >>> 0;
  }
  const bytes = Buffer.alloc(out.length * 4);
  out.forEach((word, i) => {
    bytes.writeUInt32LE(word, i * 4);
  });
  return bytes;
}
